# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._json_object import (
    MAX_DEPTH,
    read,
    same,
    unwritable,
    write,
)

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("data", [b"", b" \n\t\r\n"])
def test_a_file_of_white_space_is_an_empty_object(data: bytes) -> None:
    assert read(data) == ({}, None)


def test_an_object_is_read_with_its_keys_in_their_order() -> None:
    document, fault = read('{"z": 1, "a": {"ü": [true, null, 1.5]}}'.encode())
    assert fault is None
    assert list(document) == ["z", "a"]
    assert document["a"] == {"ü": [True, None, 1.5]}


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b'{"debug": true', "line 1, column 15: Expecting ',' delimiter"),
        (b'{\n  "debug": yes\n}', "line 2, column 12: Expecting value"),
        (b'{"a": 1}\n{"b": 2}', "line 2, column 1: Extra data"),
        (b'{"a": "\t"}', "line 1, column 8: Invalid control character at"),
        (b"\0\0\0", "line 1, column 1: Expecting value"),
        (b'{\n"label": "\xff"}', "line 2, column 11: this is not UTF-8 (byte 0xff)"),
        (b"\xff\xfe{\0}\0", "line 1, column 1: this is not UTF-8 (byte 0xff)"),
        (b"\xef\xbb\xbf{}", "line 1, column 1: a byte order mark; save the file as UTF-8 without"),
        (
            b'{"debug": true,\n "debug": false}',
            'line 2, column 2: the key "debug" stands there twi',
        ),
        (b'{"r": {"a": 1, "a": 2}, "s": {"a": 3}}', 'the key "a" stands there twice'),
        (b'{"a": NaN}', "NaN is no number of JSON"),
        (b'{"a": -Infinity}', "-Infinity is no number of JSON"),
        (b'{"a": 1e999}', "the number 1e999 is out of range"),
        (b'{"a": "\\ud800"}', "half of a surrogate pair"),
        (b'{"a": ' * 100000, "nested deeper than 64 levels"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "nested deeper than 64 levels"),
        (b"[]", "it is not a JSON object"),
        (b"null", "it is not a JSON object"),
        (b'"debug"', "it is not a JSON object"),
    ],
)
def test_what_is_broken_is_told_with_its_place(data: bytes, fault: str) -> None:
    document, found = read(data)
    assert document is None
    assert fault in found


def test_a_number_of_thousands_of_digits_is_told_and_no_traceback() -> None:
    document, fault = read(b'{"a": ' + b"1" * 5000 + b"}")
    assert (document is None) is (fault is not None)


def test_as_many_levels_as_are_allowed_are_read() -> None:
    document, fault = read(b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH)
    assert fault is None
    assert "a" in document


@given(st.binary() | st.text().map(str.encode) | JSON.map(json.dumps).map(str.encode))
def test_any_file_is_an_object_or_a_fault(data: bytes) -> None:
    document, fault = read(data)
    assert (document is None) is bool(fault)


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=4))
def test_what_was_written_is_read_again(document: dict[str, Any]) -> None:
    assert same(read(write(document))[0], document)
    assert write(document) == write(read(write(document))[0])


def test_a_document_is_written_for_people_to_read() -> None:
    assert write({"b": "Büro", "a": []}) == '{\n  "b": "Büro",\n  "a": []\n}\n'.encode()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"a": float("nan")}, "cannot be written as JSON"),
        ({"a": "\ud800"}, "surrogate"),
        ({"a": {1, 2}}, "cannot be written as JSON"),
        ({("a", "b"): 1}, "cannot be written as JSON"),
    ],
)
def test_what_no_file_can_hold_is_told(value: Any, words: str) -> None:
    assert words in unwritable(value)
    assert unwritable({"a": [1, None, "x"]}) is None


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (True, 1, False),
        (1, 1.0, False),
        ("1", 1, False),
        (None, False, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ([1, 2], [2, 1], False),
    ],
)
def test_values_are_compared_as_json_does(one: Any, other: Any, equal: bool) -> None:
    assert same(one, other) is equal
