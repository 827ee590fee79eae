# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find containers that use what an engine of Docker in Docker has to have for itself."""

from __future__ import annotations

from typing import Any, Mapping

from ansible_collections.arm64.docker.plugins.module_utils._dind_container import ALIAS
from ansible_collections.arm64.docker.plugins.module_utils._dind_look import Docker


def neighbours(
    instances: list[Mapping[str, Any]],
    containers: Mapping[str, Any],
    networks: Mapping[str, Any],
    volumes: Mapping[str, Any],
    docker: Docker,
) -> dict[str, dict[str, list[str]]]:
    """Return the other containers with an engine's ``alias`` and ``storage``, by the instance.

    Of an engine that goes, those in its ``network``, unless that stays with another engine.

    Those of the instances themselves do not count: they are compared before anything is asked.
    What costs a process is asked only where there is somebody, or the volume is not in use yet.

    :param containers: what docker says of those of the instances, by name; so the others
    """
    own = {instance["name"] for instance in instances}
    engines = [one for one in instances if one["container"] and one["variant"] != "cli"]
    members = {
        engine["name"]: _members(networks.get(engine["network"])) - own for engine in engines
    }
    inspecting = docker.inspecting("container", sorted(set().union(*members.values())))
    kept = {engine["network"] for engine in engines}
    attached = {
        one["name"]: docker.using("network", one["network"])
        for one in instances
        if not one["container"] and one["variant"] != "cli"
        if one["network"] in networks and one["network"] not in kept
    }
    using = {
        engine["name"]: docker.using("volume", engine["storage_volume"])
        for engine in engines
        if engine["storage_volume"] in volumes
        and not _mounts(containers.get(engine["name"]), engine["storage_volume"])
    }
    others = inspecting()
    leaving = {
        name: {"alias": [], "storage": [], "network": sorted(set(answer()) - own)}
        for name, answer in attached.items()
    }
    present = {
        engine["name"]: {
            "alias": sorted(
                name
                for name in members[engine["name"]]
                if ALIAS in _aliases(others.get(name), engine["network"])
            ),
            "storage": sorted(set(using.get(engine["name"], list)()) - own),
            "network": [],
        }
        for engine in engines
    }
    return {**leaving, **present}


def _members(network: Mapping[str, Any] | None) -> set[str]:
    """Return the names of the containers that run in a network."""
    return {member["Name"] for member in ((network or {}).get("Containers") or {}).values()}


def _aliases(container: Mapping[str, Any] | None, network: str) -> list[str]:
    attached = ((container or {}).get("NetworkSettings") or {}).get("Networks") or {}
    return (attached.get(network) or {}).get("Aliases") or []


def _mounts(container: Mapping[str, Any] | None, volume: str) -> bool:
    return any(mount.get("Name") == volume for mount in (container or {}).get("Mounts") or [])
