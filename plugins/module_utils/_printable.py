# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of others that are shown: on one line, and in characters that JSON and terminals take."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return a text with its control characters, and halves of surrogate pairs, written out.

    A line feed becomes backslash and n. What people can read stays as it is.
    """
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )
