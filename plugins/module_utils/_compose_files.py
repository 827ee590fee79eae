# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The images of compose files, as ``docker compose pull`` would find them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Iterable, Mapping, Sequence

from ansible_collections.arm64.docker.plugins.module_utils._compose_document import read_document
from ansible_collections.arm64.docker.plugins.module_utils._compose_variables import (
    interpolate,
    read_environment_file,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

_ENVIRONMENT_FILE = ".env"
_EVERY_PROFILE = "*"
_DEEPEST = 20
_TAKEN = ("image", "platform")


@dataclass(frozen=True)
class ServiceImage:
    """What a service runs: ``image`` as the file has it where ``error`` says what is wrong.

    ``platform`` is "" where the service names none, ``service`` is FILE: SERVICE, or the file
    where the whole of it cannot be read.
    """

    image: str
    platform: str
    service: str
    error: DockerHostError | None = None


def compose_images(
    files: Sequence[str],
    variables: Mapping[str, str],
    profiles: Iterable[str] = (),
) -> list[ServiceImage]:
    """Return the images of the services of one project, without those that are only built.

    :param files: of one project: a later one adds to and replaces what earlier ones say
    :param variables: those that beat the file .env beside the first file; the caller's environment
    :param profiles: services with a profile are left out unless one of theirs is here, or ``*``
    """
    if not files:
        return []
    known = {**_environment_file(os.path.dirname(files[0])), **variables}
    active = {*profiles, *_listed(known.get("COMPOSE_PROFILES", ""))}
    services: dict[str, _Service] = {}
    broken = []
    for path in files:
        try:
            found = _Project(known).services(path, ())
        except DockerHostError as error:
            broken.append(ServiceImage(path, "", path, error))
            continue
        for name, service in found.items():
            services[name] = services[name].under(service) if name in services else service
    images = [
        service.resolve(known)
        for service in services.values()
        if (service.error or service.says.get("image")) and service.runs(active)
    ]
    return images + broken


@dataclass(frozen=True)
class _Service:
    """What is said of a service: its keys as they stand in the file, and where that is."""

    name: str
    path: str
    says: Mapping[str, str]
    profiles: tuple = ()
    error: DockerHostError | None = None

    def under(self, other: _Service) -> _Service:
        """Return this service with another's words, which count more, over it."""
        return _Service(
            other.name,
            other.path,
            {**self.says, **other.says},
            (*self.profiles, *other.profiles),
            other.error or self.error,
        )

    def runs(self, active: set[str]) -> bool:
        return not self.profiles or _EVERY_PROFILE in active or not active.isdisjoint(self.profiles)

    def resolve(self, variables: Mapping[str, str]) -> ServiceImage:
        image, platform = (self.says.get(key, "") for key in _TAKEN)
        place = f"{self.path}: {self.name}"
        if self.error is not None:
            return ServiceImage(image or place, "", place, _at(place, self.error))
        try:
            return ServiceImage(
                interpolate(image, variables), interpolate(platform, variables), place
            )
        except DockerHostError as error:
            return ServiceImage(image, "", place, _at(place, error))


class _Project:
    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def services(self, path: str, within: tuple) -> dict[str, _Service]:
        """Return the services of a file and of those that it includes.

        :raises DockerHostError: where one of the files cannot be read
        """
        if len(within) > _DEEPEST or path in within:
            raise DockerHostError(f"{path} includes itself.", "Take one of the includes away.")
        document = read_document(path)
        found: dict[str, _Service] = {}
        for other in self._included(path, document.get("include")):
            found.update(self.services(other, (*within, path)))
        for name, body in _mapping(path, document, "services").items():
            found[name] = self._service(path, name, body, ())
        return found

    def _included(self, path: str, include: Any) -> list[str]:
        paths = []
        for item in include if isinstance(include, list) else []:
            named = item.get("path") if isinstance(item, dict) else item
            paths += named if isinstance(named, list) else [named]
        folder = os.path.dirname(path)
        return [
            os.path.join(folder, interpolate(name, self._variables))
            for name in paths
            if isinstance(name, str)
        ]

    def _service(self, path: str, name: str, body: Any, within: tuple) -> _Service:
        if body is None:
            body = {}
        if not isinstance(body, dict):
            error = DockerHostError("It is no mapping.", "Write keys such as image: below it.")
            return _Service(name, path, {}, (), error)
        image = body.get("image")
        if image is not None and not isinstance(image, str):
            error = DockerHostError("Its image is no text.", "Write it in quotes.")
            return _Service(name, path, {}, (), error)
        profiles = body.get("profiles")
        own = _Service(
            name,
            path,
            {key: body[key] for key in _TAKEN if isinstance(body.get(key), str)},
            tuple(profiles) if _all_text(profiles) else (),
        )
        if "extends" not in body:
            return own
        try:
            return self._base(path, body["extends"], (*within, (path, name))).under(own)
        except DockerHostError as error:
            return _Service(name, path, own.says, own.profiles, error)

    def _base(self, path: str, extends: Any, within: tuple) -> _Service:
        """Return the service that another extends, of the same file or of another."""
        said = {"service": extends} if isinstance(extends, str) else extends
        if not isinstance(said, dict) or not isinstance(said.get("service"), str):
            raise DockerHostError("Its extends names no service.", "Write extends: {service: NAME}")
        name = interpolate(said["service"], self._variables)
        other = path
        if isinstance(said.get("file"), str):
            named = interpolate(said["file"], self._variables)
            other = os.path.join(os.path.dirname(path), named)
        if (other, name) in within or len(within) > _DEEPEST:
            raise DockerHostError(f"It extends itself, by {name}.", "Break the circle.")
        services = _mapping(other, read_document(other), "services")
        if name not in services:
            raise DockerHostError(
                f"It extends {name}, which is not in {other}.", "Name a service of that file."
            )
        return self._service(other, name, services[name], within)


def _mapping(path: str, document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = document.get(key, {} if "include" in document else None)
    if not isinstance(found, dict):
        raise DockerHostError(
            f"{path} has no {key}.", f"Write them below the key {key}, as Compose wants it."
        )
    return {str(name): body for name, body in found.items()}


def _environment_file(folder: str) -> dict[str, str]:
    try:
        with open(os.path.join(folder, _ENVIRONMENT_FILE), encoding="utf-8") as stream:
            return read_environment_file(stream.read())
    except (OSError, UnicodeDecodeError):
        return {}


def _all_text(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _at(place: str, error: DockerHostError) -> DockerHostError:
    return DockerHostError(f"{place}: {error.message}", error.remedy)
