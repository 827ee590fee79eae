# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that registrations come from at boot: binfmt.d(5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Protocol

from ansible_collections.arm64.docker.plugins.module_utils._binfmt import parse_line, serves

# What stands in an earlier folder replaces the file of the same name in a later one.
ADMINISTRATOR = "/etc/binfmt.d"
FOLDERS = (ADMINISTRATOR, "/run/binfmt.d", "/usr/local/lib/binfmt.d", "/usr/lib/binfmt.d")

MASK = "/dev/null"

_COMMENTS = ("#", ";")


class Files(Protocol):
    """The files of a machine, by their absolute paths."""

    def text(self, path: str) -> str | None:
        """Return the text of a file, None where there is none."""

    def link(self, path: str) -> str | None:
        """Return what a symbolic link says, None where there is none."""

    def names(self, path: str) -> list[str]:
        """Return the sorted names in a folder, none for a missing one."""


@dataclass(frozen=True)
class BinfmtFile:
    """A file of binfmt.d and the registrations in it; a masked one has none."""

    path: str
    masked: bool
    handlers: tuple

    @property
    def folder(self) -> str:
        return self.path.rsplit("/", 1)[0]

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[1]

    def registers(self, architecture: str) -> bool:
        """Tell whether it holds a registration for programs of an architecture (GOARCH)."""
        return any(serves(handler, architecture) for handler in self.handlers)


def read_files(files: Files) -> tuple[BinfmtFile, ...]:
    """Return the files in all folders, those first that count before others of their name."""
    paths = [
        f"{folder}/{name}"
        for folder in FOLDERS
        for name in files.names(folder)
        if name.endswith(".conf")
    ]
    return tuple(file for file in (read_file(files, path) for path in paths) if file is not None)


def effective(files: Iterable[BinfmtFile]) -> list[BinfmtFile]:
    """Return the files that count, sorted by their names, in which order systemd reads them."""
    found: dict[str, BinfmtFile] = {}
    for file in sorted(files, key=lambda file: FOLDERS.index(file.folder)):
        found.setdefault(file.name, file)
    return [found[name] for name in sorted(found)]


def read_file(files: Files, path: str) -> BinfmtFile | None:
    """Return a file, None where there is none; an empty one masks as a link to /dev/null does."""
    if files.link(path) == MASK:
        return BinfmtFile(path, True, ())
    text = files.text(path)
    if text is None:
        return None
    lines = [line.strip() for line in text.splitlines()]
    parsed = [parse_line(line) for line in lines if line and not line.startswith(_COMMENTS)]
    return BinfmtFile(path, not text, tuple(handler for handler in parsed if handler))
