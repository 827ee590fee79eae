# SPDX-License-Identifier: GPL-3.0-or-later
"""Boards by their device tree: what /proc/device-tree says is what software believes."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from .errors import MachineError
from .qemu import hardware
from .settings import Files, Settings


@dataclass(frozen=True)
class Board:
    """The root node's `model` and `compatible`, as the boards' own device trees give them."""

    model: str
    compatible: tuple[str, ...]


BOARDS = {
    "raspberry-pi-4": Board(
        "Raspberry Pi 4 Model B Rev 1.4", ("raspberrypi,4-model-b", "brcm,bcm2711")
    ),
    "raspberry-pi-5": Board(
        "Raspberry Pi 5 Model B Rev 1.0", ("raspberrypi,5-model-b", "brcm,bcm2712")
    ),
    "jetson-orin-nano": Board(
        "NVIDIA Jetson Orin Nano Developer Kit",
        ("nvidia,p3768-0000+p3767-0005", "nvidia,p3767-0005", "nvidia,tegra234"),
    ),
    "rockpro64": Board(
        "Pine64 RockPro64 v2.1",
        ("pine64,rockpro64-v2.1", "pine64,rockpro64", "rockchip,rk3399"),
    ),
}


def make(settings: Settings, files: Files) -> None:
    """Write QEMU's own device tree for these settings, with the board's names, to the folder."""
    assert settings.board is not None
    board = BOARDS[settings.board]
    program, *options = hardware(settings)
    # The tree describes processors and memory, so it is taken from the same options as the run.
    options[-1] += f",dumpdtb={str(files.device_tree).replace(',', ',,')}"
    tree = str(files.device_tree)
    for argv in (
        [program, *options, "-display", "none"],
        ["fdtput", "-t", "s", tree, "/", "model", board.model],
        ["fdtput", "-t", "s", tree, "/", "compatible", *board.compatible],
    ):
        done = subprocess.run(argv, check=False, capture_output=True, text=True)
        if done.returncode:
            raise MachineError(f"No device tree for {settings.board}: {argv[0]}: {done.stderr}")
