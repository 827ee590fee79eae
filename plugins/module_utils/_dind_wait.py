# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait for an engine in a container, for as long as it may take and with little work."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any, Callable, Mapping

from ansible_collections.arm64.docker.plugins.module_utils._dind_export import CLIENT_FILES
from ansible_collections.arm64.docker.plugins.module_utils._dind_look import Docker
from ansible_collections.arm64.docker.plugins.module_utils._dind_proof import (
    Engine,
    all_said,
    engine,
    listening,
    serves,
    version,
)

# Among how many lines those are looked for by which the daemon says that it is ready.
_LINES, _LINES_OF_START = 400, 2000

# Seconds. Files and the port are looked at often; the container less so, and the engine once it
# serves, for those are processes that take the processor from it. Its log may be a moment behind.
_TICK, _GLANCE, _PAUSE, _LOG_DELAY = 0.1, 1.0, 0.5, 5.0


@dataclass(frozen=True)
class Look:
    """How to look. ``wait`` is how many seconds an engine may take until it answers."""

    docker: Docker
    wait: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time
    serves: Callable[[Engine, float], bool] = serves


def wait_for(
    instance: Mapping[str, Any], container: Mapping[str, Any] | None, folder: str, look: Look
) -> tuple[Engine | None, dict[str, Any] | None, str, Mapping[str, Any] | None]:
    """Ask the engine until it answers, its container has ended for good, or the time is up.

    :param container: as it was seen last
    :returns: how the engine is reached, its version, why it has none, and the container
    """
    start = look.clock()
    end = start + look.wait
    # Others may have been waited for since it was seen.
    seen = start - _GLANCE if look.wait else start
    while True:
        now = look.clock()
        pause = _TICK
        if now - seen >= _GLANCE:
            container = look.docker.inspect("container", [instance["name"]]).get(instance["name"])
            seen = now
        if container is None:
            return None, None, "Its container is gone.", None
        reached, facts = None, None
        state = container["State"]
        problem = f"Its container is {state['Status']} (exit status {state['ExitCode']})."
        # A container that has ended may be started again by the daemon, which then says so.
        over = state["Status"] in ("exited", "dead", "created", "paused")
        if state["Running"]:
            reached = engine(instance, container, folder)
            problem = "Its container has no address."
        ready = not folder or all(
            os.path.exists(os.path.join(folder, name)) for name in CLIENT_FILES
        )
        if reached is not None and not ready:
            problem = f"There are no client certificates in {folder} yet."
        elif reached is not None and (now >= end or look.serves(reached, _left(end, look))):
            docker, pause = look.docker, _PAUSE
            facts, problem = version(reached, docker.runner, docker.cli, _left(end, look))
        if facts is not None or over or now >= end:
            return reached, facts, problem, container
        look.sleep(pause)


def said_when_ready(
    name: str, container: Mapping[str, Any] | None, look: Look
) -> tuple[list[str], bool | None]:
    """Return the lines by which the daemon says that it is ready, and whether all were seen.

    None is for a log that is not kept, or that is so long that its beginning was not read.
    """
    limit = _LINES_OF_START if look.wait else _LINES
    since = container["State"]["StartedAt"] if container else ""
    end = look.clock() + (_LOG_DELAY if look.wait else 0)
    while True:
        lines = look.docker.logging(name, limit, since)()
        if lines is None:
            return [], None
        said = listening(lines)
        if all_said(said):
            return said, True
        if len(lines) >= limit:
            return said, None
        if look.clock() >= end:
            return said, False
        look.sleep(_TICK)


def _left(end: float, look: Look) -> float:
    """Return how many seconds one question may take."""
    return max(1.0, min(look.docker.timeout, end - look.clock()))
