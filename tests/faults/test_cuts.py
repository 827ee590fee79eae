# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to a host in the middle of a module: its connection is cut, its dpkg is killed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from machine import Machine
from plays.host import Host
from plays.runner import Run

pytestmark = pytest.mark.full

OBSERVATION = "arm64.docker.docker_host_facts"

# Seconds within which a play reaches a point; apt alone takes minutes on a busy emulated machine.
PATIENCE = 900


@pytest.fixture
def fresh_host(tmp_path: Path) -> Iterator[Host]:
    with Machine("cut").start() as machine:
        host = Host(machine, tmp_path)
        host.ssh("systemctl stop apt-daily.timer apt-daily-upgrade.timer")
        yield host
        host.close()


def reached(host: Host, condition: str) -> None:
    """Wait until a shell command succeeds on the host."""
    host.ssh(f"timeout {PATIENCE} sh -c 'until {condition}; do sleep 0.1; done'")


def cut_at(host: Host, condition: str, folder: Path, *, pipelining: bool) -> Run:
    """Run site, and end all of its connections to the host as soon as a command succeeds there."""
    paths = folder / "cp"
    with ThreadPoolExecutor(1) as background:
        run = background.submit(
            host.play,
            "arm64.docker.site",
            # Without pipelining sudo has a terminal on the host, which ends with the connection.
            pipelining=pipelining,
            environment={"ANSIBLE_SSH_CONTROL_PATH_DIR": str(paths)},
            docker_engine_live_restore=True,
        )
        reached(host, condition)
        subprocess.run(["pkill", "-KILL", "--full", f"ssh.*{paths}"], check=True)
        return run.result()


def site(host: Host, **settings: object) -> Run:
    return host.play("arm64.docker.site", docker_engine_live_restore=True, **settings)


def converges(host: Host, **settings: object) -> None:
    site(host, **settings).demand()
    assert site(host, **settings).demand().sent == (OBSERVATION,)
    assert host.ssh("docker info --format '{{.LiveRestoreEnabled}}'").strip() == "true"


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "with-terminals"])
def test_a_connection_that_is_cut_three_times(
    fresh_host: Host, tmp_path: Path, pipelining: bool
) -> None:
    for condition in ("pgrep -x dpkg", "test -e /etc/docker/daemon.json", "pgrep -x dockerd"):
        attempt = cut_at(fresh_host, condition, tmp_path, pipelining=pipelining)
        assert attempt.rc != 0
        # To Ansible a connection is away, or what ran over it has failed, as its ssh saw it.
        assert sum(attempt.recap["host"][how] for how in ("unreachable", "failed")) == 1
    converges(fresh_host)


def test_dpkg_that_is_killed_while_it_configures(fresh_host: Host) -> None:
    with ThreadPoolExecutor(1) as background:
        run = background.submit(site, fresh_host)
        reached(fresh_host, "pgrep -f [.]postinst")
        fresh_host.ssh("pkill -KILL -x dpkg; pkill -KILL -x apt-get")
        assert run.result().rc != 0
    refused = site(fresh_host)
    assert refused.rc != 0
    assert "[error] dpkg_unfinished:" in refused.message()
    assert "docker_engine_finish_dpkg: true" in refused.message()
    converges(fresh_host, docker_engine_finish_dpkg=True)
    assert "max-size" in fresh_host.ssh("cat /etc/docker/daemon.json")
