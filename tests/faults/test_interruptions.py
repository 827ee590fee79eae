# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise 3: killed after any task, the next run converges."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from machine import Machine, layers
from plays.host import Host
from plays.runner import Run

OBSERVATION = "arm64.docker.docker_host_facts"

SETTINGS = {
    "docker_engine_users": ["pilot"],
    "docker_engine_live_restore": True,
    "docker_engine_no_proxy": "localhost",
    "docker_engine_registry_ca": {"registry.example.org": "only the form is a certificate's\n"},
}

# A folder and a file in it: the folder, a look, the transfer, and the file.
FILE = ("ansible.builtin.file", "ansible.legacy.stat", "transfer", "ansible.legacy.copy")

# What a first installation with these settings sends.
MODULES = (
    OBSERVATION,
    "ansible.builtin.apt",
    "ansible.builtin.user",
    *FILE,
    "arm64.docker.daemon_config",
    *FILE,
    "ansible.builtin.systemd_service",
    OBSERVATION,
)


# How many of them were sent when the machine was saved that the others start from.
SAVED_AFTER = MODULES.index("ansible.builtin.apt") + 1

LAYER = "interrupted-after-apt"


@contextlib.contextmanager
def fresh(folder, layer: str | None = None) -> Iterator[Host]:
    with Machine("interrupted").start(layer=layer) as machine:
        host = Host(machine, folder)
        host.ssh("systemctl stop apt-daily.timer apt-daily-upgrade.timer")
        host.ssh("id pilot >/dev/null 2>&1 || useradd pilot")
        yield host
        host.close()


def site(host: Host, end_after: int = 0) -> Run:
    environment = {"REMOTE_RUNS_END_AFTER": str(end_after)}
    return host.play("arm64.docker.site", environment=environment, **SETTINGS)


def names(run: Run) -> tuple[str, ...]:
    """Return what was sent, without the paths of transfers."""
    return tuple(name.split()[0] for name in run.sent)


def converges(host: Host) -> None:
    site(host).demand()
    assert site(host).demand().sent == (OBSERVATION,)
    assert host.ssh("docker version --format '{{.Server.Arch}}'").strip() == "arm64"
    assert host.ssh("docker info --format '{{.LiveRestoreEnabled}}'").strip() == "true"


def test_killed_three_times_an_installation_still_ends_well(tmp_path):
    with fresh(tmp_path) as host:
        for end_after, last in (
            (2, "ansible.builtin.apt"),
            (7, "arm64.docker.daemon_config"),
            (6, "ansible.builtin.systemd_service"),
        ):
            killed = site(host, end_after)
            assert killed.rc < 0
            assert killed.sent[-1] == last
        converges(host)


@pytest.mark.full
def test_killed_before_anything_was_changed_the_next_run_converges(tmp_path):
    with fresh(tmp_path) as host:
        killed = site(host, 1)
        assert names(killed) == MODULES[:1]
        assert killed.rc < 0
        converges(host)


@pytest.fixture(scope="module")
def after_apt(tmp_path_factory) -> Iterator[str]:
    """Save a machine on which the controller was killed when apt had installed the packages."""
    with fresh(tmp_path_factory.mktemp("after-apt")) as host:
        killed = site(host, SAVED_AFTER)
        assert names(killed) == MODULES[:SAVED_AFTER]
        host.close()
        host.machine.stop()
        host.machine.save(LAYER)
    yield LAYER
    layers.remove(LAYER)


# Which daemon runs, and which containers, since it may restart: a boot has started it meanwhile.
DAEMON = ("ansible.legacy.command",) * 2

# What is left to send then.
LEFT = (OBSERVATION, *DAEMON, *MODULES[SAVED_AFTER:-1], *DAEMON, OBSERVATION)


@pytest.mark.full
@pytest.mark.parametrize("end_after", range(1, len(LEFT) + 1))
def test_killed_once_more_after_any_module_the_next_run_converges(tmp_path, after_apt, end_after):
    with fresh(tmp_path, after_apt) as host:
        killed = site(host, end_after)
        assert names(killed) == LEFT[:end_after]
        assert killed.rc < 0
        converges(host)
