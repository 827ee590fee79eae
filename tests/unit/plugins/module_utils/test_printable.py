# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._printable import encodable

TEXTS = st.text(st.characters(categories=("L", "Cs")), max_size=5)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
)


@pytest.mark.parametrize(
    ("document", "written"),
    [
        ({"/etc/caf\udce9": {"link": "/\udcff"}}, {"/etc/caf\\udce9": {"link": "/\\udcff"}}),
        (["\ud800", 1, None, True, "ü"], ["\\ud800", 1, None, True, "ü"]),
        ({"a": ("\udcff",)}, {"a": ["\\udcff"]}),
    ],
)
def test_what_is_not_utf_8_is_written_out_and_the_rest_stays(document: Any, written: Any) -> None:
    assert encodable(document) == written


@given(DOCUMENTS)
def test_every_document_can_be_sent(document: Any) -> None:
    sent = encodable(document)
    json.dumps(sent, ensure_ascii=False).encode()
    assert encodable(sent) == sent


def test_a_document_that_can_be_sent_is_not_copied() -> None:
    document = {"a": ["ü"]}
    assert encodable(document) is document
