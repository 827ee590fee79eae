# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._daemon_config import (
    RELOADABLE,
    applied,
    merge,
    parse,
    plan,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._json_object import read, same

# Few keys, so that documents have some in common.
KEYS = st.sampled_from(["debug", "labels", "features", "log-opts", "buildkit", "x"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["", "a", "b"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=4)
FILES = st.none() | DOCUMENTS.map(json.dumps).map(str.encode)


def encode(document: dict[str, Any] | None) -> bytes | None:
    return None if document is None else json.dumps(document).encode()


@pytest.mark.parametrize(
    ("current", "wanted", "merged"),
    [
        ({}, {"debug": True}, {"debug": True}),
        ({"runtimes": {"nvidia": {"path": "n"}}}, {"debug": True}, None),
        ({"a": 1}, {"a": None}, {}),
        ({"a": 1}, {"b": None}, {"a": 1}),
        ({"dns": ["1.1.1.1"]}, {"dns": ["9.9.9.9"]}, {"dns": ["9.9.9.9"]}),
        ({"log-opts": {"a": "1"}}, {"log-opts": {"b": "2"}}, {"log-opts": {"a": "1", "b": "2"}}),
        ({"log-opts": {"a": "1", "b": "2"}}, {"log-opts": {"a": None}}, {"log-opts": {"b": "2"}}),
        ({"r": {"n": {"path": "n", "args": []}}}, {"r": {"n": {"args": None}}}, None),
        ({"a": {"b": 1}}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": ["b"]}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": "text"}, {"a": {"b": None}}, {}),
        ({"a": None}, {}, {"a": None}),
        ({}, {"a": [{"b": None}]}, {"a": [{"b": None}]}),
    ],
)
def test_wanted_keys_come_in_and_foreign_ones_stay(
    current: dict[str, Any], wanted: dict[str, Any], merged: dict[str, Any] | None
) -> None:
    special = {
        "debug": {"runtimes": {"nvidia": {"path": "n"}}, "debug": True},
        "r": {"r": {"n": {"path": "n"}}},
    }
    expected = special[next(iter(wanted))] if merged is None else merged
    assert merge(current, wanted) == expected


@pytest.mark.parametrize(
    ("current", "wanted", "merged"),
    [
        ({"log-opts": {"a": "1"}}, {"log-opts": {"a": None}}, {}),
        ({"r": {"n": {"a": 1}}}, {"r": {"n": {"a": None}}}, {}),
        ({"r": {"n": {"a": 1}, "m": 2}}, {"r": {"n": {"a": None}}}, {"r": {"m": 2}}),
        ({}, {"log-opts": {"a": None}}, {}),
        ({"log-opts": {}}, {"log-opts": {"a": None}}, {"log-opts": {}}),
        ({}, {"log-opts": {}}, {"log-opts": {}}),
        ({"log-opts": {"a": "1"}}, {"log-opts": {}}, {"log-opts": {"a": "1"}}),
    ],
)
def test_a_dictionary_that_loses_its_last_key_goes_unless_it_was_empty_before(
    current: dict[str, Any], wanted: dict[str, Any], merged: dict[str, Any]
) -> None:
    assert merge(current, wanted) == merged


def test_merging_changes_neither_of_the_two() -> None:
    current, wanted = {"a": {"b": 1}}, {"a": {"c": [1]}}
    before = copy.deepcopy((current, wanted))
    merge(current, wanted)
    assert (current, wanted) == before


@given(DOCUMENTS, DOCUMENTS)
def test_merging_twice_is_merging_once(current: dict[str, Any], wanted: dict[str, Any]) -> None:
    once = merge(current, wanted)
    assert same(merge(once, wanted), once)


@given(DOCUMENTS, DOCUMENTS)
def test_foreign_keys_stay_with_their_values(
    current: dict[str, Any], wanted: dict[str, Any]
) -> None:
    merged = merge(current, wanted)
    for key in set(current) - set(wanted):
        assert same(merged[key], current[key])
    assert set(merged) <= {*current, *wanted}


@given(FILES, DOCUMENTS)
def test_a_plan_that_was_carried_out_has_nothing_left(
    current: bytes | None, wanted: dict[str, Any]
) -> None:
    first = plan(current, wanted, stale=False)
    again = plan(first.data, wanted, stale=False)
    assert (again.writes, again.changed_keys, again.apply) == (False, (), "none")
    assert again.data == first.data


@given(DOCUMENTS)
def test_a_document_needs_nothing_to_become_itself(document: dict[str, Any]) -> None:
    wanted = {key: value for key, value in document.items() if value is not None}
    if "null" not in json.dumps(wanted):
        found = plan(encode(document), wanted, stale=False)
        assert (found.writes, found.apply) == (False, "none")
        assert found.data == encode(document)


@given(
    st.none() | st.binary() | st.text().map(str.encode) | VALUES.map(json.dumps).map(str.encode),
    DOCUMENTS,
    st.booleans(),
)
def test_whatever_stands_in_the_file_there_is_a_plan_or_an_error_of_ours(
    data: bytes | None, wanted: dict[str, Any], force: bool
) -> None:
    if not force and read(data or b"")[0] is None:
        with pytest.raises(DockerHostError, match=r"/etc/docker/daemon\.json is broken"):
            plan(data, wanted, stale=False)
        return
    found = plan(data, wanted, stale=False, force=force)
    assert found.writes is (found.data != data)


@given(FILES, DOCUMENTS, st.booleans())
def test_only_what_reloads_is_reloaded(
    current: bytes | None, wanted: dict[str, Any], stale: bool
) -> None:
    found = plan(current, wanted, stale=stale)
    if found.apply == "reload":
        assert set(found.changed_keys) <= RELOADABLE
        assert found.restart_keys == ()
        assert not stale
    if found.apply == "none":
        assert not found.writes
        assert not stale


@pytest.mark.parametrize(
    ("before", "wanted", "apply"),
    [
        ({}, {"debug": True}, "reload"),
        ({"debug": True}, {"debug": False}, "reload"),
        ({}, {"registry-mirrors": ["https://mirror.example.org"], "labels": ["a=b"]}, "reload"),
        ({}, {"live-restore": True, "data-root": "/srv"}, "restart"),
        ({}, {"log-opts": {"max-size": "10m"}}, "restart"),
        ({"max-concurrent-downloads": 1}, {"max-concurrent-downloads": None}, "reload"),
        ({"authorization-plugins": ["a"]}, {"authorization-plugins": None}, "reload"),
        ({"debug": True}, {"debug": None}, "restart"),
        ({"live-restore": True}, {"live-restore": None}, "restart"),
        ({"registry-mirrors": ["https://m"]}, {"registry-mirrors": None}, "restart"),
        ({}, {"features": {"buildkit": False}}, "reload"),
        ({"features": {"buildkit": False}}, {"features": {"buildkit": None}}, "reload"),
        ({}, {"features": {"containerd-snapshotter": True}}, "restart"),
        ({"features": "x"}, {"features": {"buildkit": True}}, "restart"),
        ({"debug": True}, {"debug": True}, "none"),
        ({"debug": True}, {"debug": 1}, "reload"),
    ],
)
def test_a_change_reloads_where_the_daemon_takes_it_over_that_way(
    before: dict[str, Any], wanted: dict[str, Any], apply: str
) -> None:
    assert plan(encode(before), wanted, stale=False).apply == apply


def test_a_file_that_the_daemon_has_not_loaded_needs_a_restart() -> None:
    data = b'{"debug": true}'
    assert plan(data, {"debug": True}, stale=True).apply == "restart"
    assert plan(data, {"debug": True}, stale=True).data == data
    assert plan(data, {"debug": False}, stale=True).apply == "restart"


def test_an_unchanged_file_keeps_every_byte() -> None:
    data = b'{ "debug" :true,\t"x": 1.50 }'
    found = plan(data, {"debug": True}, stale=False)
    assert (found.data, found.writes) == (data, False)


def test_a_changed_file_is_written_with_its_keys_where_they_were() -> None:
    found = plan(b'{"z": 1, "m": 2, "a": 3}', {"m": 9, "a": None, "b": 4}, stale=False)
    assert found.data == b'{\n  "z": 1,\n  "m": 9,\n  "b": 4\n}\n'
    assert found.changed_keys == ("a", "b", "m")


@pytest.mark.parametrize(
    ("current", "wanted", "data"),
    [(None, {}, None), (None, {"a": None}, None), (b" \n", {}, b" \n"), (None, {"a": {}}, ...)],
)
def test_a_file_is_made_only_for_something_to_stand_in_it(
    current: bytes | None, wanted: dict[str, Any], data: Any
) -> None:
    found = plan(current, wanted, stale=False)
    assert found.data == (b'{\n  "a": {}\n}\n' if data is ... else data)


def test_a_broken_file_is_an_error_with_its_place() -> None:
    with pytest.raises(DockerHostError) as error:
        parse(b'{\n  "debug": yes\n}', "/etc/docker/daemon.json")
    assert "/etc/docker/daemon.json is broken: line 2, column 12" in error.value.message
    assert "force: true" in error.value.remedy


def test_a_broken_file_is_replaced_when_that_is_forced() -> None:
    found = plan(b"{", {"debug": True}, stale=False, force=True)
    assert (found.before, found.after, found.apply) == ({}, {"debug": True}, "restart")
    assert (found.writes, found.data) == (True, b'{\n  "debug": true\n}\n')
    assert "line 1" in found.fault
    assert plan(b"{", {}, stale=False, force=True).data == b"{}\n"


@pytest.mark.parametrize("value", [float("inf"), "\ud800", [[]] * 3 + [{1}]])
def test_a_wanted_value_that_no_file_can_hold_is_an_error(value: Any) -> None:
    with pytest.raises(DockerHostError, match="no JSON document"):
        plan(None, {"a": value}, stale=False)


def test_a_wanted_configuration_that_is_too_deep_is_an_error() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"a": deep}
    with pytest.raises(DockerHostError, match="nested deeper"):
        plan(None, deep, stale=False)


@pytest.mark.parametrize(
    ("modified", "loaded", "known"),
    [
        (100.0, 100.5, True),
        (100.0, 100.0, True),
        (100.25, 100.0, False),
        (None, 100.0, None),
        (100.0, None, None),
        (1000.5, 100.0, None),
    ],
)
def test_a_file_is_applied_where_the_daemon_loaded_it_after_its_last_change(
    modified: float | None, loaded: float | None, known: bool | None
) -> None:
    """A change in the future says that the clock of the board is behind."""
    assert applied(modified, loaded, now=1000.0) is known
