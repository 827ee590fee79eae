# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a registry is asked: its own address, its mirrors before it, and who may be insecure."""

from __future__ import annotations

import re
import urllib.parse
from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._image_reference import (
    DOCKER_HUB,
    is_registry,
)
from ansible_collections.arm64.docker.plugins.module_utils._secrets import mask_text

# Docker Hub's names are docker.io/…, and its API answers elsewhere (docker's registry/config.go).
_HUB_API = "registry-1.docker.io"
_HUB_NAMES = (DOCKER_HUB, "index.docker.io", _HUB_API)
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class Endpoint:
    """A server: ``host`` without brackets; ``insecure`` where no certificate is demanded."""

    scheme: str
    host: str
    port: int
    insecure: bool = False
    mirror: bool = False

    @property
    def name(self) -> str:
        """Host and port as in an address, without the port that the scheme has anyway."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.name}"


@dataclass(frozen=True)
class Registries:
    """How registries are reached.

    ``mirrors`` holds the endpoints to ask first by registry, ``insecure`` the names (host, or
    host and port) that need no valid certificate and may speak plain HTTP.
    """

    mirrors: Mapping[str, Sequence[Endpoint]]
    insecure: frozenset

    @classmethod
    def parse(cls, mirrors: Any, insecure: Sequence[str]) -> Registries:
        """Read the options of a module.

        :param mirrors: addresses by registry; a list is Docker Hub's, as in daemon.json
        :raises DockerHostError: where one of them is none
        """
        for name in insecure:
            if not is_registry(name):
                raise DockerHostError(
                    f"'{mask_text(name)}' in insecure_registries is no registry.",
                    "Write it as registry.example.org or registry.example.org:5000.",
                )
        known = cls({}, frozenset(name.lower() for name in insecure))
        return cls(
            {
                registry: [known.mirror(address) for address in addresses]
                for registry, addresses in _by_registry(mirrors).items()
            },
            known.insecure,
        )

    def allows(self, name: str) -> bool:
        """Say whether the caller named this host, or host and port, as insecure."""
        host = re.sub(r":[0-9]+$", "", name)
        return name.lower() in self.insecure or host.lower() in self.insecure

    def mirror(self, address: str) -> Endpoint:
        """Return the endpoint of a mirror, as daemon.json has it: with a scheme, without a path."""
        endpoint = self.of_url(address) if "://" in address else None
        parts = urllib.parse.urlsplit(address if endpoint else "")
        if endpoint is not None and "@" in parts.netloc:
            raise DockerHostError(
                f"The mirror '{mask_text(address)}' has a user and a password in its address.",
                f"Give them in registry_auth, for {endpoint.name}.",
            )
        if endpoint is None or parts.path not in ("", "/"):
            raise DockerHostError(
                f"'{mask_text(address)}' in mirrors is no address of a mirror.",
                "Write it as https://mirror.example.org, without a path.",
            )
        if endpoint.scheme == "http" and not endpoint.insecure:
            raise DockerHostError(
                f"The mirror {endpoint.url} is reached without TLS.",
                f"Use https://, or add {endpoint.name} to insecure_registries.",
            )
        return Endpoint(endpoint.scheme, endpoint.host, endpoint.port, endpoint.insecure, True)

    def of_url(self, url: str) -> Endpoint | None:
        """Return the server of an address, or None where it is no address of the web."""
        try:
            parts = urllib.parse.urlsplit(url)
            scheme, host, port = parts.scheme, parts.hostname or "", parts.port
        except ValueError:
            return None
        if scheme not in _PORTS or not is_registry(f"[{host}]" if ":" in host else host):
            return None
        endpoint = Endpoint(scheme, host, port or _PORTS[scheme])
        if not self.allows(endpoint.name):
            return endpoint
        return Endpoint(scheme, host, endpoint.port, insecure=True)

    def endpoints(self, registry: str) -> list[Endpoint]:
        """Return the servers to ask in this order: the mirrors, then the registry itself.

        An insecure registry is asked with TLS first, as Docker does it.
        """
        name = _HUB_API if registry == DOCKER_HUB else registry
        host, port = _host_and_port(name)
        insecure = self.allows(registry) or self.allows(name)
        own = [Endpoint("https", host, port or _PORTS["https"], insecure)]
        if insecure:
            own.append(Endpoint("http", host, port or _PORTS["http"], insecure))
        return [*self.mirrors.get(registry, ()), *own]


def _by_registry(mirrors: Any) -> dict[str, list[str]]:
    if isinstance(mirrors, (list, tuple, str)):
        mirrors = {DOCKER_HUB: mirrors} if mirrors else {}
    if not isinstance(mirrors, Mapping):
        raise _no_mirrors()
    found = {}
    for registry, addresses in mirrors.items():
        listed = [addresses] if isinstance(addresses, str) else addresses
        if not isinstance(listed, (list, tuple)) or not all(isinstance(a, str) for a in listed):
            raise _no_mirrors()
        if not is_registry(str(registry)):
            raise _no_mirrors()
        found[DOCKER_HUB if registry in _HUB_NAMES else str(registry)] = list(listed)
    return found


def _no_mirrors() -> DockerHostError:
    return DockerHostError(
        "mirrors is neither a list of addresses nor lists of addresses by registry.",
        "Write it as {docker.io: [https://mirror.example.org]}.",
    )


def _host_and_port(name: str) -> tuple[str, int | None]:
    parts = urllib.parse.urlsplit(f"//{name}")
    return parts.hostname or "", parts.port
