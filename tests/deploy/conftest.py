# SPDX-License-Identifier: GPL-3.0-or-later
"""This machine as the host, a registry with images, and the removal of what the tests made."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from plays.runner import Controller, Run, extra_vars
from registry import Registries
from registry.images import index, single
from registry.images import push as push_documents

from deploy.images import OTHER, OWN, push, write_shell

# What the tests make on the daemon is called so, and removed by that; others use the daemon too.
PREFIX = f"arm64-docker-deploy-test-{os.getpid()}"
LOCAL = {
    "ansible_connection": "local",
    "ansible_python_interpreter": "/usr/bin/python3",
    "ansible_become": False,
}


class Host:
    """This machine; logins and the files of projects are in `folder`."""

    def __init__(self, folder: Path, ca: Path) -> None:
        self.folder = folder
        self.lookup = {"ca_path": str(ca), "retries": 0}
        self.environment = {"HOME": str(folder), "DOCKER_CONFIG": str(folder / ".docker")}

    def docker(self, *words: str, check: bool = True) -> str:
        """Run docker and return what it said; raises where it fails."""
        return subprocess.run(
            ["docker", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=check,
        ).stdout.strip()

    def play(
        self, playbook: str, *options: str, hosts: tuple[str, ...] = ("host",), **variables: Any
    ) -> Run:
        """Run a playbook; `hosts` are names for this one machine."""
        inventory = {"all": {"hosts": dict.fromkeys(hosts, LOCAL)}}
        return Controller(inventory, self.environment).playbook(
            f"arm64.docker.{playbook}", *options, *extra_vars(**variables)
        )

    def audit(self, *options: str, **variables: Any) -> Run:
        """Run audit_images."""
        given = {name: value for name, value in variables.items() if name != "hosts"}
        return self.play(
            "audit_images",
            *options,
            hosts=variables.get("hosts", ("host",)),
            **{"docker_audit_lookup": self.lookup, "docker_audit_running": False, **given},
        )

    def deploy(self, *options: str, **variables: Any) -> Run:
        """Run deploy; `containers` and so on are variables of the role without its name."""
        given = {f"docker_deploy_{name}": value for name, value in variables.items()}
        fixed = {
            "docker_deploy_lookup": self.lookup,
            "docker_deploy_folder": str(self.folder / "projects"),
            "docker_deploy_timeout": 20,
        }
        return self.play("deploy", *options, **{**fixed, **given})

    def static_image(self, place: Path, name: str) -> None:
        """Write an archive with a program of the other architecture, which ends at once."""
        inventory = {"all": {"hosts": {"host": LOCAL}}}
        arguments = f"path={place} reference={name} platform=linux/{OTHER} exit_status=0"
        Controller(inventory).module("arm64.docker.static_image", arguments).demand()

    def containers(self) -> list[str]:
        """Return the names of the containers that the tests made, with their states."""
        line = self.docker(
            "ps", "--all", "--filter", f"name={PREFIX}", "--format", "{{.Names}} {{.State}}"
        )
        return sorted(line.splitlines())

    def remove_all(self) -> None:
        """Remove what the tests made on the daemon."""
        for kind, listing in (
            ("container", ["ps", "--all", "--format", "{{.Names}}"]),
            ("network", ["network", "ls", "--format", "{{.Name}}"]),
            ("volume", ["volume", "ls", "--format", "{{.Name}}"]),
            ("image", ["images", "--format", "{{.Repository}}:{{.Tag}}@{{.ID}}"]),
        ):
            for name in self.docker(*listing).splitlines():
                if PREFIX in name:
                    force = [] if kind == "network" else ["--force"]
                    self.docker(kind, "rm", *force, name.partition("@")[2] or name, check=False)


@pytest.fixture(scope="session")
def registries(tmp_path_factory):
    with Registries(tmp_path_factory.mktemp("registries") / "all") as opened:
        yield opened


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    """An archive with an image that the host runs."""
    place = tmp_path_factory.mktemp("archives") / "shell.tar"
    return write_shell(place, f"{PREFIX}/shell:1")


@pytest.fixture(scope="session")
def images(registries, archive, tmp_path_factory):
    """Names of images, by what they are there for."""
    folder = tmp_path_factory.mktemp("layouts")
    made = {
        "both": index(f"{PREFIX}/both", "oci", ["linux/amd64", "linux/arm64"], attested=True),
        "other": single(f"{PREFIX}/other", "oci", f"linux/{OTHER}"),
        "own": single(f"{PREFIX}/own", "docker", f"linux/{OWN}"),
    }
    for name, image in made.items():
        push_documents(image, registries.open, folder / name, registries.ca)
    names = {name: f"{registries.open.name}/{PREFIX}/{name}:latest" for name in made}
    push(archive, registries.open, f"{PREFIX}/shell:1", registries.ca)
    return {**names, "shell": f"{registries.open.name}/{PREFIX}/shell:1"}


@pytest.fixture
def host(tmp_path, registries):
    host = Host(tmp_path, registries.ca)
    host.remove_all()
    yield host
    host.remove_all()
