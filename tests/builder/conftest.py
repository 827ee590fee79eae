# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of builders for each test, which all go at its end, and the module to make them with."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from plays.runner import Controller, Run

from builder.relay import DIAL, Relay

LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3"}


class Host:
    """This machine, with builders of its own in the folder `config`."""

    def __init__(self, config: Path) -> None:
        self.config = config

    def docker(self, *words: str) -> str:
        """Run docker and return what it said; raises where it fails."""
        return subprocess.run(
            ["docker", *words],
            env={**os.environ, "DOCKER_CONFIG": str(self.config)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            timeout=120,
            check=True,
        ).stdout

    def attempt(self, *flags: str, environment=None, **arguments) -> Run:
        """Run the module once, however it ends."""
        controller = Controller({"all": {"hosts": {"host": LOCAL}}}, environment)
        given = {"docker_config": str(self.config), **arguments}
        return controller.module("arm64.docker.buildx_builder", json.dumps(given), *flags)

    def builder(self, *flags: str, **arguments) -> dict:
        """Run the module and return what it returned."""
        return self.attempt(*flags, **arguments).demand().result()

    def refusal(self, **arguments) -> str:
        """Run the module, which has to fail, and return its message."""
        attempt = self.attempt(**arguments)
        assert attempt.rc != 0, attempt.output
        return attempt.result()["msg"]

    def settle(self, **arguments) -> dict:
        """Foresee a change in check mode, make it, and find nothing left; return what it made."""
        before = self.docker("buildx", "ls")
        foreseen = self.attempt("--check", "--diff", **arguments).demand()
        assert self.docker("buildx", "ls") == before
        done = self.attempt("--diff", **arguments).demand()
        for key in ("changed", "actions"):
            assert foreseen.result()[key] == done.result()[key]
        assert _shown_diff(foreseen) == _shown_diff(done)
        again = self.builder(**arguments)
        assert (again["changed"], again["actions"]) == (False, [])
        assert again["nodes"] == done.result()["nodes"]
        return done.result()

    def names(self) -> list[str]:
        """Return the names of all builders but those of docker contexts."""
        folder = self.config / "buildx/instances"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def _shown_diff(run: Run) -> str:
    return run.output.partition("\nhost | ")[0]


@pytest.fixture
def host(tmp_path):
    host = Host(tmp_path / "docker")
    host.config.mkdir()
    yield host
    for name in host.names():
        host.docker("buildx", "rm", name)


@pytest.fixture
def buildkit(tmp_path):
    """Return a BuildKit that listens on a socket."""
    environment = {**os.environ, "DOCKER_CONFIG": str(tmp_path / "relay")}
    relay = Relay(tmp_path / "buildkit.sock", DIAL, environment)
    yield relay
    relay.close()
