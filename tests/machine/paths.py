# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things are kept, and locks between processes that share those places."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from .errors import MachineError

CHECKOUT = Path(__file__).resolve().parents[2]


def cache_dir() -> Path:
    """Return the folder shared between checkouts: images and the ssh key pair."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base.absolute() / "arm64-docker" / "machines"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def state_dir() -> Path:
    """Return the folder of this checkout's machines; ARM64_DOCKER_STATE overrides it."""
    folder = Path(os.environ.get("ARM64_DOCKER_STATE") or CHECKOUT / "build" / "machines")
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def layers_dir() -> Path:
    """Return the folder of saved layers. Its dot keeps it apart from machine names."""
    folder = state_dir() / ".layers"
    folder.mkdir(exist_ok=True)
    return folder


def check_name(name: str) -> str:
    """Return `name` if it can be the name of a machine or layer, else raise MachineError."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", name):
        raise MachineError(
            f"{name!r} is not a valid name: use 1 to 40 lower-case letters, digits and dashes"
        )
    return name


@contextlib.contextmanager
def locked(path: Path, on_wait: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold an exclusive lock on `path` (created if missing).

    Waits for another holder, and calls `on_wait` before it does.
    """
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
