# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""armbianEnv.txt, the environment of Armbian's boot script: the key ``extraargs``."""

from __future__ import annotations

import re

from ansible_collections.arm64.docker.plugins.module_utils._boot_parameters import (
    Wish,
    check_line,
    edit,
    split,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

PATH = "/boot/armbianEnv.txt"

_KEY = "extraargs"
_ARGUMENTS = re.compile(rf"^(?P<key>[ \t]*{_KEY}=)(?P<value>[^\n]*?)(?P<end>\r?\n|\r?\Z)", re.M)
_ASSIGNMENT = re.compile(r"^[ \t]*[A-Za-z_]\w*=", re.M)


def parameters(text: str) -> list[str]:
    """Return the parameters of ``extraargs``; of several the last counts."""
    found = _ARGUMENTS.findall(text)
    return split(found[-1][1]) if found else []


def change(text: str, wanted: Wish, path: str) -> str:
    """Return the content of armbianEnv.txt as it is wanted.

    ``extraargs`` becomes the first line where it is missing, and goes when it would be empty.

    :raises DockerHostError: where the file is not what Armbian's boot script reads
    """
    if not _ASSIGNMENT.search(text):
        raise DockerHostError(
            f"{path} holds no assignment (KEY=value).", "Put a whole copy of the file back."
        )
    found = list(_ARGUMENTS.finditer(text))
    if len(found) > 1:
        raise DockerHostError(
            f"{path} has {len(found)} lines {_KEY}=; the last of them counts.",
            "Join them to one.",
        )
    if not found:
        value = edit("", wanted)
        end = "\r\n" if "\r\n" in text else "\n"
        return f"{_KEY}={value}{end}{text}" if value else text
    (line,) = found
    check_line(line["value"], path)
    value = edit(line["value"], wanted)
    gone = not value and value != line["value"]
    new = "" if gone else f"{line['key']}{value}{line['end']}"
    return f"{text[: line.start()]}{new}{text[line.end() :]}"
