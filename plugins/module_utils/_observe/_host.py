# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host as the readers see it: a root folder, a few kernel facts, and programs under way."""

from __future__ import annotations

import os
import time
from functools import cached_property
from typing import Sequence

from ansible_collections.arm64.docker.plugins.module_utils._observe._dpkg import Dpkg, read_dpkg
from ansible_collections.arm64.docker.plugins.module_utils._process import (
    LONGEST_SECONDS,
    Result,
    Runner,
)

# No file that is read here is larger on a healthy host; a larger one is cut off, not trusted.
FILE_LIMIT = 32 * 1024 * 1024

# The kernel refuses to read a file of /proc/sys into a buffer of 4 MiB and more.
_CHUNK = 64 * 1024


class Host:
    """Access to one machine.

    :param root: the folder that holds its files, "/" for the machine that this runs on
    :param runner: starts programs
    :param timeout: seconds that the whole observation may take, a day at most
    :param machine: ``uname -m``; the default of this and the next is the running kernel's
    :param release: ``uname -r``
    :param page_size: bytes
    """

    def __init__(
        self,
        root: str,
        runner: Runner,
        timeout: float,
        machine: str | None = None,
        release: str | None = None,
        page_size: int | None = None,
    ) -> None:
        self.root = root
        self.runner = runner
        self._deadline = time.monotonic() + min(timeout, LONGEST_SECONDS)
        self._pending = {}
        self._results = {}
        uname = os.uname()
        self.machine = machine or uname.machine
        self.release = release or uname.release
        self.page_size = page_size or os.sysconf("SC_PAGESIZE")

    def path(self, path: str) -> str:
        """Return where a path of the host lies for this process."""
        return path if self.root == "/" else os.path.join(self.root, path.lstrip("/"))

    def read(self, path: str) -> bytes:
        """Return the content of a file.

        :raises OSError: where it cannot be read
        """
        with open(self.path(path), "rb") as stream:
            content = bytearray()
            while len(content) < FILE_LIMIT:
                chunk = stream.read(_CHUNK)
                if not chunk:
                    break
                content += chunk
        return bytes(content[:FILE_LIMIT])

    def text(self, path: str, default: str | None = None) -> str:
        """Return the text of a file; a missing one is ``default`` where that is given.

        :raises OSError: where it cannot be read
        """
        try:
            return self.read(path).decode("utf-8", "replace")
        except (FileNotFoundError, NotADirectoryError):
            if default is None:
                raise
            return default

    def exists(self, path: str) -> bool:
        return os.path.lexists(self.path(path))

    def is_folder(self, path: str) -> bool:
        return os.path.isdir(self.path(path))

    def link(self, path: str) -> str | None:
        """Return what a symbolic link says, or None where there is none."""
        try:
            return os.readlink(self.path(path))
        except OSError:
            return None

    def names(self, path: str) -> list[str]:
        """Return the sorted names in a folder; a missing one is empty."""
        try:
            return sorted(os.listdir(self.path(path)))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def command(self, pid: str) -> str:
        """Return the name of the program that a process runs, empty where there is none."""
        try:
            return self.text(f"/proc/{pid}/comm").strip()
        except OSError:
            return ""

    def start(self, key: str, argv: Sequence[str], share: float = 1.0) -> None:
        """Start a program whose result a reader wants later.

        :param share: how much of the time that is left it may take, from 0 to 1
        """
        self._pending[key] = self.runner.start(argv, self.left() * share)

    def run(self, argv: Sequence[str], timeout: float) -> Result:
        """Run a program for ``timeout`` seconds at most, and never beyond the observation's own."""
        return self.runner.run(argv, min(timeout, self.left()))

    def left(self) -> float:
        """Return the seconds that are left for the observation."""
        return max(0.0, self._deadline - time.monotonic())

    def result(self, key: str) -> Result | None:
        """Return what a started program said, or None where it was not started."""
        if key not in self._results:
            pending = self._pending.get(key)
            self._results[key] = pending.result() if pending else None
        return self._results[key]

    @property
    def has_systemd(self) -> bool:
        """Whether systemd is the running service manager (sd_booted(3))."""
        return self.is_folder("/run/systemd/system")

    @cached_property
    def dpkg(self) -> Dpkg:
        """What dpkg's status file says.

        :raises OSError: where it cannot be read
        """
        return read_dpkg(self.read("/var/lib/dpkg/status"))
