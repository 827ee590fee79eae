# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers in diagnostics: what explains their state, and how to ask for their logs."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils._diagnostics_mask import environment
from ansible_collections.arm64.docker.plugins.module_utils._diagnostics_parts import (
    DOCKER,
    Program,
)


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
