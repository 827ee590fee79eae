# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several places say of a service of a compose file, put together as Compose does."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import Any, Callable, Mapping, NamedTuple

from ansible_collections.arm64.docker.plugins.module_utils._compose_document import (
    RESET,
    OverrideList,
    OverrideMapping,
    printable,
)
from ansible_collections.arm64.docker.plugins.module_utils._compose_variables import (
    environment_file,
    interpolate,
    interpolate_loosely,
)
from ansible_collections.arm64.docker.plugins.module_utils._devices import device_reasons
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

_EVERY_PROFILE = "*"
_IMAGE, _PLATFORM = "image", "platform"
_BUILD, _POLICY = "build", "pull_policy"
_ALWAYS = "always"
# Below the key deploy.
_RESERVED = ("resources", "reservations", "devices")
# What makes a service need others: those that it names, and those whose namespaces it shares.
_NEEDS = ("depends_on", "links", "volumes_from")
_NAMESPACES = ("network_mode", "ipc", "pid", "uts", "cgroup")


@dataclass(frozen=True)
class ServiceImage:
    """What a service runs: ``image`` as the file has it where ``error`` says what is wrong.

    ``platform`` is "" where the service names none, ``service`` is FILE: SERVICE, or the file
    where the whole of it cannot be read. ``devices`` are why it needs a GPU or another device.
    ``built`` says that Compose builds it where it cannot be pulled, ``pulled`` that it pulls it
    anew at each start.
    """

    image: str
    platform: str
    service: str
    error: DockerHostError | None = None
    devices: tuple = ()
    built: bool = False
    pulled: bool = False


class _Text(NamedTuple):
    """A text as it stands in a file, and the variables of that file."""

    text: str
    variables: Mapping[str, str]

    def __str__(self) -> str:
        return interpolate(self.text, self.variables)


@dataclass(frozen=True)
class Service:
    """What is said of a service, and where: ``says`` has the keys that count here.

    These have one shape each, whichever way a file writes them: image and platform are texts with
    their variables, profiles is a list, build is true, devices has the path on the host by that in
    the container, environment, env_file (what is in the files) and labels are mappings. ``RESET``
    takes away what earlier places said, of a key or of the service.
    """

    name: str
    path: str
    says: Any
    error: DockerHostError | None = None

    def under(self, other: Service) -> Service:
        """Return this service with another's words, which count more, over it."""
        kept = None if _replaces(other.says) else self.error
        says = _merged(self.says, other.says)
        return Service(other.name, other.path, says, other.error or kept)

    def profiles(self) -> tuple:
        """Return the profiles that it has."""
        return tuple(self._said().get("profiles") or ())

    def needs(self) -> list[str]:
        """Return the names of the services that Compose starts before this one."""
        says = self._said()
        shared = [str(says.get(key) or "").partition(":") for key in _NAMESPACES]
        named = [name for key in _NEEDS for name in says.get(key) or ()]
        return named + [name for kind, _colon, name in shared if kind == "service"]

    def _said(self) -> dict[str, Any]:
        return _plain(self.says) if isinstance(self.says, Mapping) else {}

    def resolved(self, active: set[str]) -> ServiceImage | None:
        """Return what it runs; nothing where it is not active, or runs nothing that is pulled."""
        says, profiles = self._said(), self.profiles()
        runs = not profiles or _EVERY_PROFILE in active or not active.isdisjoint(profiles)
        image, built = says.get(_IMAGE), bool(says.get(_BUILD))
        runs = runs and not (built and says.get(_POLICY) == _BUILD)
        if not runs or self.says is RESET or not (self.error or (image and image.text)):
            return None
        place = printable(f"{self.path}: {self.name}")
        shown = printable(image.text) if image else ""
        if self.error is not None:
            return ServiceImage(shown or place, "", place, _at(place, self.error))
        try:
            found = [str(says.get(key) or "") for key in (_IMAGE, _PLATFORM)]
            if not all(map(str.isprintable, found)):
                raise DockerHostError(
                    "Its image or platform holds characters that cannot be printed.",
                    "Write names of letters, digits and . _ - / : @ only.",
                )
        except DockerHostError as error:
            return ServiceImage(shown, "", place, _at(place, error))
        environment = {**says.get("env_file", {}), **says.get("environment", {})}
        devices = list(says.get("devices", {}).values())
        wants = {**says, "image": found[0], "environment": environment, "devices": devices}
        reasons = tuple(printable(reason) for reason in device_reasons(wants))
        pulled = says.get(_POLICY) == _ALWAYS
        return ServiceImage(found[0], found[1], place, None, reasons, built, pulled)


def service(name: str, path: str, body: Any, folder: str, variables: Mapping[str, str]) -> Service:
    """Return what the body of a service in a file says, without what it extends.

    :param folder: that its paths start from
    """
    if body is RESET:
        return Service(name, path, RESET)
    body = {} if body is None else body
    if not isinstance(body, dict):
        error = DockerHostError("It is no mapping.", "Write keys such as image: below it.")
        return Service(name, path, {}, error)
    image = body.get(_IMAGE)
    if not (image is None or image is RESET or isinstance(image, str)):
        error = DockerHostError("Its image is no text.", "Write it in quotes.")
        return Service(name, path, {}, error)
    place = _Place(folder, variables)
    says: dict[str, Any] = {}
    error = None
    for key, shape in _SHAPES.items():
        value = body.get(key)
        try:
            said = value if value is RESET or value is None else shape(value, place)
        except DockerHostError as found:
            said, error = None, found
        if said is not None:
            says[key] = said
    return Service(name, path, _marked(body, says), error)


