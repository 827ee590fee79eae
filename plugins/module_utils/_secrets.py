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
_MARK = re.compile(rf"sha256:[0-9a-f]{{{_MARK_DIGITS}}}")

# Words in the names of options and variables that hold a secret: anywhere in the name, and at its
# end only.
_WITHIN = r"passw|passphrase|secret|token|credential|(?:api|access|private|encryption)[-_]?key"
_AT_THE_END = r"pass|pwd|auth"
_SECRET_KEY = re.compile(rf"{_WITHIN}|auth$|(?:^|[-_.])(?:{_AT_THE_END})$", re.IGNORECASE)

# A name in a text that is such a name. Its length is bounded, and it begins where a word begins, so
# that a text of any shape is read in a time that grows with its length.
SECRET_NAME = (
    rf"(?<![\w.-])(?:[\w.-]{{0,60}}?(?:{_WITHIN})[\w.-]{{0,60}}"
    rf"|(?:[\w.-]{{0,60}}[-_.])?(?:{_AT_THE_END}))"
)
_ASSIGNMENTS = (
    # "NAME=VALUE", whose value may hold spaces.
    re.compile(rf"(?<=\")(?P<name>{SECRET_NAME}=)(?P<value>[^\"'\n]+)(?=\")", re.IGNORECASE),
    re.compile(rf"(?<=')(?P<name>{SECRET_NAME}=)(?P<value>[^\"'\n]+)(?=')", re.IGNORECASE),
    re.compile(rf"(?P<name>{SECRET_NAME}=\")(?P<value>[^\"\n]+)(?=\")", re.IGNORECASE),
    re.compile(rf"(?P<name>{SECRET_NAME}=')(?P<value>[^'\n]+)(?=')", re.IGNORECASE),
    re.compile(rf"(?P<name>{SECRET_NAME}=[\"']?)(?P<value>[^\s\"']+)", re.IGNORECASE),
)
_PROXY_KEY = re.compile(r"proxy$", re.IGNORECASE)
# Docker takes a proxy without a scheme too (Go's httpproxy).
_BARE_PROXY = re.compile(
    r"(?P<name>(?<![\w.-])[\w.-]{0,60}proxy=[\"']?)(?P<value>[^\s\"'/@]+)(?=@)", re.IGNORECASE
)

# Up to the last @ before the next slash, as Go's net/url reads it: a password may hold further @.
_USER_INFO = re.compile(r"//(?P<info>[^/\s]+)@")


def mark(secret: str) -> str:
    """Return the marker of a secret: ``sha256:`` and the first digits of its digest."""
    return f"sha256:{hashlib.sha256(secret.encode()).hexdigest()[:_MARK_DIGITS]}"


def mask_text(text: str) -> str:
    """Replace user and password of addresses, and the values of NAME=VALUE whose name says so."""
    text = _USER_INFO.sub(lambda found: f"//{mark(found['info'])}@", text)
    for pattern in (_BARE_PROXY, *_ASSIGNMENTS):
        text = pattern.sub(_assigned, text)
    return text


def is_secret_name(name: str) -> bool:
    """Tell whether the name of an option or of a variable says that its value is a secret."""
    return bool(_SECRET_KEY.search(name))


def mask(value: Any, key: str = "") -> Any:
    """Return a copy of a JSON document in which no secret can be read.

    Values under a key that says so (password, token, ...) become markers as a whole, and
    addresses lose their user and password; those of proxies need not begin with a scheme.
    """
    if isinstance(value, dict):
        return {name: mask(item, str(name)) for name, item in value.items()}
    if isinstance(value, list):
        return [mask(item, key) for item in value]
    if is_secret_name(key) and value not in ("", None) and not isinstance(value, bool):
        return mark(str(value))
    if not isinstance(value, str):
        return value
    if _PROXY_KEY.search(key) and "//" not in value:
        user_info, at, address = value.rpartition("@")
        return f"{mark(user_info)}@{address}" if at else value
    return mask_text(value)


def _assigned(found: re.Match) -> str:
    value = found["value"]
    return found[0] if _MARK.fullmatch(value) else f"{found['name']}{mark(value)}"
