# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at instances of Docker in Docker: containers, volumes, certificates, engines."""

from __future__ import annotations

import hashlib
import os
from typing import Any, Mapping

from ansible_collections.arm64.docker.plugins.module_utils._certificate import (
    Certificate,
    DamagedCertificate,
)
from ansible_collections.arm64.docker.plugins.module_utils._dind_export import (
    CLIENT_FILES,
    digests,
    exported,
    identities,
)
from ansible_collections.arm64.docker.plugins.module_utils._dind_look import Docker, owner
from ansible_collections.arm64.docker.plugins.module_utils._dind_neighbours import neighbours
from ansible_collections.arm64.docker.plugins.module_utils._dind_proof import (
    asking_security,
    certificate,
    is_rootless,
    newer,
    why_not_ready,
    without_certificate,
)
from ansible_collections.arm64.docker.plugins.module_utils._dind_wait import (
    Look,
    said_when_ready,
    wait_for,
)
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform

_KINDS = ("ca", "client", "storage")
# What a daemon writes that is started again and again, until it is seen to end.
_LINES_OF_STARTS = 400


def look_at(instances: list[Mapping[str, Any]], look: Look) -> dict[str, dict[str, Any]]:
    """Return what there is of each instance, by its name.

    :param instances: complete instances, as the filter dind_instances returns them
    :raises DockerHostError: where the host's daemon does not answer
    """
    docker = look.docker
    # All at once, for each is a process.
    asked = {
        "containers": docker.inspecting("container", [one["name"] for one in instances]),
        "networks": docker.inspecting("network", [one["network"] for one in instances]),
        "volumes": docker.inspecting(
            "volume", [one[f"{kind}_volume"] for one in instances for kind in _KINDS]
        ),
    }
    imaging = {
        name: docker.imaging(name)
        for name in dict.fromkeys(
            one["container"]["image"] for one in instances if one["container"]
        )
    }
    containers, networks, volumes = (answer() for answer in asked.values())
    images = {name: answer() for name, answer in imaging.items()}
    others = neighbours(instances, containers, networks, volumes, docker)
    seen = {}
    for instance in instances:
        plan = _plan(instance)
        seen[instance["name"]] = {
            "container": _container(containers.get(instance["name"])),
            "network": _owned(networks.get(instance["network"])),
            "volumes": {
                name: {**_owned(volumes[name]), **_place(volumes[name])}
                for name in (instance[f"{kind}_volume"] for kind in _KINDS)
                if name in volumes
            },
            "image": _image(images[plan["image"]]) if plan else None,
            "derived": _derived(plan, images, docker) if plan else None,
            "neighbours": others.get(instance["name"]),
            **_engine(instance, containers, volumes, look),
        }
    return seen


