# SPDX-License-Identifier: GPL-3.0-or-later
"""What an arm64 container can prove: packages, service, configuration, version facts."""

from __future__ import annotations

import json

import pytest

SYSTEMD, NO_SYSTEMD = "debian12", "debian13"
EXPECTED = {
    SYSTEMD: ("docker.io", "python3-requests", "ca-certificates"),
    NO_SYSTEMD: (
        "docker.io",
        "docker-cli",
        "docker-buildx",
        "docker-compose",
        "python3-requests",
        "ca-certificates",
    ),
}


@pytest.fixture
def name(host):
    return host.backend.get_hostname()


def test_the_container_is_arm64(host):
    assert host.check_output("dpkg --print-architecture") == "arm64"
    assert host.check_output("uname -m") == "aarch64"


def test_the_packages_of_the_release_are_installed(host, name):
    for package in EXPECTED[name]:
        assert host.package(package).is_installed, package


def test_nothing_recommended_came_along(host):
    assert not host.package("needrestart").is_installed


def test_the_service_will_start_at_boot(host):
    assert host.file("/etc/systemd/system/multi-user.target.wants/docker.service").is_symlink


def test_the_daemon_runs_and_says_arm64(host, name):
    if name != SYSTEMD:
        assert "Cannot connect to the Docker daemon" in host.run("docker version").stderr
        return
    assert host.service("docker").is_running
    version = json.loads(host.check_output("docker version --format '{{json .}}'"))
    assert (version["Server"]["Os"], version["Server"]["Arch"]) == ("linux", "arm64")


def test_the_operator_is_in_the_group_docker(host):
    assert "docker" in host.user("pilot").groups


def test_foreign_configuration_was_left_alone(host, name):
    content = json.loads(host.file("/etc/docker/daemon.json").content_string)
    assert content["storage-driver"] == "vfs"
