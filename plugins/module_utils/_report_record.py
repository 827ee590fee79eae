# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host in a report: what people ask about it, out of facts and usage."""

from __future__ import annotations

from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._image_platforms import (
    Available,
    Target,
    select,
)
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform


def record(
    name: str,
    facts: dict[str, Any] | None,
    usage: dict[str, Any] | None = None,
    error: str = "",
) -> dict[str, Any]:
    """Return one host as the report shows it.

    :param facts: what docker_host_facts returned, None for a host that could not be observed
    :param usage: what docker_usage_facts returned
    :param error: why there are no facts
    """
    facts, usage, reachable = facts or {}, usage or {}, facts is not None
    docker = facts.get("docker") or {}
    server = docker.get("server") or {}
    engine = server.get("engine") or {}
    board, system = facts.get("board") or {}, facts.get("os") or {}
    storage = facts.get("storage") or {}
    memory, disk = usage.get("memory") or {}, usage.get("disk") or {}
    return {
        "name": name,
        "reachable": reachable,
        "error": error,
        "board": board.get("model") or board.get("vendor"),
        "release": system.get("pretty_name") or system.get("id"),
        "kernel": (facts.get("kernel") or {}).get("release"),
        "platform": (facts.get("platform") or {}).get("platform"),
        "engine": engine.get("version"),
        "api": engine.get("api_version"),
        "containerd": (server.get("containerd") or {}).get("version"),
        "runc": (server.get("runc") or {}).get("version"),
        "storage_driver": usage.get("storage_driver"),
        "memory_total_mb": memory.get("total_mb") or (facts.get("memory") or {}).get("total_mb"),
        "memory_available_mb": memory.get("available_mb"),
        "disk_total_mb": disk.get("total_mb"),
        "disk_free_mb": disk.get("free_mb", storage.get("free_mb")),
        "handlers": _handlers(facts),
        "findings": facts.get("findings") or [],
        "containers": usage.get("containers") or [],
        "images_unfit": _unfit(facts, usage),
        "problems": usage.get("problems") or [],
        # What Docker did not say: it was silent, or no daemon runs.
        "unknown": [
            name for name in ("containers", "images") if reachable and usage.get(name) is None
        ],
    }


def _handlers(facts: dict[str, Any]) -> list[dict[str, Any]]:
    emulation = facts.get("emulation") or {}
    return [
        {
            "name": one.get("name"),
            "architecture": one.get("architecture"),
            "works": one.get("works"),
            "fix_binary": bool(one.get("fix_binary")),
        }
        for one in emulation.get("handlers") or []
        if one.get("architecture")
    ]


def _unfit(facts: dict[str, Any], usage: dict[str, Any]) -> list[dict[str, str]]:
    """Return name and platform of the images that neither the cores nor a handler run."""
    try:
        platform = facts.get("platform") or {}
        target = Target(
            Platform.parse(platform.get("platform") or ""),
            tuple(_emulated(facts)),
            platform.get("aarch32") is not False,
        )
    except DockerHostError:
        return []
    found = []
    for image in usage.get("images") or []:
        if not image.get("architecture"):
            continue
        own = Platform.of_image(image["os"], image["architecture"], image["variant"])
        if select(target, [Available(own, "", 0)]) is None:
            found.append({"name": image["name"], "platform": str(own)})
    return found


def _emulated(facts: dict[str, Any]) -> list[Platform]:
    found = []
    for one in _handlers(facts):
        if one["works"] and one["fix_binary"]:
            try:
                found.append(Platform.parse(one["architecture"]))
            except DockerHostError:
                continue
    return found
