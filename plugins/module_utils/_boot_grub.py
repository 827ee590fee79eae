# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GRUB's defaults: a drop-in that adds parameters to GRUB_CMDLINE_LINUX, and what the others give.

grub-mkconfig reads /etc/default/grub, then the drop-ins in order; all are shell.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from typing import Sequence

from ansible_collections.arm64.docker.plugins.module_utils._boot_files import Files
from ansible_collections.arm64.docker.plugins.module_utils._boot_parameters import Wish, split
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

DEFAULTS = "/etc/default/grub"
DROPIN = "/etc/default/grub.d/arm64-docker.cfg"
CONFIG = "/boot/grub/grub.cfg"

_HEADER = "# Written by the module arm64.docker.boot_parameters; use it to change what is here.\n"
_LINUX, _NORMAL = "GRUB_CMDLINE_LINUX", "GRUB_CMDLINE_LINUX_DEFAULT"
_OWN = re.compile(rf'{re.escape(_HEADER)}{_LINUX}="\${_LINUX} (?P<parameters>[^\n]*)"\n')
_ASSIGNMENT = re.compile(
    rf"[ \t]*(?:export[ \t]+)?(?P<name>{_LINUX}(?:_DEFAULT)?)(?P<adds>\+?)=(?P<value>.*)"
)
_REFERENCE = re.compile(rf"\$(?:\{{({_LINUX}(?:_DEFAULT)?)\}}|({_LINUX}(?:_DEFAULT)?))")
_ENTRY = re.compile(r"^[ \t]*linux(?:efi)?[ \t]+\S+(?P<parameters>[^\n]*)", re.M)

Sources = Sequence["tuple[str, str]"]


def sources(files: Files, dropin: str = DROPIN) -> list[tuple[str, str]]:
    """Return path and text of the files that grub-mkconfig reads, in its order."""
    folder = posixpath.dirname(dropin)
    names = [name for name in files.names(folder) if name.endswith(".cfg")]
    paths = [f"{posixpath.dirname(folder)}/grub", *(f"{folder}/{name}" for name in names)]
    return [(path, text) for path, text in ((path, files.text(path)) for path in paths) if text]


def parameters(found: Sources) -> list[str]:
    """Return the parameters of a normal boot, as far as plain assignments give them."""
    values = {_LINUX: "", _NORMAL: ""}
    for _path, text in found:
        for name, value in _assignments(text, values):
            values[name] = value
    return split(values[_LINUX]) + split(values[_NORMAL])


def _assignments(text: str, values: dict[str, str]) -> list[tuple[str, str]]:
    """Evaluate the assignments of one file that hold references to the two variables at most."""
    values, found = dict(values), []
    for line in text.split("\n"):
        assignment = _ASSIGNMENT.fullmatch(line.rstrip("\r"))
        if assignment is None:
            continue
        try:
            words = shlex.split(assignment["value"], comments=True)
        except ValueError:
            continue
        name, value = assignment["name"], words[0] if words else ""
        value = _REFERENCE.sub(lambda match: values[match.group(1) or match.group(2)], value)
        values[name] = f"{values[name]}{value}" if assignment["adds"] else value
        found.append((name, values[name]))
    return found


def change(found: Sources, wanted: Wish, path: str = DROPIN) -> str | None:
    """Return the content of our drop-in as it is wanted, None where it needs none.

    :raises DockerHostError: where another file has what is unwanted, or undoes what is wanted
    """
    own = _own(dict(found).get(path), path)
    others = [(place, text) for place, text in found if place != path]
    kept = [parameter for parameter in own if not wanted.unwanted([parameter])]
    text = _render([*kept, *wanted.missing([*kept, *parameters(others)])])
    after = sorted([*others, (path, text)], key=_rank) if text else others
    given = parameters(after)
    for parameter in wanted.unwanted(given):
        places = (place for place, content in others if _mentions(content, parameter))
        place = next(places, posixpath.dirname(path))
        raise DockerHostError(
            f"The kernel parameter '{parameter}' stands in {place}. Only {path} is edited.",
            "Remove it there, run update-grub, and run again.",
        )
    for parameter in wanted.missing(given):
        raise DockerHostError(
            f"The kernel parameter '{parameter}' in {path} has no effect: a later file in that "
            f"folder sets {_LINUX} anew.",
            f"Let that file add to ${_LINUX}, or put the parameter there.",
        )
    return text


def _rank(source: tuple[str, str]) -> tuple[int, str]:
    """Order files as grub-mkconfig does: the one outside of the folder comes first."""
    return source[0].count("/"), source[0]


def _mentions(text: str, parameter: str) -> bool:
    empty = {_LINUX: "", _NORMAL: ""}
    return any(parameter in split(value) for _name, value in _assignments(text, empty))


def _own(text: str | None, path: str) -> list[str]:
    """Return the parameters of our drop-in.

    :raises DockerHostError: where somebody else wrote or changed it
    """
    if not text:
        return []
    found = _OWN.fullmatch(text)
    own = split(found["parameters"].replace('\\"', '"')) if found else []
    if _render(own) != text:
        raise DockerHostError(
            f"{path} is not as this module writes it.",
            "Move what was added by hand to another file in that folder, and remove this one.",
        )
    return own


def _render(own: list[str]) -> str | None:
    line = " ".join(own).replace('"', '\\"')
    return f'{_HEADER}{_LINUX}="${_LINUX} {line}"\n' if own else None


def stale(config: str | None, wanted: Wish) -> list[str]:
    """Return the parameters in which grub.cfg differs from what is wanted.

    Its first entry is compared: the newest kernel's. A file that is missing differs in nothing.
    """
    entry = _ENTRY.search(config or "")
    if entry is None:
        return []
    given = split(entry["parameters"])
    return [*wanted.missing(given), *wanted.unwanted(given)]
