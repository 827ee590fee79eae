# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel and initrd out of an image, as a board's firmware reads them from its disk."""

from __future__ import annotations

import os
import posixpath
import re
import subprocess
import tempfile
from pathlib import Path

from .errors import MachineError

KERNEL = "kernel"
INITRD = "initrd"


def extract(raw: Path, folder: Path) -> None:
    """Write the files `kernel` and `initrd` into `folder`, read from the ext4 image `raw`."""
    for link, name in (("vmlinuz", KERNEL), ("initrd.img", INITRD)):
        target = _debugfs(raw, f"stat /{link}").decode(errors="replace")
        found = re.search(r'Fast link dest: "(.+)"', target)
        if not found:
            raise MachineError(f"{raw} has no kernel to boot: /{link} is not a symbolic link")
        content = _debugfs(raw, f"cat {posixpath.join('/', found[1])}")
        if not content:
            raise MachineError(f"{raw} has no kernel to boot: {found[1]} is missing or empty")
        partial = folder / f".{name}"
        partial.write_bytes(content)
        partial.rename(folder / name)


def extract_from_overlay(disk: Path, folder: Path) -> None:
    """Write `kernel` and `initrd` as they are on the qcow2 `disk`, which no QEMU may be using."""
    handle, name = tempfile.mkstemp(prefix=".disk-", dir=folder)
    os.close(handle)
    raw = Path(name)
    try:
        # debugfs reads only raw images; the copy is sparse and costs seconds.
        subprocess.run(
            ["qemu-img", "convert", "-W", "-t", "unsafe", "-O", "raw", str(disk), str(raw)],
            check=True,
        )
        extract(raw, folder)
    finally:
        raw.unlink()


def _debugfs(raw: Path, request: str) -> bytes:
    done = subprocess.run(
        ["/sbin/debugfs", "-R", request, str(raw)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return done.stdout
