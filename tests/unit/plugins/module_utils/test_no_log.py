# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._no_log import (
    censored,
    scrub,
    secrets,
    values,
)
from ansible_collections.arm64.docker.plugins.module_utils._secrets import mark

CONFIG = {
    "debug": True,
    "log-driver": "splunk",
    "log-opts": {"max-size": "10m", "splunk-token": "hunter2"},
    "proxies": {"http-proxy": "http://field:opensesame@proxy.example.org:3128"},
    "max-concurrent-downloads": 3,
    "labels": ["a=b", None],
}


def test_values_are_all_texts_and_numbers() -> None:
    """What Ansible censors of an option that is marked no_log."""
    assert values(CONFIG) == {
        "splunk",
        "10m",
        "hunter2",
        "http://field:opensesame@proxy.example.org:3128",
        "3",
        "a=b",
    }


def test_secrets_are_what_a_mask_hides_with_the_parts_of_addresses() -> None:
    assert secrets(CONFIG) == {
        "hunter2",
        "http://field:opensesame@proxy.example.org:3128",
        "field:opensesame",
        "opensesame",
    }


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"debug": True, "log-opts": {"max-size": "10m"}}, set()),
        ({"password": ""}, set()),
        ({"token": 4711}, {"4711"}),
        ({"tokens": ["one", "two"]}, {"one", "two"}),
        ({"registry-mirrors": ["https://u:pw@m"]}, {"https://u:pw@m", "u:pw"}),
        ({"proxies": {"http-proxy": "u:secret@p"}}, {"u:secret@p", "u:secret", "secret"}),
        ({}, set()),
    ],
)
def test_what_is_a_secret_is_known_by_its_key_or_its_place(
    document: dict[str, Any], found: set[str]
) -> None:
    assert secrets(document) == found


def test_ansible_censors_secrets_and_no_other_value_of_the_option() -> None:
    """A value of another option stays censored, also where the two are equal."""
    assert censored(values(CONFIG) | {"elsewhere"}, CONFIG) == secrets(CONFIG) | {"elsewhere"}


@pytest.mark.parametrize(
    "text",
    [
        'level=info msg="Reloaded configuration: {\\"splunk-token\\":\\"hunter2\\"}"',
        '{"http-proxy":"http://field:opensesame@proxy.example.org:3128"}',
        "invalid userinfo field:opensesame",
        "proxyconnect: password opensesame refused",
    ],
)
def test_a_text_of_another_program_comes_without_secrets(text: str) -> None:
    found = scrub(text, secrets(CONFIG))
    assert "hunter2" not in found
    assert "opensesame" not in found
    assert "sha256:" in found


def test_a_secret_is_found_in_the_form_that_go_gives_it() -> None:
    document = {"token": 'a&b<c>"d\\e'}
    go = r'{"token":"a\u0026b\u003cc\u003e\"d\\e"}'
    assert scrub(go, secrets(document)) == f'{{"token":"{mark(document["token"])}"}}'


def test_an_address_that_is_in_no_configuration_loses_its_password_too() -> None:
    assert "hunter2" not in scrub("GET https://field:hunter2@registry.example.org/v2/", set())


@given(st.text(alphabet='ghijkl&<"\\ ', min_size=6, max_size=12))
def test_no_secret_of_a_document_survives_in_its_text(secret: str) -> None:
    document = {"password": secret}
    found = scrub(json.dumps(document, ensure_ascii=False), secrets(document))
    assert secret not in found
    assert json.dumps(secret)[1:-1] not in found
