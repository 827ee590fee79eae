# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the services of a compose project need of a host: images, platforms, devices."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from ansible_collections.arm64.docker.plugins.module_utils._compose_document import read_document
from ansible_collections.arm64.docker.plugins.module_utils._compose_files import compose_images
from ansible_collections.arm64.docker.plugins.module_utils._compose_variables import (
    read_environment_file,
)
from ansible_collections.arm64.docker.plugins.module_utils._devices import device_reasons
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

# In the order in which Compose looks for them.
_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_OVERRIDES = (
    "compose.override.yaml",
    "compose.override.yml",
    "docker-compose.override.yaml",
    "docker-compose.override.yml",
)
# What is ours, and no option of docker_compose_v2.
_OURS = ("src", "definition", "project_src", "project_name", "files")


@dataclass(frozen=True)
class Project:
    """A project and its files in ``folder`` on the host.

    ``kind`` says where they come from: ``definition`` is written there, ``src`` is a folder of the
    controller that is copied, ``host`` has them already; ``source`` is the one or the other.
    ``services`` are as :func:`read_services` returns them, without the place before their names.
    """

    name: str
    kind: str
    source: Any
    folder: str
    files: tuple
    services: tuple
    options: dict


def read_services(
    files: Sequence[str], variables: Mapping[str, str], profiles: Sequence[str]
) -> list[dict[str, Any]]:
    """Return service, image, platform, devices and error of each service that has an image."""
    return [
        {
            "service": one.service,
            "image": one.image,
            "platform": one.platform,
            "devices": _devices(files, _name(one.service), one.image),
            "error": str(one.error or ""),
        }
        for one in compose_images(files, variables, profiles)
    ]


def read_project(
    says: Mapping[str, Any], folder: str, configs: Mapping[str, Mapping[str, Any]]
) -> Project:
    """Return a project from an item of docker_deploy_projects.

    :param folder: on the host, for projects that name no folder
    :param configs: what ``docker compose config`` says of those on the host, by their project_src
    :raises DockerHostError: where the item is no project
    """
    kind = next((one for one in ("definition", "src") if says.get(one)), "host")
    if kind == "host" and not says.get("project_src"):
        raise DockerHostError(
            "A project has neither definition nor src nor project_src.",
            "Say what it is, which folder of the controller has it, or which of the host.",
        )
    place = str(says.get("src") or says.get("project_src") or "").rstrip("/")
    name = says.get("project_name") or os.path.basename(place)
    if not name or (kind == "definition" and not says.get("project_name")):
        raise DockerHostError("A project has no project_name.", "Give it one.")
    options = {key: value for key, value in says.items() if key not in _OURS}
    where = str(says.get("project_src") or f"{folder.rstrip('/')}/{name}")
    files = tuple(says.get("files") or ())
    profiles = list(says.get("profiles") or ())
    if kind == "src":
        files = files or _usual_files(place)
        paths = [os.path.join(place, one) for one in files]
        services = read_services(paths, _variables(place, says.get("env_files")), profiles)
    else:
        known = says["definition"] if kind == "definition" else configs.get(place, {})
        files = ("compose.yaml",) if kind == "definition" else files
        services = _of_document(known, profiles if kind == "definition" else ["*"])
    source = says.get(kind) if kind != "host" else where
    plain = tuple({**one, "service": _name(one["service"])} for one in services)
    return Project(name, kind, source, where, files, plain, options)


def override(rows: Sequence[Mapping[str, Any]], pin: bool) -> dict[str, Any]:
    """Return what a further compose file has to say for images to be those that were judged.

    :param rows: answers of the filter image_fit, with the ``service`` that each is for
    """
    services: dict[str, dict[str, str]] = {}
    for row in rows:
        says = {}
        if pin and row["pinned"]:
            says["image"] = row["pinned"]
        # The engine pulls its own platform unless it is told.
        if row["verdict"] == "emulated" and not row["requested_platform"]:
            says["platform"] = row["selected"]
        if says:
            services[row["service"]] = says
    return {"services": services} if services else {}


def _of_document(document: Mapping[str, Any], profiles: Sequence[str]) -> list[dict[str, Any]]:
    if not document:
        return []
    with tempfile.TemporaryDirectory(prefix="arm64-docker-") as folder:
        path = os.path.join(folder, "compose.yaml")
        with open(path, "w", encoding="utf-8") as stream:
            json.dump(document, stream)
        return read_services([path], {}, profiles)


def _usual_files(folder: str) -> tuple:
    found = []
    for names in (_NAMES, _OVERRIDES):
        found += [one for one in names if os.path.isfile(os.path.join(folder, one))][:1]
    return tuple(found) or _NAMES[:1]


def _variables(folder: str, env_files: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in env_files or ():
        try:
            with open(os.path.join(folder, name), encoding="utf-8") as stream:
                found.update(read_environment_file(stream.read()))
        except (OSError, UnicodeDecodeError) as error:
            raise DockerHostError(
                f"{name} of {folder} cannot be read.", "Name files of that folder in env_files."
            ) from error
    return found


def _devices(files: Sequence[str], service: str, image: str) -> list[str]:
    found = device_reasons({"image": image})
    for path in files:
        try:
            body = (read_document(path).get("services") or {}).get(service)
        except (DockerHostError, AttributeError):
            continue
        if isinstance(body, dict):
            found += device_reasons({**body, "image": ""})
    return list(dict.fromkeys(found))


def _name(service: str) -> str:
    return service.rpartition(": ")[2]
