# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._docker_credentials import Credential
from ansible_collections.arm64.docker.plugins.module_utils._registry_challenge import (
    Challenge,
    parse_challenges,
    parse_token,
    token_request,
)

HUB = (
    'Bearer realm="https://auth.example.org/token",service="registry.example.org",'
    'scope="repository:library/nginx:pull,push",error="insufficient_scope"'
)


def read(*headers: str) -> list[tuple]:
    return [(one.scheme, dict(one.parameters)) for one in parse_challenges(headers)]


def test_the_challenge_of_a_registry_is_read() -> None:
    (challenge,) = parse_challenges([HUB])
    assert challenge.scheme == "bearer"
    assert challenge.parameters["realm"] == "https://auth.example.org/token"
    assert challenge.parameters["scope"] == "repository:library/nginx:pull,push"


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        (['Basic realm="x"'], [("basic", {"realm": "x"})]),
        (["BASIC REALM=x"], [("basic", {"realm": "x"})]),
        (["Basic"], [("basic", {})]),
        (['Basic realm="a \\"b\\" c"'], [("basic", {"realm": 'a "b" c'})]),
        (['Bearer realm="a", service=b'], [("bearer", {"realm": "a", "service": "b"})]),
        (['Bearer realm="a",Basic realm="b"'],
         [("bearer", {"realm": "a"}), ("basic", {"realm": "b"})]),
        (['Bearer realm="a"', 'Basic realm="b"'],
         [("bearer", {"realm": "a"}), ("basic", {"realm": "b"})]),
        (["Negotiate, Basic realm=x"], [("negotiate", {}), ("basic", {"realm": "x"})]),
        ([], []),
        ([""], []),
        (['"'], []),
    ],
)  # fmt: skip
def test_every_form_of_a_challenge_is_read(headers: list, found: list) -> None:
    assert read(*headers) == found


@given(st.text(alphabet='Bearbasic =",\\xy', max_size=60))
def test_any_header_is_read(header: str) -> None:
    assert isinstance(parse_challenges([header]), list)


def query(path: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(path).query)


def test_a_token_is_asked_for_with_a_scope_for_each_repository() -> None:
    challenge = Challenge("bearer", {"realm": "https://x/token?a=1", "service": "s t"})
    request = token_request(challenge, ["a/b", "c"], Credential("me", "word"))
    assert request.path.startswith("/token?a=1&")
    assert query(request.path) == {
        "a": ["1"],
        "service": ["s t"],
        "scope": ["repository:a/b:pull", "repository:c:pull"],
    }
    assert request.headers["Authorization"] == "Basic bWU6d29yZA=="
    assert "Authorization" not in token_request(challenge, ["a"], None).headers


def test_an_identity_token_is_sent_in_the_body() -> None:
    challenge = Challenge("bearer", {"realm": "https://x/token", "service": "s"})
    request = token_request(challenge, ["a"], Credential("", identity_token="secret"))
    assert "secret" not in request.path
    form = parse_qs(request.form)
    assert (form["grant_type"], form["refresh_token"]) == (["refresh_token"], ["secret"])


@pytest.mark.parametrize(
    ("body", "token"),
    [
        (b'{"token": "a", "expires_in": 300}', ("a", 300)),
        (b'{"access_token": "b"}', ("b", 60)),
        (b'{"token": "", "access_token": "b"}', ("b", 60)),
        (b'{"token": "a", "expires_in": -1}', ("a", 60)),
        (b'{"token": "a", "expires_in": "x"}', ("a", 60)),
        (b'{"token": "a", "expires_in": true}', ("a", 60)),
        (b'{"token": "a b"}', None),
        (b'{"token": "a\\n"}', None),
        (b'{"token": {}}', None),
        (b"[]", None),
        (b"", None),
        (b"[" * 10000, None),
    ],
)
def test_a_token_is_read_or_is_none(body: bytes, token: Any) -> None:
    found = parse_token(body)
    assert (found and (found.text, found.life)) == token
