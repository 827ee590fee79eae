# SPDX-License-Identifier: GPL-3.0-or-later
"""A Docker daemon of the host, as far as instances of Docker in Docker look at it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.arm64.docker.plugins.filter.dind_instances import dind_instances
from ansible_collections.arm64.docker.plugins.module_utils._process import Result
from ansible_collections.arm64.docker.tests.unit.fakes import said

LABEL = "arm64.docker.dind"
# The host's own daemon.
HOST = "unix:///var/run/docker.sock"
NO_DAEMON = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is it running?"


def instance(name: str = "ci", platform: str = "linux/arm64", **options: Any) -> dict[str, Any]:
    """Return a complete instance."""
    (found,) = dind_instances([{"name": name, **options}], platform)["instances"]
    return found


class Daemon:
    """Answers of the docker command; what is in the dictionaries exists."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.containers: dict[str, dict[str, Any]] = {}
        self.networks: dict[str, dict[str, Any]] = {}
        self.volumes: dict[str, dict[str, Any]] = {}
        self.images: dict[str, dict[str, Any]] = {}
        self.ports: list[dict[str, str]] = []
        # The containers that have a volume, or are in a network.
        self.users: dict[str, list[str]] = {}
        self.logs = ""
        self.inner = said(stderr="dial tcp 172.18.0.2:2376: connection refused", rc=1)

    def add_container(self, name: str, owner: str | None = None, **state: Any) -> None:
        """Add a container that was made for an instance, and runs."""
        self.containers[name] = {
            "Name": f"/{name}",
            "Image": "sha256:1",
            "Config": {"Labels": {LABEL: name if owner is None else owner}},
            "State": {
                "Running": True,
                "Status": "running",
                "ExitCode": 0,
                "StartedAt": "2026-11-22T10:00:00Z",
                **state,
            },
            "NetworkSettings": {"Ports": {}, "Networks": {name: {"IPAddress": "172.18.0.2"}}},
        }

    def add_network(self, name: str, *members: str) -> None:
        """Add a network in which containers run."""
        self.networks[name] = {
            "Name": name,
            "Labels": {},
            "Containers": {f"id-{member}": {"Name": member} for member in members},
        }

    def add_volume(self, name: str, owner: str) -> Path:
        """Add a volume, and return the folder that it is."""
        place = self.folder / name
        place.mkdir()
        self.volumes[name] = {"Name": name, "Labels": {LABEL: owner}, "Mountpoint": str(place)}
        return place

    def __call__(self, argv: tuple) -> Result:
        assert argv[1] == "--host"
        if argv[2] != HOST:
            return self.inner
        words = list(argv[3:])
        if words[:2] == ["image", "inspect"]:
            found = [self.images[name] for name in words[2:] if name in self.images]
            return said(json.dumps(found), rc=0 if found else 1)
        if words[1] == "inspect":
            store = {"container": self.containers, "network": self.networks, "volume": self.volumes}
            found = [store[words[0]][name] for name in words[2:] if name in store[words[0]]]
            return said(json.dumps(found), rc=0 if len(found) == len(words[2:]) else 1)
        if words[:3] == ["ps", "--all", "--filter"]:
            what = words[3].partition("=")[2]
            return said("".join(f"{name}\n" for name in self.users.get(what, ())))
        if words[0] == "ps":
            return said("".join(json.dumps(row) + "\n" for row in self.ports))
        if words[0] == "logs":
            return said(stderr=self.logs)
        raise AssertionError(argv)
