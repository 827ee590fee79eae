# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins for registries: given ones, and those of Docker's config.json with its helpers."""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping, Sequence

from ansible_collections.arm64.docker.plugins.module_utils import _json_object
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._image_reference import DOCKER_HUB
from ansible_collections.arm64.docker.plugins.module_utils._process import Runner

_FILE = "config.json"
# Where Docker keeps the login of Docker Hub (docker's registry/config.go).
_HUB_KEY = "https://index.docker.io/v1/"
_HUB_NAMES = (DOCKER_HUB, "index.docker.io", "registry-1.docker.io")
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# Whose secret is no password, but what a token service gives tokens for.
_TOKEN_USER = "<token>"
# What ends the address of an API, as Docker wrote it.
_VERSIONS = ("", "v1", "v2")
_NOT_FOUND = "credentials not found"


@dataclass(frozen=True)
class Credential:
    """One login; nothing of it but the user's name is ever shown.

    ``identity_token`` is exchanged for tokens, ``registry_token`` is one.
    """

    username: str
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)


class Credentials:
    """Finds logins: given ones first, then those of a config.json as Docker looks for them.

    :param timeout: seconds that a helper may take
    """

    def __init__(
        self,
        given: Mapping[str, Credential],
        config: Mapping[str, Any],
        runner: Runner,
        timeout: float,
    ) -> None:
        self._given = {_plain(registry): login for registry, login in given.items()}
        self._config = config
        self._runner = runner
        self._timeout = timeout

    def find(self, registry: str) -> Credential | None:
        """Return the login for a registry (``host`` or ``host:port``), or None.

        :raises DockerHostError: where a helper that is to know it fails
        """
        name = _plain(registry)
        if name in self._given:
            return self._given[name]
        for server in _servers(name):
            helper = self._part("credHelpers").get(server)
            if helper:
                return self._ask(helper, server)
        store = self._config.get("credsStore")
        if store:
            return self._ask(store, _HUB_KEY if name == DOCKER_HUB else registry)
        logins = self._part("auths")
        for server in _keys(logins, name):
            entry = logins[server]
            login = _entry(entry, registry) if isinstance(entry, dict) else None
            if login is not None:
                return login
        return None

    def _part(self, name: str) -> Mapping[str, Any]:
        part = self._config.get(name)
        return part if isinstance(part, dict) else {}

    def _ask(self, helper: Any, server: str) -> Credential | None:
        if not isinstance(helper, str) or not _HELPER.fullmatch(helper):
            raise DockerHostError(
                f"config.json names a credential helper for {server} that has no proper name.",
                "It is the end of the name of a program, as in credsStore: pass.",
            )
        program = f"docker-credential-{helper}"
        said = self._runner.run([program, "get"], self._timeout, stdin=server)
        if said.missing:
            why = "it is not installed"
        elif said.timed_out:
            why = f"it did not answer within {self._timeout:g} s"
        elif said.rc != 0:
            if _NOT_FOUND in f"{said.stdout}{said.stderr}".lower():
                return None
            why = f"it ended with status {said.rc}"
        else:
            login = _answer(said.stdout)
            if login is not None:
                return login
            why = "it does not answer as a credential helper"
        raise DockerHostError(
            f"{program}, which config.json names for {server}, gives no login: {why}.",
            f"Try `echo {server} | {program} get`, or give the login in registry_auth.",
        )


class Once:
    """A value that is looked up when it is needed, and once: a helper may ask people for it."""

    def __init__(self, look_up: Callable[[], Credential | None]) -> None:
        self._look_up = look_up
        self._found: Credential | None = None
        self._error: DockerHostError | None = None
        self._done = False

    def value(self) -> Credential | None:
        """Return the value.

        :raises DockerHostError: where the look-up failed, the first time and each time after it
        """
        if not self._done:
            try:
                self._found = self._look_up()
            except DockerHostError as error:
                self._error = error
            self._done = True
        if self._error is not None:
            raise self._error
        return self._found


def read_config(path: str | None, environment: Mapping[str, str]) -> Mapping[str, Any]:
    """Return Docker's config.json as an object, which is empty where none was named and none is.

    :param path: the file or its folder; None is where Docker looks
    :raises DockerHostError: where it cannot be read
    """
    usual = environment.get("DOCKER_CONFIG") or os.path.join(
        environment.get("HOME") or os.path.expanduser("~"), ".docker"
    )
    place = path or usual
    if path is None or os.path.isdir(place):
        place = os.path.join(place, _FILE)
    try:
        with open(place, "rb") as stream:
            data = stream.read()
    except FileNotFoundError:
        if path is None:
            return {}
        raise DockerHostError(f"{place} does not exist.", "Name it in docker_config.") from None
    except OSError as error:
        if path is None and isinstance(error, (PermissionError, NotADirectoryError)):
            return {}
        raise DockerHostError(
            f"{place} cannot be read: {error.strerror}.", "Name another file in docker_config."
        ) from error
    config, fault = _json_object.read(data)
    if config is None:
        raise DockerHostError(
            f"{place} is no configuration of Docker: {fault}.", "Mend it, or name another file."
        )
    return config


def given_logins(entries: Sequence[Mapping[str, Any]]) -> dict[str, Credential]:
    """Return the logins of the option registry_auth by registry."""
    return {
        str(entry["registry"]): Credential(entry["username"], entry["password"])
        for entry in entries
    }


def _plain(server: str) -> str:
    """Return the registry that a key of config.json speaks of."""
    host = server.partition("://")[2] or server
    host = host.partition("/")[0].lower()
    return DOCKER_HUB if host in _HUB_NAMES else host


def _servers(name: str) -> tuple[str, ...]:
    return (_HUB_KEY, *_HUB_NAMES) if name == DOCKER_HUB else (name, f"https://{name}")


def _keys(logins: Mapping[str, Any], name: str) -> list[str]:
    """Return the keys of auths that speak of a registry, the nearest to its name first.

    Keys with the path of a repository, such as example.org/team, come last.
    """
    exact = [server for server in _servers(name) if server in logins]
    others = [server for server in logins if _plain(server) == name]
    return list(dict.fromkeys([*exact, *sorted(others, key=_has_repository)]))


def _has_repository(server: str) -> bool:
    path = (server.partition("://")[2] or server).partition("/")[2]
    return path.strip("/") not in _VERSIONS


def _entry(entry: Mapping[str, Any], registry: str) -> Credential | None:
    """Read what auths holds of one registry; an entry without a login is none."""

    def text(key: str) -> str:
        value = entry.get(key)
        return value if isinstance(value, str) else ""

    username, password = text("username"), text("password")
    if text("auth"):
        try:
            pair = base64.b64decode(text("auth"), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            pair = ""
        username, colon, password = pair.partition(":")
        if not colon:
            raise DockerHostError(
                f"The entry of {registry} in config.json holds no user and password.",
                f"Run 'docker login {registry}', or give the login in registry_auth.",
            )
        # Docker ends some of them with zeros (cli's config/configfile/file.go).
        password = password.strip("\0")
    tokens = text("identitytoken"), text("registrytoken")
    return Credential(username, password, *tokens) if username or any(tokens) else None


def _answer(stdout: str) -> Credential | None:
    try:
        answer = json.loads(stdout)
        username, secret = answer["Username"], answer["Secret"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    if not isinstance(username, str) or not isinstance(secret, str):
        return None
    if username == _TOKEN_USER:
        return Credential("", identity_token=secret)
    return Credential(username, secret)
