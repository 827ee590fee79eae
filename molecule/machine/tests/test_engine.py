# SPDX-License-Identifier: GPL-3.0-or-later
"""What a booted arm64 machine proves beyond a container: a daemon that networks and runs."""

from __future__ import annotations

import json


def test_the_machine_is_arm64(host):
    assert host.check_output("uname -m") == "aarch64"


def test_the_engine_runs_and_is_enabled(host):
    with host.sudo():
        assert host.service("docker").is_running
        assert host.service("docker").is_enabled


def test_the_daemon_answers_as_the_platform_of_the_host(host):
    with host.sudo():
        version = json.loads(host.check_output("docker version --format '{{json .}}'"))
    assert (version["Server"]["Os"], version["Server"]["Arch"]) == ("linux", "arm64")


def test_buildx_and_compose_answer(host):
    with host.sudo():
        assert "buildx" in host.check_output("docker buildx version")
        assert "Compose" in host.check_output("docker compose version")


def test_the_operator_uses_docker_without_root(host):
    with host.sudo("pilot"):
        assert host.run("docker info --format '{{.Architecture}}'").stdout.strip() == "aarch64"


def test_the_daemon_has_its_bridge_and_its_rules(host):
    with host.sudo():
        assert host.interface("docker0").exists
        assert "DOCKER" in host.check_output("iptables --list --numeric")


def test_nothing_of_ours_was_left_behind(host):
    with host.sudo():
        assert host.check_output("docker ps --all --quiet") == ""
        assert host.check_output("docker images --quiet") == ""
    assert host.check_output("find /tmp /run -name '*arm64-docker*' 2>/dev/null || true") == ""
