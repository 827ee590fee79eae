# SPDX-License-Identifier: GPL-3.0-or-later
"""How the observation asks programs: without starting anything, side by side, within its time."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._process import Runner
from ansible_collections.arm64.docker.tests.unit.fakes import FakeRunner, said, silent
from ansible_collections.arm64.docker.tests.unit.hosts import Machine, fixture
from ansible_collections.arm64.docker.tests.unit.running import script

DOWN = fixture("docker_version/docker-debian13-26.1.5-arm64-down.json")


def ids(problems: list[Any]) -> list[str]:
    return [problem.id for problem in problems]


def test_a_running_engine_is_asked_at_its_own_socket(machine: Machine) -> None:
    machine.observe("docker")
    assert machine.runner.command_lines("docker") == [
        "docker --host unix:///var/run/docker.sock version --format {{json .}}"
    ]


def test_the_socket_of_an_engine_that_does_not_run_is_not_asked(machine: Machine) -> None:
    """Whoever connects to docker.socket starts the engine."""
    machine.remove("/proc/612/comm")
    reason = "Cannot connect to the Docker daemon at unix:///run/docker-is-not-running.sock."
    machine.runner.answers["docker"] = said(DOWN, reason, 1)
    facts, problems = machine.observe("docker")
    assert machine.runner.command_lines("docker")
    for line in machine.runner.command_lines("docker"):
        assert "docker.sock" not in line.replace("docker-is-not-running.sock", "")
    assert facts["docker"]["client"]["version"] == "26.1.5+dfsg1"
    assert facts["docker"]["server"] is None
    (problem,) = problems
    assert problem.id == "daemon_unreachable"
    assert "No Docker daemon runs" in problem.message
    assert "is-not-running" not in problem.message


def test_a_running_engine_that_cannot_be_reached_is_told_with_dockers_reason(
    machine: Machine,
) -> None:
    reason = "error during connect: connection reset by peer"
    machine.runner.answers["docker"] = said(DOWN, reason, 1)
    (problem,) = machine.observe("docker")[1]
    assert problem.id == "daemon_unreachable"
    assert "connection reset by peer" in problem.message


def test_a_host_without_docker_has_none(build: Callable[[str], Machine]) -> None:
    facts, problems = build("raspberry-pi-4-bookworm").observe("docker")
    assert facts == {"docker": None}
    assert ids(problems) == ["docker_missing"]


def test_podman_in_the_place_of_docker_is_told(machine: Machine) -> None:
    stderr = "Cannot connect to Podman. Please verify your connection to the Linux system\n"
    machine.runner.answers["docker"] = said("", stderr, 125)
    facts, problems = machine.observe("docker")
    assert facts == {"docker": None}
    assert ids(problems) == ["docker_is_podman"]


def test_an_engine_that_does_not_answer_leaves_the_facts_of_the_client(machine: Machine) -> None:
    machine.runner.answers["docker"] = lambda argv: (
        silent() if "unix:///var/run/docker.sock" in argv else said(DOWN, "down", 1)
    )
    facts, problems = machine.observe("docker")
    assert facts["docker"]["client"]["version"] == "26.1.5+dfsg1"
    assert facts["docker"]["server"] is None
    assert ids(problems) == ["daemon_silent"]


def test_an_engine_that_hangs_costs_no_more_than_the_timeout(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A docker command that hangs with a child of its own, a systemd that does, the real Runner."""
    (tmp_path / "down.json").write_text(DOWN)
    script(
        tmp_path / "commands/docker",
        f'case "$*" in *is-not-running*) exec cat {tmp_path}/down.json ;; esac\n'
        "sleep 60 & sleep 60",
    )
    script(tmp_path / "commands/systemctl", "exec sleep 60")
    monkeypatch.setenv("PATH", f"{tmp_path}/commands:{os.environ['PATH']}")
    start = time.monotonic()
    facts, problems = machine.observe(runner=Runner(), timeout=1.5)
    assert time.monotonic() - start < 5.0
    assert sorted(ids(problems)) == ["daemon_silent", "service_unreadable"]
    assert facts["docker"]["client"]["version"] == "26.1.5+dfsg1"
    assert facts["platform"]["platform"] == "linux/arm64"


def test_helpers_stay_within_the_observations_time(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Directory services and apt hang too, where a disk or a server does."""
    machine.install({"unattended-upgrades": "2.12"})
    for name in ("getent", "apt-config"):
        script(tmp_path / "commands" / name, "exec sleep 60")
    monkeypatch.setenv("PATH", f"{tmp_path}/commands:{os.environ['PATH']}")
    start = time.monotonic()
    machine.observe("users", "apt", runner=Runner(), timeout=1, users=["one", "two"])
    assert time.monotonic() - start < 5.0


def test_programs_run_side_by_side(machine: Machine) -> None:
    """All are started before the first answer is waited for."""
    order = []

    class Slow(FakeRunner):
        def start(self, argv: Any, timeout: float) -> Any:
            order.append(f"start {argv[0]}")
            pending = super().start(argv, timeout)
            result = pending.result

            def wait() -> Any:
                order.append(f"wait {argv[0]}")
                return result()

            pending.result = wait
            return pending

    machine.observe(runner=Slow(**machine.runner.answers))
    assert order[:2] == ["start docker", "start systemctl"]
    assert set(order[2:]) == {"wait docker", "wait systemctl"}
