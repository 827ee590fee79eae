# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why instances of Docker in Docker cannot be made on a host; found before anything is changed."""

from __future__ import annotations

import os
from typing import Any, Iterable, Mapping

from ansible_collections.arm64.docker.plugins.module_utils._dind_together import meet
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform


def refusals(
    instance: Mapping[str, Any],
    seen: Mapping[str, Any],
    ports: Iterable[tuple[str, str, int]],
    platform: str,
    replace: bool,
) -> list[str]:
    """Return why an instance cannot be here, one sentence with a remedy for each reason.

    :param seen: what _dind_state.look_at returned of it
    :param ports: container, address and port of all that is published on the host
    :param replace: whether certificates of another authority may be replaced
    """
    name = instance["name"]
    container = seen["container"]
    reasons = []
    if container is not None and container["owner"] != name:
        reasons.append(
            "a container of that name is there, and was not made for this. Rename the instance, "
            f"or remove the container ('docker rm -f {name}')."
        )
    if instance["state"] != "present":
        return [f"{name}: {reason}" for reason in reasons]
    for other, address, port in ports:
        if other != name and port == int(instance["port"]) and meet(address, instance["address"]):
            reasons.append(
                f"port {port} is published by the container {other} on {address}. Choose another "
                "port, or stop that container."
            )
    image = seen["image"]
    if image is not None and platform and not _fits(image["platform"], platform):
        reasons.append(
            f"the image {instance['container']['image']} on the host is for {image['platform']}, "
            f"and the host is {platform}. Remove it, so that the right one is pulled, or name "
            "another."
        )
    reasons += _shared(instance, seen["neighbours"] or {})
    reasons += _foreign_authority(instance, seen["volumes"].get(instance["ca_volume"]))
    reasons += _certificates(instance, seen, replace)
    if seen["exported"] is not None:
        reasons += _export(instance["export"], seen["exported"])
    return [f"{name}: {reason}" for reason in reasons]


def without_leaving(
    ports: Iterable[tuple[str, str, int]],
    instances: Iterable[Mapping[str, Any]],
    seen: Mapping[str, Any],
) -> list[tuple[str, str, int]]:
    """Return published ports but for those of instances that go, for they go first."""
    leaving = {
        instance["name"]
        for instance in instances
        if instance["state"] == "absent"
        and (seen[instance["name"]]["container"] or {}).get("owner") == instance["name"]
    }
    return [port for port in ports if port[0] not in leaving]


def _shared(instance: Mapping[str, Any], others: Mapping[str, Any]) -> list[str]:
    reasons = []
    if others.get("alias"):
        reasons.append(
            f"in the network {instance['network']} the name 'docker' is that of "
            f"{' and '.join(others['alias'])} too: both would answer by turns. Name a network of "
            "its own."
        )
    if others.get("storage"):
        reasons.append(
            f"the volume {instance['storage_volume']} is that of {' and '.join(others['storage'])} "
            "too, and two daemons on one storage destroy it. Name another, or remove that "
            "container first."
        )
    return reasons


def _foreign_authority(instance: Mapping[str, Any], volume: Mapping[str, Any] | None) -> list[str]:
    """Return why an engine without root cannot use somebody's volume, which is not given away."""
    used = instance["rootless"] and instance["tls"] and not instance["certificates"]
    if not used or volume is None or volume["owner"]:
        return []
    if volume["uid"] in (None, instance["uid"]):
        return []
    return [
        f"the volume {instance['ca_volume']} was not made for this and belongs to user "
        f"{volume['uid']}, and the engine is of user {instance['uid']}, who could not write into "
        f"it. Give that user {volume['path']}, or name another ca_volume."
    ]


def _certificates(instance: Mapping[str, Any], seen: Mapping[str, Any], replace: bool) -> list[str]:
    own = instance["certificates"]
    if own and seen["lacking"]:
        return [
            f"there is no {', no '.join(seen['lacking'])} in {own}. It needs {{ca,cert,key}}.pem "
            "in client and in server."
        ]
    if seen["authority_key"]:
        return [
            f"there is ca/key.pem in {own}, with which the image issues certificates itself, and "
            "the folder is read-only. Keep the authority's key elsewhere."
        ]
    if seen["authority"] == "other" and own:
        return [
            f"client/ca.pem and server/ca.pem in {own} are of two authorities: no client could "
            "trust the engine. Issue both from one."
        ]
    if seen["authority"] == "other" and not replace:
        return [
            f"the volume {instance['client_volume']} holds certificates of another authority than "
            f"the volume {instance['ca_volume']}, if that has one: clients that have them would "
            "stop to be known. Name the volumes that belong together (ca_volume, client_volume) or "
            "set docker_dind_replace_certificates: true and have the client's made anew."
        ]
    expired = [
        f"{name}.pem of {own} has expired on {found['expires']}"
        for name, found in seen["certificates"].items()
        if own and found["days_left"] < 0
    ]
    if expired:
        return [f"{' and '.join(expired)}. The certificates are yours: issue them anew."]
    return []


def _export(export: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    reasons = []
    if found["home"] is None:
        reasons.append(
            f"export.owner is '{export['owner']}', and there is no such user. Create the account, "
            "or name another."
        )
    if not found["group"]:
        reasons.append(
            f"export.group is '{export['group']}', and there is no such group. Create it, or name "
            "another."
        )
    if found["real"] != os.path.normpath(export["path"]):
        reasons.append(
            f"export.path is '{export['path']}', which a link leads to {found['real']}. Whoever "
            "sets the link would say what root writes: name the folder itself."
        )
    return reasons


def _fits(image: str, host: str) -> bool:
    """Tell whether an image is of the host's architecture, and of a variant that it runs."""
    try:
        wanted, found = Platform.parse(host), Platform.parse(image)
    except DockerHostError:
        return image == host
    return wanted.architecture == found.architecture and wanted.match(found) is not None
