# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take secrets out of what is collected: by keys out of documents, by patterns out of texts."""

from __future__ import annotations

import base64
import contextlib
import re
from typing import Any, Iterable, Sequence

from ansible_collections.arm64.docker.plugins.module_utils._no_log import scrub
from ansible_collections.arm64.docker.plugins.module_utils._secrets import (
    SECRET_NAME,
    is_secret_name,
    mark,
    mask,
)

# A shorter value would be found in every other line, and so would one of these.
_LEAST = 5
_PLAIN = {"false", "none", "null", "true", "disabled", "enabled", "required", "default"}

_ADDRESS = re.compile(r"//([^/\s]+)@")

# Each with the secret as the group "secret": "password": "x" and password: x of logs, password = x
# of configurations, --password x of command lines, headers of HTTP, keys in PEM, also those whose
# beginning was cut off.
_PATTERNS = (
    re.compile(
        rf"{SECRET_NAME}\\?[\"']?[ \t]{{0,4}}[:=][ \t]{{0,4}}(?P<quote>\\?[\"'])"
        r"(?P<secret>(?:(?!(?P=quote))[^\n])+)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"{SECRET_NAME}(?:\\?[\"']?[ \t]{{0,4}}:|[ \t]{{1,4}}=)[ \t]{{0,4}}"
        r"(?P<secret>[^\s\"'\\,}]+)",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?<![\w-])--?[\w-]{0,40}?(?:passw|pass(?![\w-])|token|secret|(?:api|access|private)-?key)"
        r"[\w-]{0,40}[\s=]{1,4}[\"']?(?P<secret>[^\s\"',\]]+)",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:proxy-)?authorization\\?[\"']?[ \t]{0,4}[:=][ \t]{0,4}\\?[\"']?"
        r"(?:[\w-]{1,40}[ \t]{1,4}(?=[\w.~+/=-]{8}))?(?P<secret>[^\s\"'\\]+)",
        re.IGNORECASE,
    ),
    re.compile(r"\b(?:bearer|basic)\s+(?P<secret>[\w.~+/=-]{8,})", re.IGNORECASE),
    re.compile(r"\A(?P<secret>(?:(?!-----BEGIN )[\s\S])*?)-----END [A-Z ]*PRIVATE KEY"),
    re.compile(
        r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----(?P<secret>[\s\S]*?)"
        r"(?:-----END [A-Z ]*PRIVATE KEY|\Z)"
    ),
)


def text(said: str, hidden: Iterable[str] = ()) -> str:
    """Return a text without the values in ``hidden`` and without what looks like a secret."""
    said = scrub(said, hidden)
    for pattern in _PATTERNS:
        said = pattern.sub(_marked, said)
    return said


def document(value: Any, hidden: Sequence[str] = ()) -> Any:
    """Return a copy of a JSON document without secrets, with every text in it looked through."""
    return _texts(mask(value), hidden)


def environment(assignments: Iterable[str]) -> list[str]:
    """Return NAME=VALUE with a marker for every value, whatever its name says."""
    pairs = [assignment.partition("=") for assignment in assignments]
    return [f"{name}{equals}{mark(value) if value else ''}" for name, equals, value in pairs]


def secret_values(assignments: Iterable[str]) -> set[str]:
    """Return the values of NAME=VALUE that have to be hidden wherever else they appear.

    Of addresses with a user and a password in them these are the secret.
    """
    found = set()
    for name, value in (assignment.partition("=")[::2] for assignment in assignments):
        if is_secret_name(name):
            found.add(value)
        for info in _ADDRESS.findall(value):
            found |= {info, info.partition(":")[2]}
    return {one for one in found if len(one) >= _LEAST and one.lower() not in _PLAIN}


def passwords(config: Any) -> set[str]:
    """Return the passwords of logins in Docker's config.json, which has them in base64."""
    auths = config.get("auths") if isinstance(config, dict) else None
    found = set()
    for login in auths.values() if isinstance(auths, dict) else ():
        said = login.get("auth") if isinstance(login, dict) else None
        with contextlib.suppress(ValueError):
            found.add(base64.b64decode(str(said or ""), validate=True).decode().partition(":")[2])
    return {one for one in found if len(one) >= _LEAST}


def _texts(value: Any, hidden: Sequence[str]) -> Any:
    if isinstance(value, dict):
        return {name: _texts(item, hidden) for name, item in value.items()}
    if isinstance(value, list):
        return [_texts(item, hidden) for item in value]
    return text(value, hidden) if isinstance(value, str) else value


def _marked(found: re.Match) -> str:
    secret = found["secret"]
    if secret.startswith("sha256:") or not secret.strip():
        return found[0]
    start, end = found.start("secret") - found.start(), found.end("secret") - found.start()
    return f"{found[0][:start]}{mark(secret)}{found[0][end:]}"
