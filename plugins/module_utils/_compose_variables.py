# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables in compose files, as Docker Compose replaces them, and the files that set them."""

from __future__ import annotations

import re
from typing import Mapping

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR = re.compile(r":?[-?+]")
_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*[=:](.*)", re.DOTALL)
_QUOTED = re.compile(r"'([^']*)'|\"((?:[^\"\\]|\\.)*)\"")
# What follows a backslash between double quotes; before anything else it stands for itself.
_ESCAPED = {**dict(zip("abfnrtv", "\a\b\f\n\r\t\v")), '"': '"', "\\": "\\", "$": "$$"}
_ESCAPE = re.compile(r"\\([abfnrtv\"\\$])")
_DEEPEST = 20
_LONGEST = 64 * 1024
_LIMIT = 1024 * 1024


class _Blank(dict):
    """Variables of which those that are not set are empty."""

    def __missing__(self, name: str) -> str:
        return ""


def interpolate(text: str, variables: Mapping[str, str]) -> str:
    """Replace ``$NAME``, ``${NAME}`` and the forms with :- - :? ? :+ +, which may be nested.

    As in Compose (compose-go's template package), but a variable that is not set and has no
    default is an error: Compose would put nothing in its place, and no image has such a name.

    :raises DockerHostError: also where the text cannot be read
    """
    return _replace(text, variables, 0)


def interpolate_loosely(text: str, variables: Mapping[str, str]) -> str:
    """Replace as :func:`interpolate` does, with nothing for variables that are not set.

    :raises DockerHostError: where the text cannot be read, or demands a variable
    """
    return _replace(text, _Blank(variables), 0)


def read_environment_file(text: str, outer: Mapping[str, str] | None = None) -> dict[str, str]:
    """Read the lines NAME=VALUE of a file .env; other lines say nothing.

    :param outer: variables that the values may name; they beat those of lines before
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = None if line.lstrip().startswith("#") else _LINE.fullmatch(line)
        if match:
            found[match[1]] = _value(match[2].strip(), {**found, **(outer or {})})
    return found


def environment_file(path: str, outer: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables of a file.

    :param outer: as for :func:`read_environment_file`
    :raises OSError: where it cannot be read
    :raises ValueError: where it is no text, or no file has such a name
    """
    with open(path, "rb") as stream:
        # Editors of Windows begin a file with a byte order mark, which Compose leaves out.
        return read_environment_file(stream.read(_LIMIT).decode("utf-8-sig"), outer)


def _replace(text: str, variables: Mapping[str, str], depth: int) -> str:
    if depth > _DEEPEST:
        raise _unreadable(text)
    parts: list[str] = []
    place = size = 0
    while (dollar := text.find("$", place)) >= 0:
        parts.append(text[place:dollar])
        following = text[dollar + 1 : dollar + 2]
        if following == "$":
            parts.append("$")
            place = dollar + 2
        elif following == "{":
            end = _closing(text, dollar + 2)
            parts.append(_expression(text[dollar + 2 : end], variables, depth))
            place = end + 1
        else:
            name = _NAME.match(text, dollar + 1)
            if not name:
                raise _unreadable(text)
            parts.append(_demand(name[0], variables))
            place = name.end()
        size += len(parts[-1])
        if size > _LONGEST:
            raise DockerHostError(
                f"'{text[:80]}' grows longer than {_LONGEST} characters.",
                "Use shorter values for its variables.",
            )
    return "".join([*parts, text[place:]])


def _closing(text: str, place: int) -> int:
    """Return where the brace that was opened before a place is closed."""
    depth = 1
    for number in range(place, len(text)):
        if text.startswith("${", number):
            depth += 1
        elif text[number] == "}":
            depth -= 1
            if depth == 0:
                return number
    raise _unreadable(text)


def _expression(inner: str, variables: Mapping[str, str], depth: int) -> str:
    name = _NAME.match(inner)
    if not name:
        raise _unreadable(f"${{{inner}}}")
    rest = inner[name.end() :]
    if not rest:
        return _demand(name[0], variables)
    operator = _OPERATOR.match(rest)
    if not operator:
        raise _unreadable(f"${{{inner}}}")
    other = rest[operator.end() :]
    value = variables.get(name[0])
    there = bool(value) if operator[0].startswith(":") else value is not None
    if operator[0].endswith("+"):
        return _replace(other, variables, depth + 1) if there else ""
    if there:
        return value or ""
    if operator[0].endswith("-"):
        return _replace(other, variables, depth + 1)
    words = f": {other[:80]}" if other else ""
    raise DockerHostError(
        f"The variable {name[0]} is required{words}.", _remedy(name[0], has_default=False)
    )


def _demand(name: str, variables: Mapping[str, str]) -> str:
    try:
        return variables[name]
    except KeyError:
        raise DockerHostError(
            f"The variable {name} is not set and has no default.", _remedy(name, has_default=True)
        ) from None


def _remedy(name: str, *, has_default: bool) -> str:
    default = f", or write ${{{name}:-DEFAULT}}" if has_default else ""
    return f"Set it in compose_variables, in .env beside the file or in the environment{default}."


def _unreadable(text: str) -> DockerHostError:
    return DockerHostError(
        f"'{text[:80]}' holds a $ that begins no variable.", "Write a dollar sign as two: $$."
    )


def _value(text: str, known: Mapping[str, str]) -> str:
    quoted = _QUOTED.match(text)
    if quoted and quoted[1] is not None:
        return quoted[1]
    if quoted:
        return _filled(_ESCAPE.sub(lambda match: _ESCAPED[match[1]], quoted[2]), known)
    return _filled(text.partition(" #")[0].rstrip(), known)


def _filled(text: str, known: Mapping[str, str]) -> str:
    """Replace variables where that can be done, as in Compose with nothing for unknown ones."""
    try:
        return interpolate_loosely(text, known)
    except DockerHostError:
        return text
