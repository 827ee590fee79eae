# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why instances of Docker in Docker cannot be on one host, by what was asked for."""

from __future__ import annotations

import ipaddress
from itertools import combinations
from typing import Any, Mapping

from ansible_collections.arm64.docker.plugins.module_utils._dind_wish import CLI


def together(instances: list[dict[str, Any]]) -> list[str]:
    """Return why complete instances cannot be on one host, one sentence for each reason."""
    present = [instance for instance in instances if instance["state"] == "present"]
    engines = [instance for instance in present if instance["variant"] != CLI]
    reasons = []
    for option, why in (
        ("name", "give each a name of its own"),
        ("network", "both would answer to 'docker' by turns; give each a network of its own"),
        ("client_volume", "each would overwrite the other's certificates"),
        ("ca_volume", "each would overwrite the other's authority"),
        ("storage_volume", "two daemons on one storage destroy it"),
    ):
        shared = _shared(
            [
                (instance[option], instance)
                for instance in (present if option == "name" else engines)
            ]
        )
        for value, names in shared:
            reasons.append(f"{' and '.join(names)} have the same {option} '{value}': {why}.")
    return [*reasons, *_ports(engines), *_exports(engines), *_clients(present, engines)]


def meet(one: str, other: str) -> bool:
    """Tell whether two addresses take the same port from each other."""
    first, second = ipaddress.ip_address(one), ipaddress.ip_address(other)
    if first.version != second.version:
        return False
    return first == second or first.is_unspecified or second.is_unspecified


def _ports(engines: list[dict[str, Any]]) -> list[str]:
    published = [instance for instance in engines if instance["port"]]
    return [
        f"{one['name']} and {other['name']} are both published on port {one['port']}, of "
        f"{one['address']} and {other['address']}: give each a port of its own."
        for one, other in combinations(published, 2)
        if one["port"] == other["port"] and meet(one["address"], other["address"])
    ]


def _exports(engines: list[dict[str, Any]]) -> list[str]:
    exports = [(instance["export"], instance) for instance in engines if instance["export"]]
    reasons = []
    for (_to, path), names in _shared(
        [((export["to"], export["path"].rstrip("/")), instance) for export, instance in exports]
    ):
        reasons.append(
            f"{' and '.join(names)} are exported to the same folder {path}: each would overwrite "
            "the other's certificates."
        )
    # The controller is one place for all; on the host each user has contexts of their own.
    for (_to, _owner, context), names in _shared(
        [
            (
                (export["to"], export["to"] == "host" and export["owner"], export["context"]),
                instance,
            )
            for export, instance in exports
            if export["context"]
        ]
    ):
        reasons.append(f"{' and '.join(names)} have the same docker context '{context}'.")
    return reasons


def _clients(present: list[dict[str, Any]], engines: list[dict[str, Any]]) -> list[str]:
    known = {instance["name"] for instance in engines}
    return [
        f"{instance['name']}: engine is '{instance['engine']}'; a cli needs the name of one of the "
        f"engines: {', '.join(sorted(known)) or 'there are none'}."
        for instance in present
        if instance["variant"] == CLI and instance["engine"] not in known
    ]


def _shared(values: list[tuple[Any, Mapping[str, Any]]]) -> list[tuple[Any, list[str]]]:
    owners: dict[Any, list[str]] = {}
    for value, instance in values:
        owners.setdefault(value, []).append(instance["name"])
    return [(value, names) for value, names in owners.items() if len(names) > 1]
