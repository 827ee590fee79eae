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

_SECRET_KEY = re.compile(r"passw|secret|token|credential|api[-_]?key|auth$", re.IGNORECASE)
_PROXY_KEY = re.compile(r"proxy$", re.IGNORECASE)
_USER_INFO = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)(?P<info>[^/\s]+)@", re.IGNORECASE)


def mark(secret: str) -> str:
    """Return the marker of a secret: ``sha256:`` and the first digits of its digest."""
    return f"sha256:{hashlib.sha256(secret.encode()).hexdigest()[:_MARK_DIGITS]}"


def mask_text(text: str) -> str:
    """Replace the user and password in every address of a text by one marker."""
    return _USER_INFO.sub(lambda found: f"{found['scheme']}{mark(found['info'])}@", text)


def mask(value: Any, key: str = "") -> Any:
    """Return a copy of a JSON document in which no secret can be read.

    Strings under a key that says so (password, token, ...) become markers as a whole, and
    addresses lose their user and password; those of proxies need not begin with a scheme.
    """
    if isinstance(value, dict):
        return {name: mask(item, str(name)) for name, item in value.items()}
    if isinstance(value, list):
        return [mask(item, key) for item in value]
    if isinstance(value, str) and _PROXY_KEY.search(key) and "://" not in value:
        user_info, at, address = value.rpartition("@")
        return f"{mark(user_info)}@{address}" if at else value
    if isinstance(value, str):
        return mark(value) if value and _SECRET_KEY.search(key) else mask_text(value)
    return value
