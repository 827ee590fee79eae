# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk of a board: what a stock image holds, and what the firmware reads from it."""

from __future__ import annotations

import functools
import subprocess
from pathlib import Path

from . import boards, boot, layers
from .errors import MachineError
from .image import Base
from .settings import Files


def make(base: Base, board: str, files: Files) -> None:
    """Create the machine's disk from `base`, with the stock files of `board` that `base` lacks.

    Files that a saved layer holds already are kept as they are. A disk that gets files is a whole
    copy of its base: that takes a second and the room of what is in it, where an overlay of the
    difference takes many seconds to work out. Leaves what the firmware reads.
    """
    with boot.raw_copy(base.disk, files.folder) as raw:
        stock = boards.find(board).files()
        lacking = {path: file for path, file in stock.items() if boot.read(raw, path) is None}
        boot.write(raw, lacking)
        start(raw, board, files)
        if lacking:
            _make_copy(raw, files.disk)
        else:
            layers.make_overlay(base, files.disk)


def start(raw: Path, board: str, files: Files) -> None:
    """Read the ext4 image `raw` as the firmware of `board` would, and leave what it found.

    That is the kernel too, where the file that the firmware would load is one. Raises MachineError
    when the board would not boot from it.
    """
    try:
        found = boards.find(board).start(functools.partial(boot.read, raw))
        boot.extract_chosen(raw, files.folder, found.kernel, found.initrd)
        files.save_start(found)
    except MachineError as error:
        raise MachineError(f"{board} does not start: {error}") from None


def _make_copy(raw: Path, disk: Path) -> None:
    partial = disk.with_name(f".{disk.name}")
    argv = ["qemu-img", "convert", "-W", "-t", "unsafe", "-f", "raw", "-O", "qcow2"]
    done = subprocess.run(
        [*argv, str(raw), str(partial)], check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise MachineError(f"cannot make {disk}: {done.stderr}")
    partial.rename(disk)
