# SPDX-License-Identifier: GPL-3.0-or-later
"""Boards by their device tree: what /proc/device-tree says is what software believes."""

from __future__ import annotations

import subprocess

from . import boards
from .errors import MachineError
from .qemu import hardware
from .settings import Files, Settings


def make(settings: Settings, files: Files) -> None:
    """Write QEMU's own device tree for these settings, with the board's names, to the folder."""
    assert settings.board is not None
    board = boards.find(settings.board)
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
