# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers in diagnostics: what explains their state, and how to ask for their logs."""

from __future__ import annotations

import json
import re
from typing import Any, Sequence

from ansible_collections.arm64.docker.plugins.module_utils._diagnostics_ask import (
    answers,
    batches,
    reason,
)
from ansible_collections.arm64.docker.plugins.module_utils._diagnostics_mask import environment
from ansible_collections.arm64.docker.plugins.module_utils._diagnostics_parts import (
    DOCKER,
    Program,
)
from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host
from ansible_collections.arm64.docker.plugins.module_utils._process import Result

# Seconds that all containers may take together, and that one may.
_ALL, _ONE = 15.0, 3.0


def inspect(host: Host, ids: Sequence[str]) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return what ``docker inspect`` says of containers, and the reason for each it does not.

    One container that hangs holds up the answer for all. Then each is asked by itself, for half of
    the host's time that is left.
    """
    if not ids:
        return [], {}
    (answer,) = answers(host, [_inspection(ids, _ALL)])
    found = _containers(answer)
    if found is not None:
        return found, {}
    found, missing, least = [], {}, host.left() / 2
    for batch in batches(ids):
        if host.left() <= least:
            missing.update({f"container {one[:12]}": "the time was up" for one in batch})
            continue
        for one, said in zip(batch, answers(host, [_inspection([one], _ONE) for one in batch])):
            container = _containers(said)
            found += container or []
            if container is None:
                missing[f"container {one[:12]}"] = reason(said)
    if not found:
        missing["containers.json"] = reason(answer)
    return found, missing


def log_of(container: dict[str, Any], lines: int) -> Program:
    """Return how to read the last lines of a container's log, both of its streams."""
    argv = (*DOCKER, "logs", "--timestamps", "--tail", str(lines), container["id"])
    name = re.sub(r"[^\w.-]", "_", container["name"]) or container["id"][:12]
    return Program(f"logs/{name}.txt", f"log of {container['name']}", argv, 5.0, tail=True)


def describe(inspected: dict[str, Any]) -> dict[str, Any]:
    """Return what explains a container's state; its command may hold passwords and is left out."""
    state, config = inspected.get("State") or {}, inspected.get("Config") or {}
    wanted = inspected.get("HostConfig") or {}
    health = state.get("Health") or {}
    return {
        "id": inspected.get("Id", ""),
        "name": str(inspected.get("Name", "")).lstrip("/"),
        "image": config.get("Image"),
        "image_id": inspected.get("Image"),
        "platform": inspected.get("Platform"),
        "created": inspected.get("Created"),
        "restart_count": inspected.get("RestartCount"),
        "restart_policy": (wanted.get("RestartPolicy") or {}).get("Name"),
        "state": {key: value for key, value in state.items() if key != "Health"},
        "health": health.get("Status"),
        "failing_streak": health.get("FailingStreak"),
        "environment": environment(config.get("Env") or []),
        "privileged": wanted.get("Privileged"),
        "memory_limit": wanted.get("Memory"),
        "log_driver": (wanted.get("LogConfig") or {}).get("Type"),
        "ports": wanted.get("PortBindings"),
        "mounts": inspected.get("Mounts"),
        "networks": sorted((inspected.get("NetworkSettings") or {}).get("Networks") or {}),
    }


def _inspection(ids: Sequence[str], seconds: float) -> Program:
    argv = (*DOCKER, "inspect", "--type", "container", *ids)
    return Program("containers.json", "docker inspect", argv, seconds)


def _containers(answer: Result) -> list[dict[str, Any]] | None:
    """Return the containers of an answer, None where it is none; one that is gone is left out."""
    try:
        found = json.loads(answer.stdout)
    except (ValueError, RecursionError):
        return None
    return found if found or answer.ok or "no such" in answer.stderr.lower() else None
