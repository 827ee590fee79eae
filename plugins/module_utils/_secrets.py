# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replace secrets by markers that say nothing and can still be compared."""

from __future__ import annotations

import hashlib
import re
from typing import Any

# Six hexadecimal digits: a changed secret goes unseen once in 16 million times, and whoever reads
# the marker finds thousands of guesses that fit it.
_MARK_DIGITS = 6

_SECRET = r"passw|secret|token|credential|api[-_]?key"
_SECRET_KEY = re.compile(rf"{_SECRET}|auth$", re.IGNORECASE)
_ASSIGNMENT = re.compile(
    rf"(?P<name>[\w.-]*(?:{_SECRET})[\w.-]*=)(?P<value>[^\s\"']+)", re.IGNORECASE
)
_PROXY_KEY = re.compile(r"proxy$", re.IGNORECASE)

# Up to the last @ before the next slash, as Go's net/url reads it: a password may hold further @.
_USER_INFO = re.compile(r"(?P<scheme>(?:[a-z][a-z0-9+.-]*:)?//)(?P<info>[^/\s]+)@", re.IGNORECASE)


def mark(secret: str) -> str:
    """Return the marker of a secret: ``sha256:`` and the first digits of its digest."""
    return f"sha256:{hashlib.sha256(secret.encode()).hexdigest()[:_MARK_DIGITS]}"


def mask_text(text: str) -> str:
    """Replace user and password of addresses, and the values of NAME=VALUE whose name says so."""
    text = _USER_INFO.sub(lambda found: f"{found['scheme']}{mark(found['info'])}@", text)
    return _ASSIGNMENT.sub(lambda found: f"{found['name']}{mark(found['value'])}", text)


def mask(value: Any, key: str = "") -> Any:
    """Return a copy of a JSON document in which no secret can be read.

    Values under a key that says so (password, token, ...) become markers as a whole, and
    addresses lose their user and password; those of proxies need not begin with a scheme.
    """
    if isinstance(value, dict):
        return {name: mask(item, str(name)) for name, item in value.items()}
    if isinstance(value, list):
        return [mask(item, key) for item in value]
    if _SECRET_KEY.search(key) and value not in ("", None) and not isinstance(value, bool):
        return mark(str(value))
    if not isinstance(value, str):
        return value
    if _PROXY_KEY.search(key) and "//" not in value:
        user_info, at, address = value.rpartition("@")
        return f"{mark(user_info)}@{address}" if at else value
    return mask_text(value)
