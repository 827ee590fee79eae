# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take secrets out of what is collected: by keys out of documents, by patterns out of texts."""

from __future__ import annotations

import re
from typing import Any, Iterable, Sequence

from ansible_collections.arm64.docker.plugins.module_utils._no_log import scrub
from ansible_collections.arm64.docker.plugins.module_utils._secrets import mark, mask

# A shorter value, such as "true" or "8080", would be found in every other line.
_LEAST = 6

_NAME = r"passw|passphrase|secret|token|credential|api[-_]?key|access[-_]?key|private[-_]?key|auth$"
_SECRET_NAME = re.compile(_NAME, re.IGNORECASE)

# Each with the secret as the group "secret": "password": "x" and password: x of logs, --password x
# of command lines, headers of HTTP, keys in PEM.
_PATTERNS = (
    re.compile(
        r"(?:passw|secret|token|credential|api[-_]?key|access[-_]?key|auth\b)[\w.-]*"
        r"(?:\\?[\"']\s*[:=]|\s*:)\s*\\?[\"']?(?P<secret>[^\s\"'\\,}]+)",
        re.IGNORECASE,
    ),
    re.compile(r"--?(?:password|passwd|token|secret)[\s=]+(?P<secret>[^\s\"',\]]+)", re.IGNORECASE),
    re.compile(r"\b(?:bearer|basic)\s+(?P<secret>[\w.~+/=-]{8,})", re.IGNORECASE),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?P<secret>.*?)(?:-----END|\Z)", re.DOTALL),
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
    """Return the values of NAME=VALUE that have to be hidden wherever else they appear."""
    pairs = [assignment.partition("=")[::2] for assignment in assignments]
    return {value for name, value in pairs if len(value) >= _LEAST and _SECRET_NAME.search(name)}


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