def _plan(instance: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return instance["container"]


def _container(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if found is None:
        return None
    state = found["State"]
    return {
        "owner": owner(found),
        "image": found["Image"],
        "running": bool(state["Running"]) and not state.get("Restarting", False),
        "started": state["StartedAt"],
        "published": _published(found) if state["Running"] else [],
    }


def _published(found: Mapping[str, Any]) -> list[list[Any]]:
    """Return address and port of what a container publishes whenever Docker has it run."""
    bindings = (found.get("HostConfig") or {}).get("PortBindings") or {}
    return [
        [address, int(one["HostPort"])]
        for several in bindings.values()
        for one in several or ()
        if one["HostPort"].isdigit()
        for address in ([one["HostIp"]] if one["HostIp"] else ["0.0.0.0", "::"])
    ]


def _owned(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if found is None else {"owner": owner(found)}


def _place(volume: Mapping[str, Any]) -> dict[str, Any]:
    path = volume["Mountpoint"]
    try:
        with os.scandir(path) as entries:
            users = {entry.stat(follow_symlinks=False).st_uid for entry in entries}
        return {"path": path, "uid": os.stat(path).st_uid, "users": sorted(users)}
    except OSError:
        return {"path": path, "uid": None, "users": []}


def _image(found: Mapping[str, Any] | None) -> dict[str, str] | None:
    if found is None:
        return None
    platform = Platform.of_image(found["Os"], found["Architecture"], found.get("Variant") or "")
    return {"id": found["Id"], "platform": str(platform)}


def _derived(
    plan: Mapping[str, Any], images: Mapping[str, Any], docker: Docker
) -> dict[str, Any] | None:
    """Return the image made of an instance's Dockerfile, by a name that tells all it is made of.

    None where the instance takes its image as it is, or that is not on the host.
    """
    base = images[plan["image"]]
    if not plan["dockerfile"] or base is None:
        return None
    content = hashlib.sha256(f"{base['Id']}\n{plan['dockerfile']}".encode()).hexdigest()
    name = f"arm64-docker/dind-rootless:{content[:16]}"
    return {"name": name, "exists": docker.image(name) is not None}


def _engine(
    instance: Mapping[str, Any],
    containers: Mapping[str, Any],
    volumes: Mapping[str, Any],
    look: Look,
) -> dict[str, Any]:
    """Return what the engine of an instance says, and its certificates; a cli has none."""
    silent = {
        "url": None, "version": None, "problem": "", "rootless": None, "anonymous": None,
        "certificates": {}, "days_left": None, "authority": None, "client_files": {},
        "client_identities": {}, "exported": None, "log": [], "listening": None, "lacking": [],
        "authority_key": False, "stale": False,
    }  # fmt: skip
    if instance["variant"] == "cli":
        return silent
    folder, authority = _folders(instance, volumes)
    if not instance["container"]:
        # What was exported goes with what it is of.
        left = _client(folder, bool(instance["certificates"])) if folder else {}
        return {**silent, **left, "exported": exported(instance["export"], look.now())}
    told = {**silent}
    reached = None
    container = containers.get(instance["name"])
    if container is not None and owner(container) == instance["name"]:
        reached, told["version"], told["problem"], container = wait_for(
            instance, container, folder, look
        )
    shown = brought = None
    if instance["certificates"]:
        told["lacking"] = _lacking(instance["certificates"])
        told["authority_key"] = os.path.exists(f"{instance['certificates']}/ca/key.pem")
        brought = certificate(f"{instance['certificates']}/server", "cert.pem", links=True)
    if container is not None and told["version"] is None:
        told["log"] = why_not_ready(look.docker.logging(instance["name"], _LINES_OF_STARTS)() or [])
    if reached is not None:
        told["url"] = reached.url
    if reached is not None and told["version"] is not None:
        docker = look.docker
        security = (
            asking_security(reached, docker.runner, docker.cli, docker.timeout)
            if instance["rootless"]
            else None
        )
        told["log"], told["listening"] = said_when_ready(instance["name"], container, look)
        if folder:
            told["anonymous"], shown = without_certificate(reached, docker.timeout)
        if security is not None:
            told["rootless"] = is_rootless(security.result())
    if brought is not None and container is not None and container["State"]["Running"]:
        told["stale"] = (shown is not None and shown != brought) or newer(
            f"{instance['certificates']}/server", container["State"]["StartedAt"], look.now()
        )
    if folder:
        # One's own may be links; what is in a volume is of whoever is in the container.
        own = bool(instance["certificates"])
        told.update(_certificates(folder, authority, shown or brought, look.now(), own))
        told.update(_client(folder, own))
    if instance["tls"]:
        told["exported"] = exported(instance["export"], look.now())
    return told


def _folders(instance: Mapping[str, Any], volumes: Mapping[str, Any]) -> tuple[str, str]:
    """Return where on the host client's files and authority lie; empty for nowhere."""
    if not instance["tls"]:
        return "", ""
    if instance["certificates"]:
        return f"{instance['certificates']}/client", f"{instance['certificates']}/server/ca.pem"
    client, authority = volumes.get(instance["client_volume"]), volumes.get(instance["ca_volume"])
    return (
        client["Mountpoint"] if client else "",
        f"{authority['Mountpoint']}/cert.pem" if authority else "",
    )


def _client(folder: str, links: bool) -> dict[str, Any]:
    """Return the files of a client, and by what they are known."""
    return {
        "client_files": digests(folder, links),
        "client_identities": identities(folder, links),
    }


def _lacking(folder: str) -> list[str]:
    """Return what a folder of somebody's own certificates has not and needs."""
    return [
        f"{place}/{name}"
        for place in ("client", "server")
        for name in CLIENT_FILES
        if not os.path.isfile(os.path.join(folder, place, name))
    ]


def _certificates(
    folder: str, authority: str, shown: Certificate | None, now: float, links: bool
) -> dict[str, Any]:
    """Return until when each certificate holds, and whether they belong together.

    One in a volume that is damaged, as a power cut leaves it, counts as ended: the image issues it
    anew with the next start.

    :raises DockerHostError: where one of somebody's own is damaged
    """
    client, ca, own, damaged = None, None, None, False
    try:
        client, ca = (certificate(folder, name, links) for name in ("cert.pem", "ca.pem"))
        own = certificate(*os.path.split(authority), links) if authority else None
    except DamagedCertificate:
        if links:
            raise
        damaged = True
    named = (("ca", ca), ("client", client), ("server", shown))
    left = [found.days_left(now) for _name, found in named if found is not None]
    return {
        "days_left": -1 if damaged else min(left, default=None),
        "certificates": {
            name: {"expires": found.expires, "days_left": found.days_left(now)}
            for name, found in named
            if found is not None
        },
        "authority": None if ca is None or damaged
        else "same" if own is not None and own.public_key == ca.public_key else "other",
    }  # fmt: skip
