# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why instances of Docker in Docker cannot be made on a host; found before anything is changed."""

from __future__ import annotations

import errno
import os
import socket
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
    going: Iterable[str] = (),
) -> list[str]:
    """Return why an instance cannot be here, one sentence with a remedy for each reason.

    :param seen: what _dind_state.look_at returned of it
    :param ports: container, address and port of all that is published on the host
    :param replace: whether certificates of another authority may be replaced
    :param going: containers that go first, whose ports are free by then
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
        reasons += _strangers(instance, seen)
        return [f"{name}: {reason}" for reason in reasons]
    for other, address, port in ports:
        if (
            other not in (name, *going)
            and port == int(instance["port"])
            and meet(address, instance["address"])
        ):
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
    reasons += _held(instance, seen["container"], ports)
    reasons += _shared(instance, seen["neighbours"] or {})
    reasons += _other_user(instance, seen["volumes"])
    reasons += _foreign_authority(instance, seen["volumes"].get(instance["ca_volume"]))
    reasons += _certificates(instance, seen, replace)
    if seen["exported"] is not None:
        reasons += _export(instance["export"], seen["exported"])
    return [f"{name}: {reason}" for reason in reasons]


def leaving(instances: Iterable[Mapping[str, Any]], seen: Mapping[str, Any]) -> set[str]:
    """Return the names of the containers of instances that go."""
    return {
        instance["name"]
        for instance in instances
        if instance["state"] == "absent"
        and (seen[instance["name"]]["container"] or {}).get("owner") == instance["name"]
    }


def _strangers(instance: Mapping[str, Any], seen: Mapping[str, Any]) -> list[str]:
    """Return why the network of an engine that goes cannot go with it."""
    others = (seen["neighbours"] or {}).get("network")
    if not others or not (seen["network"] or {}).get("owner"):
        return []
    network = instance["network"]
    return [
        f"in its network {network} there is {' and '.join(others)} too, which would be cut off. "
        f"Remove that, or take it out ('docker network disconnect {network} {others[0]}')."
    ]


def _held(
    instance: Mapping[str, Any],
    container: Mapping[str, Any] | None,
    ports: Iterable[tuple[str, str, int]],
) -> list[str]:
    """Return why an engine cannot be published, as far as no container is the reason.

    An address that Docker has published already is not tried, for Docker itself listens there; of a
    container that is started over and over it says so only from time to time.
    """
    port, address = int(instance["port"]), instance["address"]
    published = [(at, taken) for _name, at, taken in ports]
    published += (container or {}).get("published") or []
    if not port or any(port == taken and meet(at, address) for at, taken in published):
        return []
    version = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(version, socket.SOCK_STREAM) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if version == socket.AF_INET6:
                # As Docker publishes, which leaves the addresses of IPv4 to others.
                tried.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            tried.bind((address, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return [
                f"port {port} of {address} is taken by a program of the host ('ss -ltnp' names "
                "it). Choose another port, or stop that program."
            ]
        if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            return [f"address is {address}, which this host does not have. Give one of its own."]
    return []


def _other_user(instance: Mapping[str, Any], volumes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return why an engine cannot go on with what one of another user has left.

    The engine as root reads whatever certificates there are.
    """
    user = instance["uid"] if instance["rootless"] else 0
    own = instance["container"]["own_volumes"] if user else [instance["storage_volume"]]
    return [
        f"the volume {name} holds files of user {volumes[name]['users'][0]}, and the engine would "
        f"be of user {user}, who cannot work with them. Name another volume, or give that one up "
        f"with all that is in it ('docker volume rm {name}')."
        for name in own
        if volumes.get(name, {}).get("users") and user not in volumes[name]["users"]
    ]


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
