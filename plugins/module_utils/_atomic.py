# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are whole at every moment: written beside their place, synchronised, renamed."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
import time
from typing import Callable

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

# No configuration is larger; what is would fill the memory of a small board.
SIZE_LIMIT = 1024 * 1024

FOLDER_MODE = 0o755

_READERS = 0o044


def read(path: str) -> bytes | None:
    """Return the content of a file, None where there is none.

    :raises DockerHostError: where it is no regular file, larger than 1 MiB, or cannot be read
    """
    try:
        # Opening a pipe would wait for whoever writes to it.
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise DockerHostError(f"{path} is no regular file.", "Name a file, or remove it.")
        with open(path, "rb") as stream:
            data = stream.read(SIZE_LIMIT + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise DockerHostError(
            f"{path} cannot be read: {error.strerror}.", "Set become: true for the task."
        ) from error
    if len(data) > SIZE_LIMIT:
        raise DockerHostError(f"{path} is larger than 1 MiB.", "Look at what is in it.")
    return data


def names(path: str) -> list[str]:
    """Return the sorted names in a folder, none where there is no such folder.

    :raises DockerHostError: where it cannot be read
    """
    try:
        return sorted(os.listdir(path))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise DockerHostError(
            f"{path} cannot be read: {error.strerror}.", "Set become: true for the task."
        ) from error


def modified(path: str) -> float | None:
    """Return the time of a file's last change in seconds since 1970, None where there is none."""
    try:
        return os.stat(path).st_mtime_ns / 1e9
    except OSError:
        return None


def permissions(path: str) -> int | None:
    """Return the permissions of a file, None where there is none."""
    try:
        return stat.S_IMODE(os.stat(path).st_mode)
    except OSError:
        return None


def read_only(path: str, ask: Callable[[str], os.statvfs_result] = os.statvfs) -> bool:
    """Tell whether a file lies on a file system that is mounted for reading only."""
    try:
        return bool(ask(os.path.dirname(os.path.realpath(path))).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def write(
    path: str,
    data: bytes,
    mode: int = 0o644,
    owner: tuple[int, int] | None = None,
    keep: bool = True,
) -> None:
    """Write a file so that a reader finds the old content or the new one, also after a power cut.

    A symbolic link stays, and what it points at is written. Folders that are missing are made.

    :param mode: permissions of a new file
    :param owner: user and group id of a new file, None is the caller's; a present one keeps them
    :param keep: whether a file that is there keeps its permissions too
    :raises DockerHostError: where it cannot be written; nothing is left behind then
    """
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    try:
        _make(folder)
        with contextlib.suppress(FileNotFoundError):
            there = os.stat(target)
            mode = stat.S_IMODE(there.st_mode) if keep else mode
            owner = there.st_uid, there.st_gid
        handle, temporary = tempfile.mkstemp(prefix=f".{os.path.basename(target)}.", dir=folder)
        try:
            with os.fdopen(handle, "wb") as stream:
                if owner and owner != (os.geteuid(), os.getegid()):
                    os.fchown(stream.fileno(), *owner)
                allow(stream.fileno(), mode)
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            os.rename(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise
        _synchronise(folder)
    except OSError as error:
        raise DockerHostError(
            f"{path} cannot be written: {error.strerror}.",
            "Make room on its file system, or mend what is named; as root it is writable.",
        ) from error


def allow(handle: int, mode: int, change: Callable[[int, int], None] = os.fchmod) -> None:
    """Set the permissions of an open file, as far as its file system holds any.

    vfat gives all files the same, and some drivers refuse to pretend otherwise.

    :raises PermissionError: where they are refused and others could read what they must not
    """
    try:
        change(handle, mode)
    except PermissionError:
        if stat.S_IMODE(os.fstat(handle).st_mode) & ~mode & _READERS:
            raise


def remove(path: str) -> None:
    """Remove a file for good, if it is there.

    :raises DockerHostError: where it cannot be removed
    """
    target = os.path.realpath(path)
    try:
        os.unlink(target)
        _synchronise(os.path.dirname(target))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise DockerHostError(
            f"{path} cannot be removed: {error.strerror}.", "Remove it by hand."
        ) from error


def move(path: str, place: str) -> None:
    """Move a file over another of the same file system, for good, without writing its content.

    A symbolic link in the other's place stays, and what it points at is replaced.

    :raises DockerHostError: where that fails; both are as they were then
    """
    target = os.path.realpath(place)
    try:
        os.rename(path, target)
        _synchronise(os.path.dirname(target))
    except OSError as error:
        raise DockerHostError(
            f"{path} cannot be moved to {place}: {error.strerror}.", f"Move it to {place} by hand."
        ) from error


def backup(path: str, now: float, moment: str = "%Y-%m-%d@%H:%M:%S") -> str:
    """Keep a copy of a file beside it, with the same owner and permissions.

    :param now: seconds since 1970
    :param moment: how the name of the copy tells the time; by default as that of Ansible's own
    :returns: the path of the copy
    :raises DockerHostError: where it cannot be written
    """
    moment = time.strftime(moment, time.localtime(now))
    copy = f"{path}.{os.getpid()}.{moment}~"
    there = os.stat(path)
    mode, owner = stat.S_IMODE(there.st_mode), (there.st_uid, there.st_gid)
    write(copy, read(path) or b"", mode, owner)
    return copy


def _make(folder: str) -> None:
    """Make a folder and those above it, open to readers whatever the umask says."""
    missing = []
    while not os.path.isdir(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    for path in reversed(missing):
        os.mkdir(path)
        os.chmod(path, FOLDER_MODE)
        _synchronise(os.path.dirname(path))


def _synchronise(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
