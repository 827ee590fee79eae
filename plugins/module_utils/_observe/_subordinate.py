# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subordinate ids (subuid(5)): whose they are, which collide, and which nobody has."""

from __future__ import annotations

from typing import Any, Iterator

# What each account has, and where ranges begin by convention (login.defs(5): SUB_UID_MIN).
IDS = 65536
_FIRST_ID = 100000
_LAST_ID = 2**32 - 2


def ranges(text: str, accounts: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the ranges of subuid(5); an owner that is written as an id is named."""
    names = {str(account["uid"]): name for name, account in accounts.items()}
    found = []
    for line in text.splitlines():
        owner, *numbers = line.split(":")
        if len(numbers) == 2 and all(number.isdigit() for number in numbers):
            found.append(
                {
                    "owner": names.get(owner, owner),
                    "start": int(numbers[0]),
                    "count": int(numbers[1]),
                }
            )
    return found


def count(found: list[dict[str, Any]], owner: str) -> int:
    return max((item["count"] for item in found if item["owner"] == owner), default=0)


def free(
    ranges: dict[str, list[dict[str, Any]]], accounts: dict[str, dict[str, Any]], number: int
) -> list[int]:
    """Return where ranges may begin that hold no id of an account or of another range.

    The same range serves for users and groups.
    """
    taken = [(item["start"], item["start"] + item["count"]) for item in sum(ranges.values(), [])]
    for account in accounts.values():
        taken += [(account[kind], account[kind] + 1) for kind in ("uid", "gid")]
    found, start = [], _FIRST_ID
    for first, end in [*sorted(taken), (_LAST_ID, _LAST_ID)]:
        while start + IDS <= first and len(found) < number:
            found.append(start)
            start += IDS
        start = max(start, end)
    return found


def overlaps(kind: str, ranges: list[dict[str, Any]]) -> Iterator[str]:
    ordered = sorted(ranges, key=lambda item: item["start"])
    for index, left in enumerate(ordered):
        for right in ordered[index + 1 :]:
            if right["start"] >= left["start"] + left["count"]:
                break
            if left["owner"] != right["owner"]:
                yield (
                    f"/etc/sub{kind}: {left['owner']} and {right['owner']} from {right['start']} on"
                )
