# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at instances of Docker in Docker: containers, volumes, certificates, engines."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass
from typing import Any, Callable, Mapping

from ansible_collections.arm64.docker.plugins.module_utils._certificate import Certificate
from ansible_collections.arm64.docker.plugins.module_utils._dind_export import (
    CLIENT_FILES,
    digests,
    exported,
)
from ansible_collections.arm64.docker.plugins.module_utils._dind_look import Docker, owner
from ansible_collections.arm64.docker.plugins.module_utils._dind_proof import (
    Engine,
    certificate,
    engine,
    is_rootless,
    listening,
    version,
    without_certificate,
)
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform

_KINDS = ("ca", "client", "storage")
_LINES = 60


@dataclass(frozen=True)
class Look:
    """How to look. ``wait`` is how many seconds an engine may take until it answers."""

    docker: Docker
    wait: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time


def look_at(instances: list[Mapping[str, Any]], look: Look) -> dict[str, dict[str, Any]]:
    """Return what there is of each instance, by its name.

    :param instances: complete instances, as the filter dind_instances returns them
    :raises DockerHostError: where the host's daemon does not answer
    """
    docker = look.docker
    containers = docker.inspect("container", [instance["name"] for instance in instances])
    networks = docker.inspect("network", [instance["network"] for instance in instances])
    volumes = docker.inspect(
        "volume",
        [
            instance[f"{kind}_volume"]
            for instance in instances
            for kind in ("ca", "client", "storage")
        ],
    )
    images = {
        name: docker.image(name)
        for name in {
            instance["container"]["image"] for instance in instances if instance["container"]
        }
    }
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
    }


def _owned(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if found is None else {"owner": owner(found)}


def _place(volume: Mapping[str, Any]) -> dict[str, Any]:
    path = volume["Mountpoint"]
    try:
        status = os.stat(path)
    except OSError:
        return {"path": path, "uid": None, "empty": None}
    return {"path": path, "uid": status.st_uid, "empty": not os.listdir(path)}


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
        "exported": None, "log": [],
    }  # fmt: skip
    if instance["variant"] == "cli" or not instance["container"]:
        return silent
    folder, authority = _folders(instance, volumes)
    told = {**silent}
    reached = None
    container = containers.get(instance["name"])
    if container is not None and owner(container) == instance["name"]:
        reached, told["version"], told["problem"] = _wait(instance, folder, look)
        told["log"] = listening(look.docker.logs(instance["name"], 400))
        if told["version"] is None:
            told["log"] = look.docker.logs(instance["name"], _LINES)
    shown = None
    if instance["certificates"]:
        shown = certificate(f"{instance['certificates']}/server", "cert.pem")
    if reached is not None:
        told["url"] = reached.url
        if told["version"] is not None:
            told["rootless"] = is_rootless(
                reached, look.docker.runner, look.docker.cli, look.docker.timeout
            )
            if folder:
                told["anonymous"], found = without_certificate(reached, look.docker.timeout)
                shown = found or shown
    if folder:
        told.update(_certificates(folder, authority, shown, look.now()))
        told["client_files"] = digests(folder)
    if instance["tls"]:
        told["exported"] = exported(instance["export"])
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


def _wait(
    instance: Mapping[str, Any], folder: str, look: Look
) -> tuple[Engine | None, dict[str, Any] | None, str]:
    """Ask the engine until it answers, its container has ended for good, or the time is up."""
    end = look.clock() + look.wait
    while True:
        container = look.docker.inspect("container", [instance["name"]]).get(instance["name"])
        if container is None:
            return None, None, "Its container is gone."
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
        elif reached is not None:
            left = max(1.0, min(look.docker.timeout, end - look.clock()))
            facts, problem = version(reached, look.docker.runner, look.docker.cli, left)
        if facts is not None or over or look.clock() >= end:
            return reached, facts, problem
        look.sleep(0.5)


def _certificates(
    folder: str, authority: str, shown: Certificate | None, now: float
) -> dict[str, Any]:
    """Return until when each certificate holds, and whether they belong together."""
    client, ca = certificate(folder, "cert.pem"), certificate(folder, "ca.pem")
    own = certificate(*os.path.split(authority)) if authority else None
    named = (("ca", ca), ("client", client), ("server", shown))
    left = [found.days_left(now) for _name, found in named if found is not None]
    return {
        "days_left": min(left, default=None),
        "certificates": {
            name: {"expires": found.expires, "days_left": found.days_left(now)}
            for name, found in named
            if found is not None
        },
        "authority": None if own is None or ca is None
        else "same" if own.public_key == ca.public_key else "other",
    }  # fmt: skip
