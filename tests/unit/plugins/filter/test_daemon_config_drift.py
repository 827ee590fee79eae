# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.filter.daemon_config_drift import FilterModule
from ansible_collections.arm64.docker.plugins.module_utils._daemon_config import plan
from ansible_collections.arm64.docker.plugins.module_utils._observe._configuration import (
    read_daemon_config,
)
from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host
from ansible_collections.arm64.docker.tests.unit.fakes import FakeRunner

drift = FilterModule().filters()["daemon_config_drift"]

PROXY = "http://field:opensesame@proxy.example.org:3128"


def facts(root: Path, data: bytes | None) -> dict[str, Any]:
    """Return what docker_host_facts says of a file."""
    place = root / "etc/docker/daemon.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    if data is not None:
        place.write_bytes(data)
    return read_daemon_config(Host(str(root), FakeRunner(), 10))


@pytest.mark.parametrize(
    ("current", "wanted", "keys"),
    [
        ({"debug": True}, {"debug": True}, []),
        ({"debug": True}, {"debug": False, "mtu": 1400}, ["debug", "mtu"]),
        ({"debug": True, "labels": ["a=b"]}, {}, []),
        ({"debug": True}, {"debug": None, "mtu": None}, ["debug"]),
        ({"debug": True}, {"debug": 1}, ["debug"]),
        ({"log-opts": {"a": "1", "b": "2"}}, {"log-opts": {"b": "2"}}, []),
        ({"log-opts": {"a": "1"}}, {"log-opts": {"a": None}}, ["log-opts"]),
        ({"proxies": {"http-proxy": PROXY}}, {"proxies": {"http-proxy": PROXY}}, []),
        ({"proxies": {"http-proxy": PROXY}}, {"proxies": {"http-proxy": "http://p"}}, ["proxies"]),
        ({"log-opts": {"token": "one"}}, {"log-opts": {"token": "two"}}, ["log-opts"]),
        ({"log-opts": {"token": "one"}}, {"log-opts": {"token": None}}, ["log-opts"]),
        (None, {"debug": True}, ["debug"]),
        (None, {"debug": None}, []),
    ],
)
def test_the_keys_are_named_that_are_not_as_wanted(
    tmp_path: Path, current: dict | None, wanted: dict, keys: list[str]
) -> None:
    data = None if current is None else json.dumps(current).encode()
    assert drift(facts(tmp_path, data), wanted) == keys


def test_of_a_broken_file_all_wanted_keys_are_drift(tmp_path: Path) -> None:
    assert drift(facts(tmp_path, b"{"), {"mtu": None, "debug": True}) == ["debug", "mtu"]


_KEYS = st.sampled_from(["debug", "log-opts", "token", "http-proxy", "labels", "auth"])
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(0, 2)
    | st.sampled_from(
        ["", "a", "b=c", "password=x", "password=y", PROXY, "u:p@h", "https://x:y@z"]
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=6,
)
_DOCUMENTS = st.dictionaries(_KEYS, _VALUES, max_size=4)


@given(st.none() | _DOCUMENTS, _DOCUMENTS)
def test_it_names_what_the_module_would_change(
    tmp_path: Path, current: dict | None, wanted: dict
) -> None:
    data = None if current is None else json.dumps(current).encode()
    expected = plan(data, wanted, stale=False).changed_keys
    assert drift(facts(tmp_path, data), wanted) == list(expected)


@pytest.mark.parametrize("value", [None, "text", 7, ["a"], {}, {"content": {}}, {"valid": True}])
def test_what_are_no_facts_of_the_file_is_an_error_that_names_it(value: Any) -> None:
    with pytest.raises(AnsibleFilterError) as error:
        drift(value, {"debug": True})
    assert "arm64.docker.daemon_config_drift" in str(error.value)
    assert type(value).__name__ in str(error.value)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (None, "NoneType"),
        (["debug"], "list"),
        ("debug", "str"),
        ({"a": float("nan")}, "JSON"),
        ({"a": {1, 2}}, "JSON"),
        ({("a",): 1}, "JSON"),
    ],
)
def test_what_is_no_configuration_is_an_error_that_names_it(
    tmp_path: Path, wanted: Any, words: str
) -> None:
    with pytest.raises(AnsibleFilterError, match=words) as error:
        drift(facts(tmp_path, b"{}"), wanted)
    assert "arm64.docker.daemon_config_drift" in str(error.value)


def test_dictionaries_of_another_kind_are_compared_by_what_is_in_them(tmp_path: Path) -> None:
    """Templating hands over containers of its own, and keys that are not texts yet."""
    found = facts(tmp_path, b'{"labels": ["a=b"], "1": {"x": true}}')
    wanted = MappingProxyType({"labels": ("a=b",), 1: MappingProxyType({"x": True})})
    assert drift(MappingProxyType(found), wanted) == []
