# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""extlinux.conf, as U-Boot and NVIDIA's loader read it: APPEND of the default label."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ansible_collections.arm64.docker.plugins.module_utils._boot_files import Generator
from ansible_collections.arm64.docker.plugins.module_utils._boot_parameters import (
    Wish,
    check_line,
    edit,
    split,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

PATH = "/boot/extlinux/extlinux.conf"

_GENERATORS = {
    "u-boot-update": Generator(
        "u-boot-menu", "U_BOOT_PARAMETERS in /etc/default/u-boot", "u-boot-update"
    ),
    "extlinux-update": Generator(
        "extlinux", "EXTLINUX_PARAMETERS in /etc/default/extlinux", "extlinux-update"
    ),
}

# Generators say so in a comment of six lines.
_HEADER_LINES = 10

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_STATEMENT = re.compile(
    r"(?P<keyword>[ \t]*(?P<name>[A-Za-z]+))(?P<value>(?:[ \t][^\n]*?)?)(?P<end>\r?\n?)"
)


@dataclass
class _Label:
    """A label: its name, and the numbers of its lines LABEL, APPEND and LINUX."""

    name: str
    line: int
    appends: list[int] = field(default_factory=list)
    kernel: int | None = None


def generator(text: str) -> Generator | None:
    """Return the program that wrote the file and will write it again, None where none says so."""
    header = text.split("\n", _HEADER_LINES)[:_HEADER_LINES]
    comments = "\n".join(line for line in header if line.startswith("#"))
    return next((found for name, found in _GENERATORS.items() if name in comments), None)


def parameters(text: str) -> list[str]:
    """Return the parameters of the default label, none where it cannot be told."""
    lines = _LINE.findall(text)
    try:
        appends = _default(lines, PATH).appends
    except DockerHostError:
        return []
    return split(_STATEMENT.fullmatch(lines[appends[-1]])["value"]) if appends else []


def change(text: str, wanted: Wish, path: str) -> str:
    """Return the content of extlinux.conf as it is wanted: other labels stay as they are.

    A label without APPEND gets one, below its first line; one that would be empty goes.

    :raises DockerHostError: where it cannot be told which line counts
    """
    lines = _LINE.findall(text)
    label = _default(lines, path)
    if len(label.appends) > 1:
        raise DockerHostError(
            f"The label '{label.name}' in {path} has {len(label.appends)} lines APPEND.",
            "Join them to one.",
        )
    if not label.appends:
        return "".join(_with_append(lines, label, wanted, path))
    (index,) = label.appends
    statement = _STATEMENT.fullmatch(lines[index])
    check_line(statement["value"], path)
    value = edit(statement["value"], wanted, " ")
    gone = not value.strip() and value != statement["value"]
    lines[index] = "" if gone else f"{statement['keyword']}{value}{statement['end']}"
    return "".join(lines)


def _with_append(lines: list[str], label: _Label, wanted: Wish, path: str) -> list[str]:
    value = edit("", wanted, " ")
    if not value:
        return lines
    if label.kernel is None:
        raise DockerHostError(
            f"The label '{label.name}' in {path} names no kernel (LINUX).",
            "Name the label that boots the system in DEFAULT.",
        )
    first = _STATEMENT.fullmatch(lines[label.line])
    indent = re.match(r"[ \t]*", lines[label.kernel]).group()
    keyword = "append" if first["name"].islower() else "APPEND"
    new = f"{indent}{keyword}{value}{first['end']}"
    return [*lines[: label.line + 1], new, *lines[label.line + 1 :]]


def _default(lines: list[str], path: str) -> _Label:
    """Find the label that boots without a choice: DEFAULT, else MENU DEFAULT, else the first."""
    labels, default, marked = [], None, None
    for index, line in enumerate(lines):
        statement = _STATEMENT.fullmatch(line)
        if statement is None:
            continue
        name, value = statement["name"].lower(), statement["value"].strip()
        if name == "label":
            labels.append(_Label(value, index))
        elif name in ("default", "ontimeout"):
            default = value
        elif labels and name == "menu" and value.lower() == "default":
            marked = marked or labels[-1].name
        elif labels and name == "append":
            labels[-1].appends.append(index)
        elif labels and name in ("linux", "kernel", "fit"):
            labels[-1].kernel = index
    if not labels:
        raise DockerHostError(f"{path} has no LABEL.", "Put a whole copy of the file back.")
    wanted = default or marked or labels[0].name
    found = [label for label in labels if label.name == wanted]
    if len(found) != 1:
        raise DockerHostError(
            f"{path} has {len(found)} labels '{wanted}', which is the one to boot.",
            "Name a label that is there once in DEFAULT.",
        )
    return found[0]
