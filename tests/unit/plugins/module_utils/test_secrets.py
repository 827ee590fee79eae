# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._secrets import mark, mask, mask_text

MARK = re.compile(r"^sha256:[0-9a-f]{6}$")


def test_a_marker_is_the_beginning_of_the_digest() -> None:
    assert mark("hunter2") == "sha256:f52fbd"


def test_a_marker_changes_with_the_secret_and_only_then() -> None:
    assert mark("one") == mark("one")
    assert mark("one") != mark("two")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("https://user:hunter2@mirror.example.org/debian", "https://@mirror.example.org/debian"),
        ("https://token@mirror.example.org/", "https://@mirror.example.org/"),
        ("http://user:p%40ss@proxy:3128", "http://@proxy:3128"),
        ("http://user:p@ss@proxy:3128", "http://@proxy:3128"),
        ("http://user:p'ss@proxy:3128", "http://@proxy:3128"),
        ("socks5h://u:p@proxy", "socks5h://@proxy"),
        ("see http://a:b@x and http://c:d@y", "see http://@x and http://@y"),
        ("https://mirror.example.org/a@b", None),
        ("https://mirror.example.org/debian", None),
        ("admin@example.org", None),
        ("file:///srv/mirror", None),
        ("tcp://192.0.2.7:2376", None),
        ("", None),
    ],
)
def test_user_and_password_go_from_addresses_and_the_rest_stays(
    text: str, masked: str | None
) -> None:
    found = mask_text(text)
    assert re.sub(r"sha256:[0-9a-f]{6}@", "@", found) == (text if masked is None else masked)


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "Password",
        "registry_passwd",
        "secret",
        "client-secret",
        "token",
        "splunk-token",
        "credentials",
        "api_key",
        "apikey",
        "api-key",
        "auth",
        "X-Registry-Auth",
    ],
)
def test_a_text_under_a_key_that_names_a_secret_becomes_a_marker(key: str) -> None:
    found = mask({"log-opts": {key: "hunter2"}})["log-opts"][key]
    assert MARK.match(found)
    assert found == mark("hunter2")


@pytest.mark.parametrize(
    "document",
    [
        {"data-root": "/srv/docker", "debug": True, "max-concurrent-downloads": 3},
        {"log-driver": "json-file", "log-opts": {"max-size": "10m"}},
        {"insecure-registries": ["registry.example.org:5000"], "dns": []},
        {"registry-mirrors": ["https://mirror.example.org"]},
        {"tlskey": "/etc/docker/key.pem", "authorization-plugins": ["policy"]},
        {"password": ""},
        {},
        [],
        None,
        7,
    ],
)
def test_what_is_no_secret_stays(document: Any) -> None:
    assert mask(document) == document


def test_secrets_in_lists_become_markers_too() -> None:
    assert mask({"tokens": ["one", "two"]}) == {"tokens": [mark("one"), mark("two")]}


@pytest.mark.parametrize(
    "proxy",
    [
        "http://user:hunter2@proxy.example.org:3128",
        "https://user:hunter2@proxy.example.org",
        "user:hunter2@proxy.example.org:3128",
    ],
)
def test_proxies_lose_user_and_password(proxy: str) -> None:
    """Docker takes a proxy without a scheme too (Go's httpproxy)."""
    found = mask({"proxies": {"http-proxy": proxy, "https-proxy": proxy, "no-proxy": "localhost"}})
    text = json.dumps(found)
    assert "hunter2" not in text
    assert "user" not in text
    assert "proxy.example.org" in found["proxies"]["http-proxy"]
    assert found["proxies"]["no-proxy"] == "localhost"


def test_a_changed_secret_is_still_a_change() -> None:
    one, two = ({"log-opts": {"splunk-token": value}} for value in ("one", "two"))
    assert mask(one) != mask(two)
    assert mask(one) == mask(one)


def test_the_original_is_not_changed() -> None:
    document = {"proxies": {"http-proxy": "http://u:p@h"}, "tokens": ["one"]}
    before = json.dumps(document)
    mask(document)
    assert json.dumps(document) == before


_SECRET = st.text(alphabet="ghijklmnop@:'\"!$&*%.-_~", min_size=6, max_size=20)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3)
    ),
    max_leaves=10,
)


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return type(value)


@given(_JSON)
def test_a_masked_document_keeps_its_shape(document: Any) -> None:
    assert shape(mask(document)) == shape(document)


@given(_SECRET)
def test_no_password_in_an_address_can_be_read(secret: str) -> None:
    assume(secret.strip("@:"))
    found = mask_text(f"https://user:{secret}@registry:5000/path")
    assert MARK.match(found[len("https://") :].partition("@")[0])
    assert found.endswith("@registry:5000/path")
    assert secret not in found


@given(_SECRET)
def test_no_secret_under_its_key_can_be_read(secret: str) -> None:
    assert secret not in json.dumps(mask({"a": [{"password": secret}], "token": secret}))


@pytest.mark.parametrize(
    "document",
    [
        {"labels": ["password=hunter2"]},
        {"runtimes": {"kata": {"runtimeArgs": ["--token=hunter2"]}}},
        {"log-opts": {"splunk-token": 4711}},
        {"registry-mirrors": ["//user:hunter2@mirror.example.org"]},
    ],
)
def test_secrets_in_lists_numbers_and_bare_addresses_are_masked(document: dict[str, Any]) -> None:
    text = json.dumps(mask(document))
    assert "hunter2" not in text
    assert "4711" not in text
    assert "sha256:" in text
