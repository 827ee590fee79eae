# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""dpkg's status file, read without python3-apt: what is installed, held, broken or cut off."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_FIELD = re.compile(rb"^(Package|Status|Architecture|Version): *(.*?) *$", re.MULTILINE)

# deb-status(5): states in which dpkg was interrupted or failed.
_BROKEN = {"half-installed", "unpacked", "half-configured"}


@dataclass(frozen=True)
class Package:
    """One installed package; ``state`` is dpkg's, such as installed or half-configured."""

    version: str
    architecture: str
    hold: bool
    state: str


@dataclass(frozen=True)
class Dpkg:
    """The packages of a host by name, those left unfinished, and whether the file is cut off.

    ``removed`` are those of which only the configuration is left: they were not purged.
    """

    packages: dict = field(default_factory=dict)
    unfinished: tuple = ()
    damaged: bool = False
    removed: frozenset = frozenset()


def read_dpkg(status: bytes) -> Dpkg:
    """Parse the content of /var/lib/dpkg/status.

    dpkg closes every record with an empty line. A file that does not end so, as an empty one does
    not, or a record without the fields that dpkg always writes, was cut off: ``damaged``. What can
    be read is returned all the same.
    Where two architectures of a package are installed, the first in the file counts.
    """
    packages, unfinished, removed = {}, [], set()
    damaged = not status.endswith(b"\n\n")
    for record in status.split(b"\n\n"):
        if not record.strip():
            continue
        fields = {name: value.decode("utf-8", "replace") for name, value in _FIELD.findall(record)}
        name, words = fields.get(b"Package"), fields.get(b"Status", "").split()
        if not name or len(words) != 3:
            damaged = True
            continue
        want, error, state = words
        if state == "config-files":
            removed.add(name)
        if state in ("not-installed", "config-files"):
            continue
        if b"Version" not in fields or b"Architecture" not in fields:
            damaged = True
            continue
        if state in _BROKEN or error != "ok":
            unfinished.append(name)
        packages.setdefault(
            name,
            Package(fields[b"Version"], fields[b"Architecture"], want == "hold", state),
        )
    return Dpkg(packages, tuple(sorted(unfinished)), damaged, frozenset(removed))
