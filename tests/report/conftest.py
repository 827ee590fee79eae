# SPDX-License-Identifier: GPL-3.0-or-later
"""This machine with a container of its own, and the plays that look at it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from plays.runner import Controller, Run, extra_vars

LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3"}

# Nothing listens on this port.
AWAY = {
    "ansible_host": "127.0.0.1",
    "ansible_port": 9,
    "ansible_ssh_common_args": "-o ConnectTimeout=3",
}

NAME = "arm64-docker-report-test"
SECRET = "planted-for-the-report-test"


def docker(*words: str) -> str:
    """Run docker and return what it said; raises where it fails."""
    done = subprocess.run(
        ["docker", *words], capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout.strip()


class Fleet:
    """This machine as `here`, and as `away` one that cannot be reached."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._controller = Controller({"all": {"hosts": {"here": LOCAL, "away": AWAY}}})

    def play(self, name: str, *flags: str, **variables) -> Run:
        """Run a playbook of the collection."""
        return self._controller.playbook(f"arm64.docker.{name}", *extra_vars(**variables), *flags)

    def module(self, name: str, **arguments) -> dict:
        """Run a module on `here` and return what it returned."""
        run = self._controller.module(name, json.dumps(arguments), "--limit", "here")
        return run.demand().result("here")


@pytest.fixture(scope="session")
def fleet(tmp_path_factory):
    return Fleet(tmp_path_factory.mktemp("fleet"))


@pytest.fixture(scope="session")
def container(fleet):
    """Return the name of a container that has ended, with a secret among its variables."""
    archive, image = fleet.folder / "image.tar", f"{NAME}:1"
    platform = docker("version", "--format", "{{.Server.Os}}/{{.Server.Arch}}")
    fleet.module(
        "arm64.docker.static_image",
        path=str(archive),
        reference=image,
        platform=platform,
        program="uname",
    )
    docker("load", "--input", str(archive))
    try:
        docker("run", "--name", NAME, "--network", "none", "--env", f"API_TOKEN={SECRET}", image)
        yield NAME
    finally:
        subprocess.run(["docker", "rm", "--force", NAME], capture_output=True, check=False)
        docker("image", "rm", image)
