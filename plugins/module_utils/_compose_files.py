# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The images of compose files, as ``docker compose pull`` would find them."""

from __future__ import annotations

import os
from typing import Any, Iterable, Mapping, Sequence

from ansible_collections.arm64.docker.plugins.module_utils._compose_document import (
    printable,
    read_document,
)
from ansible_collections.arm64.docker.plugins.module_utils._compose_service import (
    Service,
    ServiceImage,
    service,
)
from ansible_collections.arm64.docker.plugins.module_utils._compose_variables import (
    environment_file,
    interpolate,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

_ENVIRONMENT_FILE = ".env"
# What a file may hold beside services, or without any.
_OTHERS = frozenset(("configs", "include", "models", "name", "networks", "secrets", "volumes"))
_DEEPEST = 20
_MOST_FILES = 1000


def compose_images(
    files: Sequence[str],
    variables: Mapping[str, str],
    profiles: Iterable[str] = (),
    folder: str | None = None,
) -> list[ServiceImage]:
    """Return the images of the services of one project, without those that are only built.

    :param files: of one project: a later one adds to and replaces what earlier ones say
    :param variables: those that beat the file .env beside the first file; the caller's environment
    :param profiles: services with a profile are left out unless one of theirs is here, or ``*``
    :param folder: that paths in the files start from; without it, that of the first file. Where it
        is given no .env is read, the variables are all that there are
    """
    if not files:
        return []
    place = os.path.dirname(files[0]) if folder is None else folder
    known = dict(variables) if folder is not None else folder_variables(place, variables)
    # Compose takes none for one whose name is empty.
    active = {*profiles, *_listed(known.get("COMPOSE_PROFILES", ""))} or {""}
    project = _Project(place, known, _Reader())
    services: dict[str, Service] = {}
    broken = []
    for path in files:
        try:
            _lay(services, project.services(path, ()))
        except DockerHostError as error:
            shown = printable(path)
            broken.append(ServiceImage(shown, "", shown, error))
    images = [one.resolved(active) for one in services.values()]
    return [one for one in images if one is not None] + broken


def folder_variables(folder: str, outer: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a folder's .env, where it has one, below others."""
    try:
        return {**environment_file(os.path.join(folder, _ENVIRONMENT_FILE), outer), **outer}
    except (OSError, ValueError):
        return dict(outer)


def said_name(files: Sequence[str], variables: Mapping[str, str]) -> str:
    """Return the name that files give their project, "" where none does."""
    found = ""
    for path in files:
        try:
            name = read_document(path).get("name")
            found = (interpolate(name, variables) if isinstance(name, str) else "") or found
        except DockerHostError:
            # What is wrong with the file is said of its images.
            continue
    return found


class _Reader:
    """Reads each file of a project once, and bounds how many are asked for."""

    def __init__(self) -> None:
        self._documents: dict[str, dict[str, Any]] = {}
        self._asked = 0

    def included(self, path: str) -> dict[str, Any]:
        """Return a file of the project itself.

        :raises DockerHostError: also where files include each other without end
        """
        self._asked += 1
        if self._asked > _MOST_FILES:
            raise DockerHostError(
                f"{printable(path)} is one of more than {_MOST_FILES} files that are included.",
                "Include each file once.",
            )
        return self.document(path)

    def document(self, path: str) -> dict[str, Any]:
        """Return a file.

        :raises DockerHostError: where it cannot be read
        """
        if path not in self._documents:
            self._documents[path] = read_document(path)
        return self._documents[path]


class _Project:
    """Files whose paths start from one folder, and that share variables."""

    def __init__(self, folder: str, variables: Mapping[str, str], reader: _Reader) -> None:
        self._folder = folder
        self._variables = variables
        self._reader = reader

    def services(self, path: str, within: tuple) -> dict[str, Service]:
        """Return the services of a file and of those that it includes.

        :raises DockerHostError: where one of the files cannot be read
        """
        if len(within) > _DEEPEST or path in within:
            raise DockerHostError(
                f"{printable(path)} includes itself.", "Take one of the includes away."
            )
        document = self._reader.included(path)
        include = document.get("include")
        found: dict[str, Service] = {}
        for item in include if isinstance(include, list) else []:
            found.update(self._included(item, (*within, path)))
        for name, body in _mapping(path, document, "services").items():
            found[name] = self._service(path, name, body, self._folder, ())
        return found

    def _included(self, item: Any, within: tuple) -> dict[str, Service]:
        """Return the services of an entry of include, which is a project of its own."""
        says = item if isinstance(item, dict) else {"path": item}
        paths = self._paths(says.get("path"))
        if not paths:
            return {}
        folder = next(iter(self._paths(says.get("project_directory"))), os.path.dirname(paths[0]))
        files = self._paths(says.get("env_file"))
        if files:
            variables = {**read_variables(files, self._variables), **self._variables}
        else:
            variables = folder_variables(folder, self._variables)
        other = _Project(folder, variables, self._reader)
        found: dict[str, Service] = {}
        for path in paths:
            _lay(found, other.services(path, within))
        return found

    def _paths(self, said: Any) -> list[str]:
        """Return a path, or a list of them, as they are from where Ansible runs."""
        return [
            os.path.join(self._folder, interpolate(one, self._variables))
            for one in (said if isinstance(said, list) else [said])
            if isinstance(one, str)
        ]

    def _service(self, path: str, name: str, body: Any, folder: str, within: tuple) -> Service:
        own = service(name, path, body, folder, self._variables)
        if not isinstance(body, dict) or body.get("extends") is None:
            return own
        try:
            base = self._base(path, body["extends"], folder, (*within, (path, name)))
        except DockerHostError as error:
            return Service(name, path, own.says, error)
        return base.under(own)

    def _base(self, path: str, extends: Any, folder: str, within: tuple) -> Service:
        """Return the service that another extends, of the same file or of another."""
        said = {"service": extends} if isinstance(extends, str) else extends
        if not isinstance(said, dict) or not isinstance(said.get("service"), str):
            raise DockerHostError("Its extends names no service.", "Write extends: {service: NAME}")
        name = interpolate(said["service"], self._variables)
        if isinstance(said.get("file"), str):
            path = os.path.join(folder, interpolate(said["file"], self._variables))
            folder = os.path.dirname(path)
        if (path, name) in within or len(within) > _DEEPEST:
            raise DockerHostError(f"It extends itself, by {name}.", "Break the circle.")
        services = _mapping(path, self._reader.document(path), "services")
        if name not in services:
            raise DockerHostError(
                f"It extends {name}, which is not in {path}.", "Name a service of that file."
            )
        return self._service(path, name, services[name], folder, within)


def read_variables(paths: Sequence[str], outer: Mapping[str, str]) -> dict[str, str]:
    """Return what files of variables set, the later ones over the earlier.

    :param outer: variables that their values may name
    :raises DockerHostError: where one cannot be read
    """
    found: dict[str, str] = {}
    for path in paths:
        try:
            found.update(environment_file(path, {**found, **outer}))
        except (OSError, ValueError) as error:
            raise DockerHostError(
                f"{printable(path)} cannot be read, and env_file names it.",
                "Name a file of variables, with lines NAME=VALUE.",
            ) from error
    return found


def _lay(services: dict[str, Service], over: Mapping[str, Service]) -> None:
    """Put services over those of earlier files, in place."""
    for name, one in over.items():
        services[name] = services[name].under(one) if name in services else one


def _mapping(path: str, document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = document.get(key, None if _OTHERS.isdisjoint(map(str, document)) else {})
    if not isinstance(found, dict):
        raise DockerHostError(
            f"{printable(path)} has no {key}.",
            f"Write them below the key {key}, as Compose wants it.",
        )
    return {str(name): body for name, body in found.items()}


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
