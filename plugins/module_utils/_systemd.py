# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd says and means: its properties, its clock, and the command lines of its units."""

from __future__ import annotations

import re
import shlex
import time
from typing import Mapping, Sequence

_ARGV = re.compile(r"argv\[\]=(.*?) ; ignore_errors=")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORD = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")
_PART = re.compile(r"\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_FILE = re.compile(r"^(.*?)(?: \(ignore_errors=(?:yes|no)\))?$")


def properties(text: str) -> list[dict[str, str]]:
    """Return what ``systemctl show`` says, a dictionary for each unit in the order of the answer.

    A property that stands there more than once, as EnvironmentFiles does, has its values on lines
    of their own.
    """
    units = []
    for block in text.split("\n\n"):
        found = {}
        for line in block.splitlines():
            name, equals, value = line.partition("=")
            if equals:
                found[name] = f"{found[name]}\n{value}" if name in found else value
        if found:
            units.append(found)
    return units


def wall_clock(microseconds: str) -> float | None:
    """Turn a property on the monotonic clock into seconds since 1970, or None for none.

    The clock may have been set since then, so the distance from now counts. The monotonic clock
    is read first: a pause between the two readings makes the result later, never earlier, and a
    configuration that was loaded does not look as if it were not.
    """
    if not microseconds.isdecimal() or int(microseconds) == 0:
        return None
    elapsed = time.clock_gettime(time.CLOCK_MONOTONIC) - int(microseconds) / 1e6
    return time.time() - elapsed


def utc(seconds: float | None) -> str | None:
    """Write seconds since 1970 as a time in UTC, such as 2026-11-21T21:14:03Z."""
    if seconds is None:
        return None
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def command(exec_start: str, variables: Mapping[str, str]) -> list[str]:
    """Return the words of a unit's ExecStart as systemd executes them (systemd.service(5)).

    ``$NAME`` as a word of its own becomes as many words as its value has, quotes respected;
    ``${NAME}`` is replaced within its word; ``$$`` is a dollar sign. ``systemctl show`` joins the
    words by spaces, so a word with a space in it comes back as two.
    """
    found = _ARGV.search(exec_start)
    words = []
    for word in found.group(1).split() if found else ():
        alone = _WORD.fullmatch(word)
        if alone:
            words += _split(variables.get(alone.group(1), ""))
        else:
            words.append(
                _PART.sub(lambda part: variables.get(part[1], "") if part[1] else "$", word)
            )
    return words


def environment(text: str) -> dict[str, str]:
    """Return the variables of the property Environment."""
    return dict(_pairs(_split(text)))


def environment_files(text: str) -> list[str]:
    """Return the paths in the property EnvironmentFiles."""
    return [_FILE.sub(r"\1", line) for line in text.splitlines() if line.startswith("/")]


def environment_file(text: str) -> dict[str, str]:
    """Return the variables that a file for EnvironmentFile= sets (systemd.exec(5))."""
    lines = re.sub(r"\\\r?\n", "", text).splitlines()
    wanted = [line.strip() for line in lines if line.strip()[:1] not in ("", "#", ";")]
    return {name: _unquote(value.strip()) for name, value in _pairs(wanted)}


def _pairs(assignments: Sequence[str]) -> list[tuple[str, str]]:
    pairs = [assignment.partition("=")[::2] for assignment in assignments if "=" in assignment]
    return [(name.strip(), value) for name, value in pairs if _NAME.fullmatch(name.strip())]


def _unquote(value: str) -> str:
    quote = value[:1]
    if len(value) > 1 and quote in ("'", '"') and value.endswith(quote):
        inner = value[1:-1]
        return inner if quote == "'" else re.sub(r'\\(["\\$`])', r"\1", inner)
    return re.sub(r"\\(.)", r"\1", value)


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
