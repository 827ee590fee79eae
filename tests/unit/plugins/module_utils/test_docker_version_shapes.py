# SPDX-License-Identifier: GPL-3.0-or-later
"""What is not Docker's answer, or only part of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._docker_version import parse
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.tests.unit.hosts import FIXTURES, fixture

FILES = sorted(path.stem for path in (FIXTURES / "docker_version").glob("*.json"))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "nothing at all"),
        ("  \n", "nothing at all"),
        ("json\n", "json"),
        ("Docker version 26.1.5+dfsg1, build a72d7cd\n", "Docker version 26.1.5"),
        ("<html>proxy</html>", "<html>"),
        ("{", "{"),
        ("[" * 100000, "[["),
        ("9" * 5000, "99"),
        ("null", "null"),
        ("true", "true"),
        ("[]", "[]"),
        ('"26.1.5"', "26.1.5"),
        ("{}", "{}"),
        ('{"Client": null}', "Client"),
        ('{"Client": "26.1.5"}', "Client"),
        ('{"Server": {"Version": "26.1.5"}}', "Server"),
    ],
)
def test_what_is_not_dockers_answer_is_an_error_with_an_excerpt(text: str, named: str) -> None:
    with pytest.raises(DockerHostError) as error:
        parse(text)
    assert "docker version" in error.value.message
    assert named in error.value.message
    assert len(error.value.message) < 600
    assert error.value.remedy


@pytest.mark.parametrize("name", FILES)
def test_an_answer_that_was_cut_off_is_the_documented_error(name: str) -> None:
    text = json.dumps(json.loads(fixture(f"docker_version/{name}.json")))
    for length in range(len(text)):
        with pytest.raises(DockerHostError):
            parse(text[:length])


@pytest.mark.parametrize(
    "server",
    [
        {},
        [],
        "29.1.3",
        {"Version": ""},
        {"Version": None},
        {"Version": 29},
        {"Version": "29.1.3"},
        {"Version": "29.1.3", "Platform": None},
        {"Version": "29.1.3", "Platform": "Docker Desktop 4.40.0 (187762)"},
        {"Version": "29.1.3", "Platform": {"Name": None}},
        {"Version": "29.1.3", "Platform": {"Name": 7}},
        {"Version": "29.1.3", "Components": {"Engine": {}}},
        {"Version": "29.1.3", "Components": [None, 1, "runc", [], {}]},
        {"Version": "29.1.3", "Components": [{"Name": "runc", "Details": None}]},
        {"Version": "29.1.3", "Components": [{"Name": "runc", "Details": "x"}]},
        {"Version": "29.1.3", "Components": [{"Name": "Engine", "Details": ["x"]}]},
        {"Version": "29.1.3", "Components": [{"Name": 1, "Version": 2}]},
        {"Version": "29.1.3", "Os": "plan9", "Arch": "vax"},
    ],
)
def test_a_server_of_another_shape_is_read_as_far_as_it_goes(server: Any) -> None:
    found = parse(json.dumps({"Client": {"Version": "29.1.3"}, "Server": server}))
    assert set(found) == {"client", "server", "platform", "table"}
    json.dumps(found)


_KEYS = st.sampled_from(
    ["Client", "Server", "Version", "Platform", "Name", "Components", "Details", "Os", "Arch"]
)
_DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=20,
)


def read(text: str) -> dict[str, Any] | DockerHostError:
    try:
        return parse(text)
    except DockerHostError as error:
        return error


@given(st.dictionaries(_KEYS, _DOCUMENTS) | st.fixed_dictionaries({"Client": _DOCUMENTS}))
def test_any_document_is_read_or_the_documented_error(document: Any) -> None:
    found = read(json.dumps(document))
    assert isinstance(found, dict) or found.remedy


@given(st.dictionaries(_KEYS, _DOCUMENTS))
def test_any_server_is_read(server: Any) -> None:
    found = parse(json.dumps({"Client": {"Version": "29.1.3"}, "Server": server}))
    json.dumps(found)


@given(st.text())
def test_any_text_is_read_or_the_documented_error(text: str) -> None:
    found = read(text)
    assert isinstance(found, dict) or found.remedy
