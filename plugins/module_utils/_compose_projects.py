# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the services of a compose project need of a host: images, platforms, devices."""

from __future__ import annotations

import json
import os
import re
import tempfile
from dataclasses import dataclass, replace
from typing import Any, Mapping, Sequence

from ansible.module_utils.common.validation import check_type_list
from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.arm64.docker.plugins.module_utils._compose_document import printable
from ansible_collections.arm64.docker.plugins.module_utils._compose_files import (
    Selection,
    compose_images,
    folder_variables,
    said_name,
)
from ansible_collections.arm64.docker.plugins.module_utils._compose_variables import (
    environment_file,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

# In the order in which Compose looks for them.
_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_OVERRIDES = (
    "compose.override.yaml",
    "compose.override.yml",
    "docker-compose.override.yaml",
    "docker-compose.override.yml",
)
_EVERY_PROFILE = "*"
# What is ours, and no option of docker_compose_v2.
_OURS = ("src", "definition", "project_src", "project_name", "files")
# What is handed on as a list, however it is written.
_LISTS = ("env_files", "profiles", "services")
# In a definition, what files of the host decide on: variables, COMPOSE_PROFILES, other files.
_SIGNS = ("$", '"env_file"', '"extends"', '"include"', '"profiles"')


# What Compose leaves of the name of a folder, and what a name has to begin with.
_UNNAMED = re.compile(r"[^a-z0-9_-]")


@dataclass(frozen=True)
class Project:
    """A project and its files in ``folder`` on the host.

    ``kind`` says where they come from: ``definition`` is written there, ``src`` is a folder of the
    controller that is copied, ``host`` has them already; ``source`` is the one or the other.
    ``named`` is whether ``name`` is certain: of one on the host Compose there may know another.
    ``services`` are as :func:`read_services` returns them, without the place before their names.
    ``number`` is its place among the others, ``override`` the name of a further file for it alone.
    ``chosen`` is whether the user named the folder, ``asked`` whether Compose on the host has to
    say what the services are.
    """

    name: str
    named: bool
    kind: str
    source: Any
    folder: str
    files: tuple
    services: tuple
    options: dict
    number: int = 0
    override: str = ""
    chosen: bool = False
    asked: bool = False


def read_services(
    files: Sequence[str],
    variables: Mapping[str, str],
    profiles: Sequence[str],
    folder: str | None = None,
    only: Selection | None = None,
) -> list[dict[str, Any]]:
    """Return what is known of each service that has an image.

    That is service, image, platform, devices, built, pulled (whether Compose pulls it anew), error.

    :param folder: as for :func:`compose_images`, as is ``only``
    """
    return [
        {
            "service": one.service,
            "image": one.image,
            "platform": one.platform,
            "devices": list(one.devices),
            "built": one.built,
            "pulled": one.pulled,
            "error": str(one.error or ""),
        }
        for one in compose_images(files, variables, profiles, folder, only)
    ]


def read_projects(
    items: Sequence[Mapping[str, Any]],
    folder: str,
    configs: Sequence[Mapping[str, Any]] | None = None,
) -> list[Project]:
    """Return projects from docker_deploy_projects.

    :param folder: on the host, for projects that name no folder
    :param configs: what ``docker compose config`` says of those that it is asked about, one after
        the other; nothing where it was not asked, and then no more is known of their services than
        can be read here
    :raises DockerHostError: where an item is no project, or one was not asked about
    """
    kinds = [next((one for one in ("definition", "src") if one in says), "host") for says in items]
    asked = [_is_asked(says, kind) for says, kind in zip(items, kinds)]
    if configs is not None and len(configs) != sum(asked):
        raise DockerHostError(
            f"Compose on the host has to be asked about {sum(asked)} projects, and was asked about "
            f"{len(configs)}.",
            "Give what it says of each, in their order.",
        )
    answers = iter(configs or ())
    found: list[Project] = []
    for says, kind, is_asked in zip(items, kinds, asked):
        config = next(answers, None) if is_asked else None
        if kind == "definition":
            project = _written(says, folder, config)
        elif kind == "src":
            project = _copied(says, folder)
        else:
            project = _present(says, config)
        shared = [one.folder for one in found].count(project.folder)
        name = _override_name(shared)
        found.append(replace(project, number=len(found), override=name, asked=is_asked))
    return found


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
        # Otherwise Compose runs what the host has, which is the image that does not fit.
        if row["pull"]:
            says["pull_policy"] = "always"
        if says:
            services[row["service"]] = says
    return {"services": services} if services else {}


def _is_asked(says: Mapping[str, Any], kind: str) -> bool:
    if kind != "definition":
        return kind == "host"
    text = json.dumps(says["definition"], default=str)
    return bool(says.get("env_files")) or any(sign in text for sign in _SIGNS)


def _written(says: Mapping[str, Any], folder: str, config: Mapping[str, Any] | None) -> Project:
    definition = says["definition"]
    if not isinstance(definition, Mapping):
        raise DockerHostError("A definition is no mapping.", "Write what a compose file has.")
    name = _name(says.get("project_name") or definition.get("name"))
    profiles = _listed(says.get("profiles")) if config is None else [_EVERY_PROFILE]
    document = definition if config is None else config
    services = _of_document(document, profiles, _selection(says))
    return _project(says, name, "definition", definition, folder, ("compose.yaml",), services)


def _copied(says: Mapping[str, Any], folder: str) -> Project:
    place = str(says["src"] or "").rstrip("/")
    known = _variables(place, says.get("env_files"))
    files = tuple(_listed(says.get("files"))) or _named_files(known) or _usual_files(place)
    paths = [os.path.join(place, one) for one in files]
    name = _name(
        says.get("project_name")
        or known.get("COMPOSE_PROJECT_NAME")
        or said_name(paths, known)
        or _of_folder(place)
    )
    profiles = _listed(says.get("profiles"))
    services = read_services(paths, known, profiles, place, _selection(says))
    return _project(says, name, "src", place, folder, files, services)


def _present(says: Mapping[str, Any], config: Mapping[str, Any] | None) -> Project:
    if not says.get("project_src"):
        raise DockerHostError(
            "A project has neither definition nor src nor project_src.",
            "Say what it is, which folder of the controller has it, or which of the host.",
        )
    place = str(says["project_src"])
    said = says.get("project_name") or (config or {}).get("name")
    name = _name(said or _of_folder(place.rstrip("/")))
    services = _of_document(config or {}, [_EVERY_PROFILE], _selection(says))
    files = tuple(_listed(says.get("files")))
    found = _project(says, name, "host", None, "", files, services)
    return replace(found, named=bool(said), source=found.folder)


def _project(
    says: Mapping[str, Any],
    name: str,
    kind: str,
    source: Any,
    folder: str,
    files: tuple,
    services: Sequence[Mapping[str, Any]],
) -> Project:
    where = str(says.get("project_src") or f"{folder.rstrip('/')}/{name}")
    plain = tuple({**one, "service": one["service"].rpartition(": ")[2]} for one in services)
    options = {key: value for key, value in says.items() if key not in _OURS}
    options.update((key, _listed(says[key])) for key in _LISTS if key in says)
    where = where.rstrip("/") or "/"
    chosen = bool(says.get("project_src"))
    return Project(name, True, kind, source, where, files, plain, options, chosen=chosen)


def _override_name(shared: int) -> str:
    """Return the name of the further file; ``shared`` earlier projects have the same folder."""
    return f"arm64-docker{f'.{shared + 1}' if shared else ''}.override.yaml"


def _name(said: Any) -> str:
    name = str(said or "")
    if not name:
        raise DockerHostError("A project has no project_name.", "Give it one.")
    if name != _normal(name):
        raise DockerHostError(
            f"Compose takes no project of the name '{printable(name[:80])}'.",
            "Name it with small letters, digits, - and _, a letter or digit first.",
        )
    return name


def _of_folder(place: str) -> str:
    return _normal(os.path.basename(place))


def _normal(name: str) -> str:
    """Return a name as Compose makes it of that of a folder."""
    return _UNNAMED.sub("", name.lower()).lstrip("_-")


def _of_document(
    document: Mapping[str, Any], profiles: Sequence[str], only: Selection | None
) -> list[dict[str, Any]]:
    if not document:
        return []
    with tempfile.TemporaryDirectory(prefix="arm64-docker-") as folder:
        path = os.path.join(folder, "compose.yaml")
        with open(path, "w", encoding="utf-8") as stream:
            # YAML has dates, which Compose takes as they are written.
            json.dump(document, stream, default=str)
        return read_services([path], {}, profiles, only=only)


def _selection(says: Mapping[str, Any]) -> Selection | None:
    """Return the services that a project is limited to, None where it is not."""
    services = tuple(_listed(says.get("services")))
    dependencies = boolean(says.get("dependencies", True), strict=False)
    return Selection(services, dependencies) if services else None


def _listed(value: Any) -> list[str]:
    """Return a list of texts as modules take it: also as one text with commas.

    An empty text, as of a template without a value, is an empty list.

    :raises DockerHostError: where it is no list
    """
    try:
        return [] if value in (None, "") else [str(one) for one in check_type_list(value)]
    except TypeError as error:
        raise DockerHostError(
            "A list of a project is none.",
            "Write files, env_files, profiles and services as lists.",
        ) from error


def _named_files(variables: Mapping[str, str]) -> tuple:
    """Return the files that COMPOSE_FILE names."""
    separator = variables.get("COMPOSE_PATH_SEPARATOR") or ":"
    return tuple(filter(None, variables.get("COMPOSE_FILE", "").split(separator)))


def _usual_files(folder: str) -> tuple:
    found = []
    for names in (_NAMES, _OVERRIDES):
        found += [one for one in names if os.path.isfile(os.path.join(folder, one))][:1]
    return tuple(found) or _NAMES[:1]


def _variables(folder: str, env_files: Any) -> dict[str, str]:
    """Return the variables of files, or those of .env where none are named, as in Compose."""
    if not env_files:
        return folder_variables(folder, {})
    found: dict[str, str] = {}
    for name in _listed(env_files):
        try:
            found.update(environment_file(os.path.join(folder, name), found))
        except (OSError, ValueError) as error:
            raise DockerHostError(
                f"{printable(name)} of {folder} cannot be read.",
                "Name files of that folder in env_files.",
            ) from error
    return found