class _Place(NamedTuple):
    folder: str
    variables: Mapping[str, str]

    def fill(self, text: str) -> str:
        """Replace variables where that can be done."""
        try:
            return interpolate_loosely(text, self.variables)
        except DockerHostError:
            return text


def _text(value: Any, place: _Place) -> _Text | None:
    return _Text(value, place.variables) if isinstance(value, str) else None


def _profiles(value: Any, place: _Place) -> list[str] | None:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    return type(value)(interpolate_loosely(item, place.variables) for item in value)


def _word(value: Any, place: _Place) -> Any:
    return place.fill(value) if isinstance(value, str) else value


def _pairs(value: Any, place: _Place) -> dict[str, Any]:
    """Return NAME: VALUE, or a list of NAME=VALUE.

    A name without a value has that of the variable, as in Compose.
    """
    found: dict[str, Any] = {}
    if isinstance(value, Mapping):
        for name, said in value.items():
            found[str(name)] = place.fill(said) if isinstance(said, str) else _scalar(said)
    for item in _texts(value):
        name, equal, said = place.fill(item).partition("=")
        found[name] = said if equal else None
    for name, said in found.items():
        found[name] = place.variables.get(name, "") if said is None else said
    return _marked(value, found)


def _env_files(value: Any, place: _Place) -> dict[str, Any]:
    """Return what files set; those that cannot be read here set nothing."""
    found: dict[str, str] = {}
    for one in value if isinstance(value, list) else [value]:
        name = one.get("path") if isinstance(one, Mapping) else one
        if isinstance(name, str):
            with contextlib.suppress(OSError, ValueError):
                path = os.path.join(place.folder, place.fill(name))
                found.update(environment_file(path, place.variables))
    return _marked(value, found)


def _there(value: Any, place: _Place) -> bool:
    return True


def _names(value: Any, place: _Place) -> dict[str, Any]:
    """Return the services that a mapping has by their names, or a list as NAME or NAME:…."""
    if isinstance(value, Mapping):
        found = {str(name): RESET if said is RESET else True for name, said in value.items()}
    else:
        words = [place.fill(one).partition(":")[0] for one in _texts(value)]
        found = {name: True for name in words if name != "container"}
    return _marked(value, found)


def _devices(value: Any, place: _Place) -> dict[str, Any]:
    """Return the path on the host by that in the container."""
    found = {}
    for one in value if isinstance(value, list) else ():
        if isinstance(one, Mapping):
            source, target = (_word(one.get(key) or "", place) for key in ("source", "target"))
        elif isinstance(one, str):
            source, _colon, rest = place.fill(one).partition(":")
            target = rest.partition(":")[0]
        else:
            continue
        if isinstance(source, str) and isinstance(target, str):
            found[target or source] = source
    return _marked(value, found)


def _deploy(value: Any, place: _Place, keys: tuple = _RESERVED) -> Any:
    """Return no more of it than the devices that it reserves."""
    if not keys or value is RESET:
        return value
    if not isinstance(value, Mapping):
        return None
    inner = _deploy(value.get(keys[0]), place, keys[1:])
    return _marked(value, {} if inner is None else {keys[0]: inner})


# How each key that counts gets its one shape.
_SHAPES: dict[str, Callable[[Any, _Place], Any]] = {
    _IMAGE: _text,
    _PLATFORM: _text,
    _BUILD: _there,
    _POLICY: _word,
    "profiles": _profiles,
    "runtime": _word,
    "gpus": _word,
    "devices": _devices,
    "environment": _pairs,
    "env_file": _env_files,
    "labels": _pairs,
    "deploy": _deploy,
    **dict.fromkeys(_NEEDS, _names),
    **dict.fromkeys(_NAMESPACES, _word),
}


def _merged(base: Any, over: Any) -> Any:
    """Put one value over another as Compose does: mappings by key, lists one after the other."""
    if over is None:
        return base
    if _replaces(over):
        return over
    if isinstance(over, dict):
        base = base if isinstance(base, dict) else {}
        return {**base, **{key: _merged(base.get(key), over[key]) for key in over}}
    if isinstance(base, list) and isinstance(over, list):
        return [*base, *over]
    return over


def _replaces(value: Any) -> bool:
    return value is RESET or isinstance(value, (OverrideMapping, OverrideList))


def _marked(value: Any, shaped: dict[str, Any]) -> dict[str, Any]:
    """Return a mapping that takes the place of earlier ones where the value that it is of does."""
    replaces = isinstance(value, (OverrideMapping, OverrideList))
    return OverrideMapping(shaped) if replaces else shaped


def _plain(says: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping without what is reset in it, at any depth."""
    return {
        key: _plain(value) if isinstance(value, Mapping) else value
        for key, value in says.items()
        if value is not RESET
    }


def _scalar(value: Any) -> Any:
    """Return a number, None or ``RESET``; of all else, of which aliases can make anything, ""."""
    known = value is None or value is RESET or isinstance(value, (int, float))
    return value if known else ""


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _at(place: str, error: DockerHostError) -> DockerHostError:
    return DockerHostError(f"{place}: {printable(error.message)}", printable(error.remedy))
