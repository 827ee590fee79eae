# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask programs for diagnostics, some side by side, and read what they say."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Iterator, Sequence

from ansible_collections.arm64.docker.plugins.module_utils._diagnostics_parts import Program
from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host
from ansible_collections.arm64.docker.plugins.module_utils._process import Result

# As many programs run at a time; more only wait for each other on a small board.
_AT_A_TIME = 4


def batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Yield as many of the items as are asked at a time."""
    for start in range(0, len(items), _AT_A_TIME):
        yield items[start : start + _AT_A_TIME]


def answers(host: Host, programs: Sequence[Program]) -> list[Result]:
    """Run programs side by side, each for its own time at most, and return what they answered."""
    pending = [host.runner.start(one.argv, min(one.seconds, host.left())) for one in programs]
    # All are listened to at once: who is not would wait at a full pipe.
    with ThreadPoolExecutor(len(pending)) as pool:
        return list(pool.map(lambda one: one.result(), pending))


def documents(said: str) -> Any:
    """Return the JSON document of an answer, or a list of those on its lines."""
    found = []
    for line in said.splitlines():
        try:
            found.append(json.loads(line))
        except (ValueError, RecursionError):
            found.append(line)
    return found[0] if len(found) == 1 else found


def reason(answer: Result) -> str:
    """Return in words why a program gave no answer."""
    if answer.missing:
        return f"there is no program {answer.argv[0] if answer.argv else ''}".rstrip()
    if answer.timed_out:
        return "no answer in time"
    return f"status {answer.rc}: {' '.join(answer.stderr.split())[:200]}"
