# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances of Docker in Docker on this machine, which all go at the end."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from plays.runner import Controller, Run, extra_vars

PREFIX = "arm64-docker-dind-test"
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3"}
ARCHITECTURE = subprocess.check_output(["dpkg", "--print-architecture"], text=True).strip()
TAG = "latest" if ARCHITECTURE == "arm64" else ARCHITECTURE
IMAGE = f"arm64-docker-test/dind:{TAG}"
ROOTLESS_IMAGE = f"arm64-docker-test/dind-rootless:{TAG}"

# The role alone: what the playbook does before it has tests of its own.
PLAY = [
    {
        "name": "Run Docker in Docker",
        "hosts": "all",
        "gather_facts": False,
        "roles": [{"role": "arm64.docker.docker_dind"}],
    }
]


class Host:
    """This machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.playbook = folder / "play.yml"
        self.playbook.write_text(yaml.safe_dump(PLAY), encoding="utf-8")

    def docker(self, *words: str, check: bool = True) -> str:
        """Run docker and return what it said; raises where it fails."""
        done = subprocess.run(
            ["docker", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"docker {' '.join(words)}: {done.stdout}")
        return done.stdout

    def inside(self, engine: str, *words: str) -> str:
        """Run docker in an engine's own container, and return what it said."""
        return self.docker("exec", engine, "docker-entrypoint.sh", *words)

    def play(self, instances: list[dict[str, Any]], *options: str, **variables: Any) -> Run:
        """Run the role for instances, however it ends."""
        return self.plays({"host": instances}, *options, **variables)

    def plays(self, hosts: dict[str, Any], *options: str, **variables: Any) -> Run:
        """Run the role for several names of this machine, each with instances of its own."""
        content = {
            name: {**LOCAL, "docker_dind_instances": instances} for name, instances in hosts.items()
        }
        controller = Controller({"all": {"hosts": content}})
        return controller.playbook(str(self.playbook), *extra_vars(**variables), *options)

    def made(self) -> list[str]:
        """Return the names of all containers, networks and volumes of these tests."""
        names = self.docker("ps", "--all", "--format", "{{.Names}}").split()
        names += self.docker("network", "ls", "--format", "{{.Name}}").split()
        names += self.docker("volume", "ls", "--format", "{{.Name}}").split()
        return sorted(name for name in names if name.startswith(PREFIX))

    def clean(self) -> None:
        """Remove them all."""
        for kind, words in (
            ("ps", ["--all"]),
            ("network", ["ls"]),
            ("volume", ["ls"]),
        ):
            form = "{{.Names}}" if kind == "ps" else "{{.Name}}"
            for name in self.docker(kind, *words, "--format", form).split():
                if name.startswith(PREFIX):
                    command = ["rm", "--force", "--volumes"] if kind == "ps" else [kind, "rm"]
                    self.docker(*command, name, check=False)


@pytest.fixture(scope="session", autouse=True)
def settings(tmp_path_factory):
    """Give these tests docker settings of their own at the place where the user's are.

    They make contexts and use them: every other docker of this user, that of Molecule's connection
    among them, would ask the engine of such a context meanwhile.
    """
    place = Path.home() / ".docker"
    place.mkdir(mode=0o700, exist_ok=True)
    folder = tmp_path_factory.mktemp("settings")
    # CLONE_NEWNS of <sched.h>: mounts from here on are those of this process and its children.
    namespace_of_mounts = 0x00020000
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(namespace_of_mounts):
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "--bind", str(folder), str(place)], check=True)


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    host = Host(tmp_path_factory.mktemp("dind"))
    host.clean()
    yield host
    host.clean()
