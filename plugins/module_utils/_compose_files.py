# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The images of compose files, as ``docker compose pull`` would find them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Iterable, Mapping, Sequence

from ansible_collections.arm64.docker.plugins.module_utils._compose_document import (
    printable,
    read_documents,
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


@dataclass(frozen=True)
class Selection:
    """The services that Compose is told to start, whatever profiles they have.

    ``dependencies`` is whether those that they need are started too.
    """

    services: tuple
    dependencies: bool = True


def compose_images(
    files: Sequence[str],
    variables: Mapping[str, str],
    profiles: Iterable[str] = (),
    folder: str | None = None,
    only: Selection | None = None,
) -> list[ServiceImage]:
    """Return the images of the services of one project, without those that are only built.

    :param files: of one project: a later one adds to and replaces what earlier ones say
    :param variables: those that beat the file .env beside the first file; the caller's environment
    :param profiles: services with a profile are left out unless one of theirs is here, or ``*``;
        without any, COMPOSE_PROFILES has them, which Compose takes for a default as well
    :param folder: that paths in the files start from; without it, that of the first file. Where it
        is given no .env is read, the variables are all that there are
    :param only: the services that count; without it all do
    """
    if not files:
        return []
    place = os.path.dirname(files[0]) if folder is None else folder
    known = dict(variables) if folder is not None else folder_variables(place, variables)
    # Compose takes none for one whose name is empty.
    active = {*profiles} or {*_listed(known.get("COMPOSE_PROFILES", ""))} or {""}
    project = _Project(place, known, _Reader())
    services: dict[str, Service] = {}
    broken = []
    for path in files:
        try:
            _lay(services, project.services(path, ()))
        except DockerHostError as error:
            shown = printable(path)
            broken.append(ServiceImage(shown, "", shown, error))
    if only is not None:
        unknown = [] if broken else [name for name in only.services if name not in services]
        broken += [_unknown(name) for name in unknown]
        named = [services[name] for name in only.services if name in services]
        active.update(*(one.profiles() for one in named))
        services = _chosen(services, only)
    images = [one.resolved(active) for one in services.values()]
    return [one for one in images if one is not None] + broken


def _chosen(services: Mapping[str, Service], only: Selection) -> dict[str, Service]:
    """Return those services that Compose starts where it is told some of them."""
    names, ahead = set(), list(only.services)
    while ahead:
        name = ahead.pop()
        if name in services and name not in names:
            names.add(name)
            ahead += services[name].needs() if only.dependencies else ()
    return {name: one for name, one in services.items() if name in names}


def _unknown(name: str) -> ServiceImage:
    shown = printable(name)
    error = DockerHostError(
        f"The project has no service {shown}.", "Name services of its files in services."
    )
    return ServiceImage(shown, "", shown, error)


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
            for document in read_documents(path):
                name = document.get("name")
                found = (interpolate(name, variables) if isinstance(name, str) else "") or found
        except DockerHostError:
            # What is wrong with the file is said of its images.
            continue
    return found


class _Reader:
    """Reads each file of a project once, and bounds how many are asked for."""

    def __init__(self) -> None:
        self._documents: dict[str, list[dict[str, Any]]] = {}
        self._asked = 0

    def included(self, path: str) -> list[dict[str, Any]]:
        """Return the documents of a file of the project itself.

        :raises DockerHostError: also where files include each other without end
        """
        self._asked += 1
        if self._asked > _MOST_FILES:
            raise DockerHostError(
                f"{printable(path)} is one of more than {_MOST_FILES} files that are included.",
                "Include each file once.",
            )
        return self.documents(path)

    def documents(self, path: str) -> list[dict[str, Any]]:
        """Return the documents of a file.

        :raises DockerHostError: where it cannot be read
        """
        if path not in self._documents:
            self._documents[path] = read_documents(path)
        return self._documents[path]


class _Project:
    """Files whose paths start from one folder, and that share variables."""

    def __init__(self, folder: str, variables: Mapping[str, str], reader: _Reader) -> None:
        self._folder = folder
        self._variables = variables
        self._reader = reader
        # Several documents may extend several each, and each is read once.
        self._bases: dict[tuple[str, str], Service] = {}

    def services(self, path: str, within: tuple) -> dict[str, Service]:
        """Return the services of a file and of those that it includes.

        :raises DockerHostError: where one of the files cannot be read
        """
        if len(within) > _DEEPEST or path in within:
            raise DockerHostError(
                f"{printable(path)} includes itself.", "Take one of the includes away."
            )
        documents = self._reader.included(path)
        found: dict[str, Service] = {}
        for document in documents:
            include = document.get("include")
            for item in include if isinstance(include, list) else []:
                found.update(self._included(item, (*within, path)))
        own: dict[str, Service] = {}
        for bodies in _services(path, documents):
            names = {name: self._service(path, name, bodies, self._folder, ()) for name in bodies}
            _lay(own, names)
        return {**found, **own}

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

    def _service(
        self, path: str, name: str, bodies: Mapping[str, Any], folder: str, within: tuple
    ) -> Service:
        """Return a service of a document, whose services are ``bodies``."""
        body = bodies[name]
        own = service(name, path, body, folder, self._variables)
        if not isinstance(body, dict) or body.get("extends") is None:
            return own
        try:
            base = self._base(path, body["extends"], bodies, folder, (*within, (path, name)))
        except DockerHostError as error:
            return Service(name, path, own.says, error)
        return base.under(own)

    def _base(
        self, path: str, extends: Any, bodies: Mapping[str, Any], folder: str, within: tuple
    ) -> Service:
        """Return the service that another extends, of the same document or of another file."""
        said = {"service": extends} if isinstance(extends, str) else extends
        if not isinstance(said, dict) or not isinstance(said.get("service"), str):
            raise DockerHostError("Its extends names no service.", "Write extends: {service: NAME}")
        name = interpolate(said["service"], self._variables)
        documents = [bodies]
        if isinstance(said.get("file"), str):
            path = os.path.join(folder, interpolate(said["file"], self._variables))
            folder = os.path.dirname(path)
            documents = _services(path, self._reader.documents(path))
        if (path, name) in within or len(within) > _DEEPEST:
            raise DockerHostError(f"It extends itself, by {name}.", "Break the circle.")
        if len(documents) > 1 and (path, name) in self._bases:
            return self._bases[path, name]
        found: dict[str, Service] = {}
        for one in documents:
            if name in one:
                _lay(found, {name: self._service(path, name, one, folder, within)})
        if not found:
            raise DockerHostError(
                f"It extends {name}, which is not in {path}.", "Name a service of that file."
            )
        if len(documents) > 1:
            self._bases[path, name] = found[name]
        return found[name]


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


def _services(path: str, documents: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the services of each document of a file, by their names.

    :raises DockerHostError: where it has none, and nothing else that a file may hold
    """
    keys = {str(key) for document in documents for key in document}
    other = "services" not in keys and _OTHERS.isdisjoint(keys)
    found = [document.get("services", None if other else {}) for document in documents]
    if not all(isinstance(bodies, dict) for bodies in found):
        raise DockerHostError(
            f"{printable(path)} has no services.",
            "Write them below the key services, as Compose wants it.",
        )
    return [{str(name): body for name, body in bodies.items()} for bodies in found]


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
