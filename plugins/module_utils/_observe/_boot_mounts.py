# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the next boot mounts, from /etc/fstab and from mount units."""

from __future__ import annotations

import posixpath
from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host

_FSTAB = "/etc/fstab"

# systemd.unit(5), without the units that the generators make from fstab.
_UNIT_FOLDERS = (
    "/usr/lib/systemd/system",
    "/run/systemd/generator.late",
    "/run/systemd/generator",
    "/run/systemd/system",
    "/etc/systemd/system",
)


def boot_mounts(host: Host) -> dict[str, dict[str, Any]]:
    """Return what is mounted at boot beside the root file system, by its place.

    Each has its path, the file that says so, and its options. An entry of fstab outweighs a unit.
    """
    found = {**_units(host), **_entries(host)}
    found.pop("/", None)
    return found


def unescape(text: str) -> str:
    """Put back what fstab(5) and proc(5) write as octal numbers."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text


def _entries(host: Host) -> dict[str, dict[str, Any]]:
    found = {}
    for line in host.text(_FSTAB, "").splitlines():
        words = line.split()
        if len(words) < 3 or words[0].startswith("#") or not words[1].startswith("/"):
            continue
        options = words[3] if len(words) > 3 else "defaults"
        _add(found, unescape(words[1]), _FSTAB, options)
    return found


def _units(host: Host) -> dict[str, dict[str, Any]]:
    """Read mount units; one that nothing starts has the option ``noauto``, as in fstab."""
    files = {}
    for folder in _UNIT_FOLDERS:
        for name in host.names(folder):
            if name.endswith(".mount") and not host.is_folder(f"{folder}/{name}"):
                files[name] = f"{folder}/{name}"
    found = {}
    for name, file in files.items():
        # A masked one is a link to nothing, and hides those of its name in other folders.
        if host.link(file) == "/dev/null":
            continue
        fields = {}
        for line in host.text(file, "").splitlines():
            key, value = line.partition("=")[::2]
            fields[key.strip()] = value.strip()
        if fields.get("Where", "").startswith("/"):
            idle = "" if _is_started(host, name) else ",noauto"
            _add(found, fields["Where"], file, fields.get("Options", "") + idle)
    return found


def _is_started(host: Host, name: str) -> bool:
    """Tell whether another unit wants or requires one, or whether systemd made it for a disk."""
    return any(
        host.exists(f"{folder}/{other}/{name}")
        for folder in _UNIT_FOLDERS
        for other in host.names(folder)
        if other.endswith((".wants", ".requires"))
    )


def _add(found: dict[str, dict[str, Any]], place: str, file: str, options: str) -> None:
    path = posixpath.normpath(place)
    found[path] = {"path": path, "file": file, "options": [o for o in options.split(",") if o]}
