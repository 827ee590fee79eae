# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._observe._packages import (
    read_conflicts,
    read_packages,
)
from ansible_collections.arm64.docker.tests.unit.hosts import Machine


def test_packages_that_the_roles_know_are_reported_with_version_hold_and_state(
    machine: Machine,
) -> None:
    machine.install({"runc": {"version": "1.1.15", "status": "hold ok installed"}, "vim": "9.1"})
    packages = read_packages(machine.host())
    assert packages["docker.io"] == {
        "version": "26.1.5+dfsg1-9+b9",
        "hold": False,
        "state": "installed",
    }
    assert packages["runc"]["hold"] is True
    assert "docker-ce" not in packages
    assert "vim" not in packages


def test_further_packages_are_reported_by_name(machine: Machine) -> None:
    machine.install({"vim": "2:9.1.1230-2"})
    packages = read_packages(machine.host(), ["vim", "emacs"])
    assert packages["vim"]["version"] == "2:9.1.1230-2"
    assert "emacs" not in packages


def test_a_package_of_which_only_configuration_is_left_is_not_installed(machine: Machine) -> None:
    machine.install({"docker.io": {"version": "26.1.5", "status": "deinstall ok config-files"}})
    assert "docker.io" not in read_packages(machine.host())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("docker.io", "docker-ce"),
        ("docker-cli", "docker-ce-cli"),
        ("docker-buildx", "docker-buildx-plugin"),
        ("docker-compose", "docker-compose-plugin"),
        ("docker-compose-v2", "docker-compose-plugin"),
        ("containerd", "containerd.io"),
    ],
)
def test_packages_that_own_the_same_files_are_a_conflict(
    machine: Machine, one: str, other: str
) -> None:
    machine.packages = {"dpkg": "1.22.21", one: "1"}
    machine.install()
    assert read_conflicts(machine.host()) == []
    machine.install({other: "1"})
    assert read_conflicts(machine.host()) == [{"kind": "package", "name": one, "with": other}]


def test_docker_compose_1_is_a_program_of_its_own_and_no_conflict(machine: Machine) -> None:
    plugin = {"docker-compose-plugin": "2.40.1-1~debian.12~bookworm"}
    machine.install({**plugin, "docker-compose": "1.29.2-3"})
    assert read_conflicts(machine.host()) == []
    machine.install({"docker-compose": "2.26.1-4"})
    assert [found["name"] for found in read_conflicts(machine.host())] == ["docker-compose"]


def test_podman_as_docker_is_a_conflict_and_podman_itself_is_none(machine: Machine) -> None:
    machine.install({"podman": "5.4.2"})
    assert read_conflicts(machine.host()) == []
    machine.install({"podman-docker": "5.4.2"})
    assert read_conflicts(machine.host()) == [
        {"kind": "package", "name": "podman-docker", "with": "docker"}
    ]


@pytest.mark.parametrize("path", ["/snap/docker/current", "/var/lib/snapd/snaps/docker_2963.snap"])
def test_dockers_snap_is_a_conflict(machine: Machine, path: str) -> None:
    machine.write("/var/lib/snapd/snaps/core22_1.snap", "")
    assert read_conflicts(machine.host()) == []
    machine.write(path, "")
    assert read_conflicts(machine.host()) == [{"kind": "snap", "name": "docker", "with": "docker"}]
