# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a compose project's folder on a host came from here, and may be removed again."""

from __future__ import annotations

import os
import re
from typing import Any, Iterable, Mapping

_DEFINITION = "compose.yaml"
# Further files of docker_deploy, also those of other projects in the same folder.
_OVERRIDE = re.compile(r"arm64-docker(\.[0-9]+)?\.override\.yaml")


def folders(project: Mapping[str, Any]) -> list[str]:
    """Return the folders on the host that hold what was copied there, the project's own first.

    :param project: as the lookup compose_projects returns it
    """
    return [_on_host(project, place) for place in _brought(project)[1]]


def removable(project: Mapping[str, Any], there: Iterable[str], whole: bool) -> list[str]:
    """Return the fewest paths on the host whose removal takes away what came from here, only that.

    The folder of a project goes with it where nothing else is in it. One that the user named and
    that is directly below the root stays, since it is the system's.

    :param there: what is directly in the folders that :func:`folders` returns
    :param whole: whether all goes that is in a folder which the user did not name
    """
    files, own = _brought(project)
    root = str(project["folder"])
    if whole and not project["chosen"]:
        return [root]
    present = set(map(str, there))
    ours = {_on_host(project, place) for place in files}
    if root != os.path.normpath(root) or not os.path.isabs(root):
        # Such as ~/shop: what is there is called otherwise, and cannot be told from what is ours.
        return sorted(ours)
    systems = bool(project["chosen"]) and os.path.dirname(root) == "/"
    gone: dict[str, list[str]] = {}
    for folder in sorted((_on_host(project, place) for place in own), key=len, reverse=True):
        inside = sorted(path for path in present if os.path.dirname(path) == folder)
        parts = [_parts(path, ours, gone) for path in inside]
        goes = all(part == [path] for part, path in zip(parts, inside))
        goes = goes and not (systems and folder == root)
        gone[folder] = [folder] if goes else [one for part in parts for one in part]
    return gone[root]


def _parts(path: str, ours: set[str], gone: Mapping[str, list[str]]) -> list[str]:
    """Return what of a path is removed: itself where all of it came from here."""
    if path in gone:
        return gone[path]
    return [path] if path in ours or _OVERRIDE.fullmatch(os.path.basename(path)) else []


def _brought(project: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return files and folders that came from here, from the project's own folder, which is ""."""
    if project["kind"] == "definition":
        return [_DEFINITION], [""]
    files: list[str] = []
    found: list[str] = []
    seen: set[str] = set()
    source = str(project["source"])
    for place, inner, names in os.walk(source, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:
            inner.clear()
            continue
        seen.add(real)
        below = os.path.relpath(place, source)
        below = "" if below == "." else below
        found.append(below)
        files += [os.path.join(below, name) for name in names]
    return files, found or [""]


def _on_host(project: Mapping[str, Any], place: str) -> str:
    return os.path.join(project["folder"], place) if place else str(project["folder"])
