# SPDX-License-Identifier: GPL-3.0-or-later
"""A token service: who logs in, or nobody, gets a signed token for what may be read."""

from __future__ import annotations

import base64
import json
import re
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from .programs import run
from .tls import Certificate

ISSUER = "arm64.docker test tokens"
SERVICE = "arm64.docker test registry"
# Repositories below it are shown to those who log in only.
PRIVATE = "private/"
# In seconds.
LIFE = 300


class TokenService:
    """Signs tokens as distribution's spec/auth/jwt.md has them (RS256).

    Without `several` only the first scope of a request is granted. `requests` lists the scopes of
    each request, `headers` what it said of a login.
    """

    def __init__(self, signer: Certificate, logins: dict[str, str]) -> None:
        self.several = True
        self.requests: list[list[str]] = []
        self.headers: list[str] = []
        self._signer = signer
        self._logins = {_basic(name, password): name for name, password in logins.items()}
        chain = signer.certificate.read_text(encoding="ascii")
        der = re.sub(r"-----[A-Z ]+-----|\s", "", chain)
        self._header = _part({"typ": "JWT", "alg": "RS256", "x5c": [der]})

    def answer(self, visit: BaseHTTPRequestHandler) -> None:
        """Answer a request for a token."""
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(visit.path).query)
        scopes = query.get("scope", [])
        login = visit.headers.get("Authorization", "")
        self.requests.append(scopes)
        self.headers.append(login)
        user = self._logins.get(login, "")
        if login and not user:
            _send(visit, 401, {"details": f"not {login}"})
            return
        granted = scopes if self.several else scopes[:1]
        token = self._token(user, [_access(scope, user) for scope in granted])
        _send(visit, 200, {"token": token, "expires_in": LIFE})

    def _token(self, user: str, access: list[dict[str, Any]]) -> str:
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": user,
            "aud": SERVICE,
            "exp": now + LIFE,
            "nbf": now - 60,
            "iat": now,
            "jti": str(now),
            "access": access,
        }
        content = f"{self._header}.{_part(claims)}"
        signature = run(
            ["openssl", "dgst", "-sha256", "-sign", Path(self._signer.key)], stdin=content.encode()
        )
        return f"{content}.{_text(signature)}"


def _access(scope: str, user: str) -> dict[str, Any]:
    kind, name, actions = scope.split(":")
    allowed = actions.split(",") if user or not name.startswith(PRIVATE) else []
    if not user:
        allowed = [action for action in allowed if action == "pull"]
    return {"type": kind, "name": name, "actions": allowed}


def _basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def _part(content: dict[str, Any]) -> str:
    return _text(json.dumps(content).encode())


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _send(visit: BaseHTTPRequestHandler, status: int, content: dict[str, Any]) -> None:
    body = json.dumps(content).encode()
    visit.send_response(status)
    visit.send_header("Content-Type", "application/json")
    visit.send_header("Content-Length", str(len(body)))
    visit.end_headers()
    visit.wfile.write(body)
