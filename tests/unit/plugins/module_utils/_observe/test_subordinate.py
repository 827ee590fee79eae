# SPDX-License-Identifier: GPL-3.0-or-later
"""Subordinate ids that nobody has."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._observe import _subordinate

IDS = _subordinate.IDS
RANGES = st.lists(
    st.builds(
        lambda start, count: {"owner": "x", "start": start, "count": count},
        st.integers(0, 2**32),
        st.integers(0, 2**20),
    ),
    max_size=20,
)


@pytest.mark.parametrize(
    ("taken", "first"),
    [
        ([], 100000),
        ([(100000, IDS)], 100000 + IDS),
        ([(100001, 1)], 100002),
        ([(100000, IDS), (300000, 10)], 100000 + IDS),
        ([(2147483647, 2147483648)], 100000),
    ],
)
def test_the_first_gap_that_is_large_enough_is_taken(
    taken: list[tuple[int, int]], first: int
) -> None:
    ranges = [{"owner": "x", "start": start, "count": count} for start, count in taken]
    assert _subordinate.free({"uid": ranges, "gid": []}, {}, 1) == [first]


def test_the_ids_of_accounts_are_kept_clear() -> None:
    accounts = {"big": {"uid": 120000, "gid": 250000}}
    assert _subordinate.free({"uid": [], "gid": []}, accounts, 2) == [120001, 250001]


@given(RANGES, RANGES, st.integers(0, 5))
def test_free_ranges_collide_with_nothing(uids: list, gids: list, number: int) -> None:
    found = _subordinate.free({"uid": uids, "gid": gids}, {}, number)
    given_out = [{"owner": f"new{start}", "start": start, "count": IDS} for start in found]
    for ranges in (uids, gids):
        told = [
            text for text in _subordinate.overlaps("uid", [*ranges, *given_out]) if "new" in text
        ]
        assert [text for text in told if not _is_empty(text, ranges)] == []
    assert all(start + IDS < 2**32 for start in found)


def _is_empty(text: str, ranges: list) -> bool:
    """Tell whether the collision is with a range of no ids, which harms nobody."""
    start = int(text.rsplit(" from ", 1)[1].split(" ")[0])
    return any(item["start"] == start and item["count"] == 0 for item in ranges)
