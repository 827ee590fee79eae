# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine whose binfmt_misc is meant: its kernel, its files, and what runs on it."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from typing import Iterable, Iterator

from ansible_collections.arm64.docker.plugins.module_utils import _atomic, _execute
from ansible_collections.arm64.docker.plugins.module_utils._binfmt import Handler, parse_entry
from ansible_collections.arm64.docker.plugins.module_utils._binfmt_files import MASK
from ansible_collections.arm64.docker.plugins.module_utils._elf import HEADER_LIMIT
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._observe._system import (
    IA32_SYSCTL,
    PARAMETERS,
    runs_ia32,
)
from ansible_collections.arm64.docker.plugins.module_utils._process import Runner

BINFMT = "/proc/sys/fs/binfmt_misc"

# Documentation/admin-guide/binfmt-misc.rst: what an entry, or ``status``, takes.
ON, OFF, AWAY = "1", "0", "-1"

_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)

_NO_ENTRIES = ("register", "status")
_MOUNT_SECONDS = 20


class Machine:
    """One machine.

    :param root: the folder that holds its files, "/" for the machine that this runs on
    :param timeout: seconds that a program of the tested architecture may take
    """

    def __init__(self, runner: Runner, root: str = "/", timeout: float = 10.0) -> None:
        self._runner = runner
        self._root = root.rstrip("/")
        self._timeout = timeout

    def place(self, path: str) -> str:
        """Return where a path of the machine lies for this process."""
        return f"{self._root}{path}"

    def text(self, path: str) -> str | None:
        """Return the text of a file, None where there is none.

        :raises DockerHostError: where it cannot be read
        """
        data = _atomic.read(self.place(path))
        return None if data is None else data.decode("utf-8", "surrogateescape")

    def link(self, path: str) -> str | None:
        try:
            return os.readlink(self.place(path))
        except OSError:
            return None

    def names(self, path: str) -> list[str]:
        return _atomic.names(self.place(path))

    def exists(self, path: str) -> bool:
        return os.path.exists(self.place(path))

    def executable(self, path: str) -> bool:
        """Tell whether a file may be executed, by its permissions and its file system's."""
        return os.access(self.place(path), os.X_OK)

    def beginning(self, path: str) -> bytes | None:
        """Return the first bytes of a program, None where there is none.

        :raises DockerHostError: where it cannot be read
        """
        try:
            with open(self.place(path), "rb") as stream:
                return stream.read(HEADER_LIMIT)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DockerHostError(
                f"{path} cannot be read: {error.strerror}.", "Name the program itself."
            ) from error

    def keep(self, path: str) -> None:
        """Keep a copy of a file beside it, which systemd does not read."""
        _atomic.backup(self.place(path), time.time())

    def write(self, path: str, text: str) -> None:
        """Write a file; a symbolic link in its place is replaced, not followed."""
        if self.link(path) is not None:
            self.remove(path)
        _atomic.write(self.place(path), text.encode("utf-8", "surrogateescape"))

    def mask(self, path: str) -> None:
        """Put a link to /dev/null in the place of a file."""
        self.remove(path)
        with _explained(path):
            os.makedirs(os.path.dirname(self.place(path)), _atomic.FOLDER_MODE, exist_ok=True)
            os.symlink(MASK, self.place(path))

    def remove(self, path: str) -> None:
        """Remove a file or a link, not what the link leads to."""
        with _explained(path), contextlib.suppress(FileNotFoundError):
            os.unlink(self.place(path))

    def mounted(self) -> bool:
        """Tell whether binfmt_misc is there; looking at it wakes systemd's automount."""
        return os.path.exists(self.place(f"{BINFMT}/status"))

    def known(self) -> bool:
        """Tell whether the running kernel has binfmt_misc, mounted or not."""
        return "binfmt_misc" in (self.text("/proc/filesystems") or "")

    def runs_ia32(self) -> bool:
        """Tell whether an x86_64 kernel runs 32-bit programs itself."""
        return runs_ia32(self.exists(IA32_SYSCTL), self.text(PARAMETERS) or "")

    def active(self) -> bool:
        """Tell whether the kernel asks any handler at all."""
        return (self.text(f"{BINFMT}/status") or "").strip() == "enabled"

    def mount(self) -> None:
        """Mount binfmt_misc.

        :raises DockerHostError: where the kernel has none, or this is a container without the right
        """
        self._runner.run(("modprobe", "--quiet", "binfmt_misc"), _MOUNT_SECONDS)
        argv = ("mount", "-t", "binfmt_misc", "binfmt_misc", self.place(BINFMT))
        result = self._runner.run(argv, _MOUNT_SECONDS)
        if result.ok and self.mounted():
            return
        if not self.known():
            raise DockerHostError(
                "The running kernel has no binfmt_misc (CONFIG_BINFMT_MISC), which hands programs "
                "of another architecture to QEMU.",
                "Boot a kernel that has it, or build on a native node: buildx_builder adds one.",
            )
        # What follows the first line sends the reader to dmesg.
        said = (result.stderr.strip().splitlines() or ["no answer"])[0][-200:]
        raise DockerHostError(
            f"binfmt_misc cannot be mounted: {said.rstrip('.')}.",
            "A container needs --privileged for it; it is simpler on its host, whose handlers hold "
            "for all its containers. Elsewhere set become: true.",
        )

    def handlers(self) -> list[Handler]:
        """Return what the kernel holds, sorted by name."""
        found = []
        for name in self.names(BINFMT):
            text = None if name in _NO_ENTRIES else self.text(f"{BINFMT}/{name}")
            if text is not None:
                with contextlib.suppress(ValueError):
                    found.append(parse_entry(name, text))
        return found

    def since(self) -> dict[str, int]:
        """Return when each handler was registered, in nanoseconds since 1970, by its name."""
        return registered(self.place(BINFMT), self.names(BINFMT))

    def register(self, line: str) -> None:
        """Give the kernel a registration.

        :raises DockerHostError: where it refuses
        """
        self._tell("register", line)

    def set(self, name: str, value: str) -> None:
        """Turn a handler, or with the name ``status`` all of them, on or off, or remove it.

        :raises DockerHostError: where the kernel refuses
        """
        self._tell(name, value)

    def _tell(self, name: str, text: str) -> None:
        path = f"{BINFMT}/{name}"
        try:
            # One write is one registration: the kernel takes nothing in parts.
            with open(self.place(path), "wb", buffering=0) as stream:
                stream.write(text.encode("utf-8", "surrogateescape"))
        except OSError as error:
            raise DockerHostError(
                f"The kernel refuses '{text[:60]}' in {path}: {error.strerror}.",
                _remedy(error.errno),
            ) from error

    def failure(self, architecture: str) -> str | None:
        """Execute a program of an architecture; say why it did not run, None where it did."""
        return _execute.execute(self._runner, architecture, self._timeout)


def registered(folder: str, names: Iterable[str]) -> dict[str, int]:
    """Return when each of the kernel's entries was made, in nanoseconds since 1970, by its name.

    That is its time of access: reading an entry does not move it (fs/binfmt_misc.c), while the time
    of modification moves when an entry is turned off or on. One that is gone by now has 0.
    """
    found = {}
    for name in names:
        try:
            found[name] = os.stat(os.path.join(folder, name)).st_atime_ns
        except OSError:
            found[name] = 0
    return found


@contextlib.contextmanager
def _explained(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        remedy = "Look at what stands in the place of its folder."
        if error.errno in _REFUSED:
            remedy = "Set become: true for the task."
        raise DockerHostError(f"{path} cannot be changed: {error.strerror}.", remedy) from error


def _remedy(number: int | None) -> str:
    if number in _REFUSED:
        return "Set become: true; in a container without privileges use its host instead."
    if number == errno.EEXIST:
        return "Another program registered that name just now; run again."
    return "Look at the interpreter: it has to be a static program for this machine."
