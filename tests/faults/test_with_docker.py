# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of a host that has Docker: locks that are held, a daemon that does not answer."""

from __future__ import annotations

import contextlib
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from plays.host import Host
from plays.runner import Run

from faults.locks import DPKG, HOLDER, held

pytestmark = pytest.mark.full

# Seconds; on a busy emulated machine the client alone takes two.
TIMEOUT = 6


@contextlib.contextmanager
def silent_daemon(host: Host) -> Iterator[None]:
    """Stop the real daemon's process: its socket takes connections, and nobody answers."""
    with host.planted(
        "kill -STOP $(cat /run/docker.pid)",
        "kill -CONT $(cat /run/docker.pid)",
    ):
        yield


def test_an_installation_waits_for_locks_and_goes_on(host: Host, installation: Run) -> None:
    assert installation.rc == 0
    assert installation.recap["host"]["failed"] == 0
    assert host.ssh("docker version --format '{{.Server.Arch}}'").strip() == "arm64"


@pytest.mark.usefixtures("installation", "untouched")
def test_a_removal_does_not_wait_for_ever_and_says_who_holds_the_lock(host: Host) -> None:
    with held(host, DPKG):
        attempt = host.play(
            "arm64.docker.site", docker_engine_state="absent", docker_engine_lock_timeout=5
        )
    message = attempt.message()
    assert attempt.rc != 0
    assert "Another program holds the package manager's lock" in message
    assert f"/var/lib/dpkg/lock-frontend is held by {HOLDER} (process" in message
    assert "Wait for it or end it" in message


@pytest.mark.usefixtures("installation")
def test_both_facts_modules_return_within_their_timeout(host: Host) -> None:
    usual_facts = host.module("arm64.docker.docker_host_facts")
    usual_version = host.module("arm64.docker.docker_version_facts")
    with silent_daemon(host):
        facts = host.module("arm64.docker.docker_host_facts", timeout=TIMEOUT)
        version = host.module("arm64.docker.docker_version_facts", required=False, timeout=TIMEOUT)

    # What connecting and starting Python takes is not the modules' to bound, and varies.
    assert facts.seconds < 2 * usual_facts.seconds + TIMEOUT
    assert version.seconds < 2 * usual_version.seconds + TIMEOUT

    problem = version.result()["problem"]
    assert problem["id"] == "daemon_silent"
    assert "systemctl restart docker" in problem["remedy"]
    observed = facts.result()["ansible_facts"]["ansible_docker_host"]
    # What is left of the time may be too short to ask the client alone; then all of it is null.
    assert observed["docker"] is None or observed["docker"]["server"] is None
    assert "daemon_silent" in [finding["id"] for finding in observed["findings"]]
    answer = usual_version.result()["ansible_facts"]["ansible_docker_version"]
    assert answer["platform"] == "linux/arm64"


@pytest.mark.usefixtures("installation", "untouched")
def test_a_host_with_a_silent_daemon_is_refused(host: Host) -> None:
    with silent_daemon(host):
        attempt = host.play("arm64.docker.site", docker_observe_timeout=TIMEOUT)
    assert attempt.rc != 0
    assert "[error] daemon_silent:" in attempt.message()
    assert "took the connection and did not answer in time" in attempt.message()
    assert "journalctl -u docker" in attempt.message()


@pytest.mark.usefixtures("installation", "untouched")
def test_verify_says_that_the_daemon_is_silent(host: Host) -> None:
    with silent_daemon(host):
        attempt = host.play("arm64.docker.verify", docker_observe_timeout=TIMEOUT)
    assert attempt.rc != 0
    assert "cannot be verified: no Docker daemon answers" in attempt.message()
    assert "did not answer in time" in attempt.message()
    assert "systemctl restart docker" in attempt.message()


@pytest.mark.usefixtures("installation")
def test_diagnostics_of_a_silent_daemon_begin_with_it_and_hold_the_rest(
    host: Host, tmp_path: Path
) -> None:
    with silent_daemon(host):
        run = host.play(
            "arm64.docker.diagnostics",
            docker_diagnostics_dir=str(tmp_path),
            docker_diagnostics_timeout=30,
        ).demand()
    # Modules are brought to the host and connections made beside what the role bounds.
    assert run.seconds < 60
    (place,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(place) as archive:
        names = {name.partition("/")[2]: name for name in archive.getnames()}
        index = archive.extractfile(names["index.md"]).read().decode()
    assert "daemon_silent" in index
    assert {"journal.txt", "units.txt", "facts.json"} <= set(names)
