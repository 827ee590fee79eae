# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that registrations come from at boot: binfmt.d(5) and update-binfmts(8)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Iterable, Protocol

from ansible_collections.arm64.docker.plugins.module_utils._binfmt import (
    parse_line,
    serves,
)

# What stands in an earlier folder replaces the file of the same name in a later one.
ADMINISTRATOR = "/etc/binfmt.d"
FOLDERS = (ADMINISTRATOR, "/run/binfmt.d", "/usr/local/lib/binfmt.d", "/usr/lib/binfmt.d")

MASK = "/dev/null"

# The database of binfmt-support, a file for each format. Its service reads it after systemd has
# read the folders above, and leaves alone what is registered by then.
SUPPORT = "/var/lib/binfmts"
_SUPPORT_PROGRAM = "/usr/sbin/update-binfmts"
_SUPPORT_UNIT = "binfmt-support.service"

# What reads the folders above at boot. It is never disabled; where it shall not run it is masked.
SYSTEMD_UNIT = "systemd-binfmt.service"
_UNITS = "/etc/systemd/system"

# What stands in the place of a package's name in what an administrator registered.
_NO_PACKAGE = ":"
_RECORD_LINES = 10

_COMMENTS = ("#", ";")


class Files(Protocol):
    """The files of a machine, by their absolute paths."""

    def text(self, path: str) -> str | None:
        """Return the text of a file, None where there is none."""

    def link(self, path: str) -> str | None:
        """Return what a symbolic link says, None where there is none."""

    def names(self, path: str) -> list[str]:
        """Return the sorted names in a folder, none for a missing one."""

    def exists(self, path: str) -> bool:
        """Tell whether there is a file."""


@dataclass(frozen=True)
class BinfmtFile:
    """A file of binfmt.d and the registrations in it; a masked one has none.

    A record of binfmt-support has one; ``local`` tells that no package brought it.
    """

    path: str
    masked: bool
    handlers: tuple
    local: bool = False

    @property
    def folder(self) -> str:
        return self.path.rsplit("/", 1)[0]

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[1]

    @property
    def is_record(self) -> bool:
        """Whether it belongs to the database of binfmt-support."""
        return self.folder == SUPPORT

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
    found = [read_file(files, path) for path in paths]
    if _support_starts(files):
        found += [read_record(files, f"{SUPPORT}/{name}") for name in files.names(SUPPORT)]
    return tuple(file for file in found if file is not None)


def effective(files: Iterable[BinfmtFile]) -> list[BinfmtFile]:
    """Return the files that count, sorted by their names, in which order systemd reads them.

    Records of binfmt-support come last, without those whose name systemd has registered.
    """
    found: dict[str, BinfmtFile] = {}
    records = []
    for file in sorted(files, key=lambda file: (*FOLDERS, SUPPORT).index(file.folder)):
        if file.is_record:
            records.append(file)
        else:
            found.setdefault(file.name, file)
    taken = {handler.name for file in found.values() for handler in file.handlers}
    records = [file for file in records if file.name not in taken]
    return [*(found[name] for name in sorted(found)), *records]


def systemd_starts(files: Files) -> bool:
    """Tell whether systemd registers at boot what the files of binfmt.d hold."""
    return files.link(f"{_UNITS}/{SYSTEMD_UNIT}") != MASK


def _support_starts(files: Files) -> bool:
    """Tell whether binfmt-support registers at boot what its database holds."""
    if not files.exists(_SUPPORT_PROGRAM) or files.link(f"{_UNITS}/{_SUPPORT_UNIT}") == MASK:
        return False
    wants = [name for name in files.names(_UNITS) if name.endswith(".wants")]
    return any(files.link(f"{_UNITS}/{name}/{_SUPPORT_UNIT}") is not None for name in wants)


def read_record(files: Files, path: str) -> BinfmtFile | None:
    """Return a record of binfmt-support, None where it is none.

    Its lines are package, type, offset, magic, mask, interpreter, detector, credentials, preserve
    and fix_binary, the last three ``yes`` or not (src/format.c).
    """
    lines = (files.text(path) or "").split("\n")
    if len(lines) < _RECORD_LINES:
        return None
    package, kind, offset, magic, mask, interpreter, _detector = lines[:7]
    flags = "".join(
        letters for letters, value in zip(("CO", "P", "F"), lines[7:]) if value == "yes"
    )
    fields = (path.rsplit("/", 1)[1], kind[:1].upper(), offset, magic, mask, interpreter, flags)
    # A character that no field holds separates them.
    handler = parse_line("\0" + "\0".join(fields))
    if handler is None:
        return None
    return BinfmtFile(path, False, (handler,), package == _NO_PACKAGE)


def read_file(files: Files, path: str) -> BinfmtFile | None:
    """Return a file, None where there is none; an empty one masks as a link to /dev/null does."""
    link = files.link(path)
    if link is not None and os.path.normpath(os.path.join(os.path.dirname(path), link)) == MASK:
        return BinfmtFile(path, True, ())
    text = files.text(path)
    if text is None:
        return None
    lines = [line.strip() for line in text.splitlines()]
    parsed = [parse_line(line) for line in lines if line and not line.startswith(_COMMENTS)]
    return BinfmtFile(path, not text, tuple(handler for handler in parsed if handler))
