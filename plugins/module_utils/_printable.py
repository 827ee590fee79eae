# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of others that are shown: on one line, and in characters that JSON and terminals take."""

from __future__ import annotations

import json
from typing import Any


def printable(text: str) -> str:
    """Return a text with its control characters, and halves of surrogate pairs, written out.

    A line feed becomes backslash and n. What people can read stays as it is.
    """
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )


def encodable(document: Any) -> Any:
    """Return a JSON document of which every text can be sent as UTF-8.

    Names of files are bytes, and Python reads those that are not UTF-8 as halves of surrogate
    pairs, which Ansible refuses in the answer of a module. They are written out with a backslash.
    """
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return _written_out(document)
    return document


def _written_out(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {_written_out(name): _written_out(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_written_out(item) for item in value]
    return value
