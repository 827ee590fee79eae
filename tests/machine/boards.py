# SPDX-License-Identifier: GPL-3.0-or-later
"""The boards that a machine can be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import firmware
from .errors import MachineError

STOCK = Path(__file__).with_name("stock")


@dataclass(frozen=True)
class Board:
    """What a board says it is, what its stock image holds, and how its firmware starts it.

    `model` and `compatible` are the root node's, as the boards' own device trees give them. `stock`
    is a folder of STOCK whose files lie on the disk by the same paths. `start` is the firmware.
    """

    model: str
    compatible: tuple[str, ...]
    stock: str
    start: Callable[[firmware.Read], firmware.Start]

    def files(self) -> dict[str, Path]:
        """Return the files of the stock image by their paths on the disk."""
        root = STOCK / self.stock
        return {f"/{path.relative_to(root)}": path for path in root.rglob("*") if path.is_file()}


BOARDS = {
    "raspberry-pi-4": Board(
        "Raspberry Pi 4 Model B Rev 1.4",
        ("raspberrypi,4-model-b", "brcm,bcm2711"),
        "raspberry-pi",
        firmware.RaspberryPi("pi4", "kernel8.img"),
    ),
    "raspberry-pi-5": Board(
        "Raspberry Pi 5 Model B Rev 1.0",
        ("raspberrypi,5-model-b", "brcm,bcm2712"),
        "raspberry-pi",
        firmware.RaspberryPi("pi5", "kernel_2712.img"),
    ),
    "jetson-orin-nano": Board(
        "NVIDIA Jetson Orin Nano Developer Kit",
        ("nvidia,p3768-0000+p3767-0005", "nvidia,p3767-0005", "nvidia,tegra234"),
        "jetson",
        firmware.extlinux,
    ),
    "rockpro64": Board(
        "Pine64 RockPro64 v2.1",
        ("pine64,rockpro64-v2.1", "pine64,rockpro64", "rockchip,rk3399"),
        "armbian",
        firmware.armbian,
    ),
}


def find(name: str) -> Board:
    """Return a board by its name; raises MachineError if there is none."""
    if name not in BOARDS:
        raise MachineError(f"no board {name!r}; boards: {', '.join(sorted(BOARDS))}")
    return BOARDS[name]
