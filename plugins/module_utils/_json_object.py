# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read one JSON object as strictly as a configuration deserves, and write it for people to read."""

from __future__ import annotations

import json
import math
import re
from typing import Any

# No option of dockerd is deeper than five levels; what is deeper is no configuration, and Python
# would give up on it with a RecursionError.
MAX_DEPTH = 64

_TOO_DEEP = f"it is nested deeper than {MAX_DEPTH} levels"


class _Repeated(ValueError):
    """A key that stands twice in one object."""


def read(data: bytes) -> tuple[dict[str, Any] | None, str | None]:
    """Return the object that a file holds, or None and what is wrong with the file.

    A file of white space is an empty object. What is wrong is told with line and column, counted
    from 1, wherever it has a place. A key that stands twice is refused, though Go takes the last
    of the two: one of them is not what its writer believes to be in force. So are NaN and
    numbers out of range, byte order marks and half surrogate pairs.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        place = _place(data[: error.start].decode("utf-8"), error.start)
        return None, f"{place}: this is not UTF-8 (byte 0x{data[error.start]:02x})"
    if text.startswith("\ufeff"):
        return None, f"{_place(text, 0)}: a byte order mark; save the file as UTF-8 without it"
    if not text.strip(" \t\r\n"):
        return {}, None
    try:
        document = json.loads(
            text, parse_constant=_constant, parse_float=_float, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        return None, f"line {error.lineno}, column {error.colno}: {error.msg}"
    except _Repeated as error:
        return None, _repeated(text, str(error))
    except ValueError as error:
        return None, str(error)
    except RecursionError:
        return None, _TOO_DEEP
    if not isinstance(document, dict):
        return None, "it is not a JSON object"
    return (None, fault) if (fault := unwritable(document)) else (document, None)


def write(document: dict[str, Any]) -> bytes:
    """Render an object in UTF-8, indented by two, with its keys in the order that they have."""
    return f"{json.dumps(document, indent=2, ensure_ascii=False)}\n".encode()


def unwritable(document: Any) -> str | None:
    """Say why a value cannot be written as JSON in UTF-8, or return None where it can."""
    if _depth(document) > MAX_DEPTH:
        return _TOO_DEEP
    try:
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        return "a text in it holds half of a surrogate pair"
    except (TypeError, ValueError) as error:
        return f"it cannot be written as JSON: {error}"
    return None


def same(one: Any, other: Any) -> bool:
    """Compare as JSON does: true is not 1, 1 is not 1.0, and the order of keys says nothing."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _place(text: str, offset: int) -> str:
    before = text[:offset]
    return f"line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}"


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"the number {digits[:20]} is out of range")
    return number


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = {}
    for key, value in pairs:
        if key in found:
            raise _Repeated(key)
        found[key] = value
    return found


def _repeated(text: str, key: str) -> str:
    """Name the place of the second of two equal keys, where the text leaves no doubt about it."""
    found = list(re.finditer(rf"{re.escape(json.dumps(key))}\s*:", text))
    where = f"{_place(text, found[1].start())}: " if len(found) == 2 else ""
    return f"{where}the key {json.dumps(key)} stands there twice"


def _depth(document: Any) -> int:
    """Count the levels without recursion, up to the first that is too many."""
    level, depth = [document], 0
    while level and depth <= MAX_DEPTH:
        inner = []
        for value in level:
            if isinstance(value, dict):
                inner += value.values()
            elif isinstance(value, (list, tuple)):
                inner += value
        depth += any(isinstance(value, (dict, list, tuple)) for value in level)
        level = inner
    return depth
