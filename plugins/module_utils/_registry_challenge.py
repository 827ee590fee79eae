# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a registry asks of its clients: the header WWW-Authenticate, and the answer to a token."""

from __future__ import annotations

import json
import re
import urllib.parse
from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from ansible_collections.arm64.docker.plugins.module_utils._docker_credentials import Credential
from ansible_collections.arm64.docker.plugins.module_utils._registry_transport import (
    Request,
    basic,
)

_SCHEME = re.compile(r"[ ,]*([A-Za-z][A-Za-z0-9_-]*)(?:[ ]+|$|(?=,))(?![ ]*=)")
_PARAMETER = re.compile(r'[ ,]*([A-Za-z0-9_-]+)[ ]*=[ ]*(?:"((?:[^"\\]|\\.)*)"|([^",\s]*))')
# What a header may hold; a token that breaks the line would add headers of its own.
_TOKEN = re.compile(r"[\x21-\x7e]{1,65536}")
# In seconds, of a token that says nothing of it (distribution's spec/auth/token.md).
_USUAL_LIFE = 60
_TOKEN_LIMIT = 1024 * 1024


@dataclass(frozen=True)
class Challenge:
    """One way to log in: ``scheme`` is ``bearer``, ``basic`` or another in small letters."""

    scheme: str
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class Token:
    """What a token service gave, and for how many seconds it holds."""

    text: str
    life: float


def parse_challenges(headers: Sequence[str]) -> list[Challenge]:
    """Read the headers of an answer; what is not understood is left out."""
    found = []
    for header in headers:
        place = 0
        while scheme := _SCHEME.match(header, place):
            place = scheme.end()
            parameters = {}
            while parameter := _PARAMETER.match(header, place):
                place = parameter.end()
                name, quoted, bare = parameter.groups()
                value = bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
                parameters.setdefault(name.lower(), value)
            found.append(Challenge(scheme[1].lower(), parameters))
    return found


def token_request(
    challenge: Challenge, repositories: Sequence[str], credential: Credential | None
) -> Request:
    """Return what a token service is asked: a scope for each repository, to pull from it."""
    query = _query(challenge, repositories)
    realm = challenge.parameters.get("realm", "")
    headers = {"Accept": "application/json"}
    if credential and credential.identity_token:
        scopes = " ".join(value for name, value in query if name == "scope")
        form = [pair for pair in query if pair[0] != "scope"] + [
            ("grant_type", "refresh_token"),
            ("refresh_token", credential.identity_token),
            ("client_id", "arm64.docker"),
            ("scope", scopes),
        ]
        return Request(
            _path(realm, []).rstrip("?"), headers, _TOKEN_LIMIT, urllib.parse.urlencode(form)
        )
    if credential:
        headers["Authorization"] = basic(credential.username, credential.password)
    return Request(_path(realm, query), headers, _TOKEN_LIMIT)


def parse_token(body: bytes) -> Token | None:
    """Read the answer of a token service, or return None where it is none."""
    try:
        answer: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict):
        return None
    text = answer.get("token") or answer.get("access_token")
    if not isinstance(text, str) or not _TOKEN.fullmatch(text):
        return None
    life = answer.get("expires_in")
    known = isinstance(life, (int, float)) and not isinstance(life, bool) and 0 < life < 10**9
    return Token(text, float(life) if known else _USUAL_LIFE)


def _query(challenge: Challenge, repositories: Sequence[str]) -> list[tuple[str, str]]:
    service = challenge.parameters.get("service")
    query = [("service", service)] if service else []
    return query + [("scope", f"repository:{name}:pull") for name in repositories]


def _path(realm: str, query: Sequence[tuple[str, str]]) -> str:
    parts = urllib.parse.urlsplit(realm)
    path = urllib.parse.quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    more = urllib.parse.urlencode(query)
    return f"{path}?{'&'.join(text for text in (parts.query, more) if text)}"
