# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input on a real machine: each test plants a fault, runs a play, and takes the fault away.

`untouched` holds a test to the promise that a refused host is left as it was.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from machine import Machine
from plays.host import Host
from plays.runner import Run

from faults.locks import held_until_apt_waits

CHECKOUT = Path(__file__).resolve().parents[2]

# Cheap ones first; then those that need Docker on the host; the other machine last.
ORDER = (
    "test_hosts_that_do_not_answer",
    "test_refused_hosts",
    "test_options",
    "test_apt_failures",
    "test_with_docker",
    "test_small_board",
    "test_interruptions",
    "test_cuts",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = [item for item in items if item.path.parent == Path(__file__).parent]
    others = [item for item in items if item not in here]
    items[:] = others + sorted(here, key=lambda item: ORDER.index(item.path.stem))


@pytest.fixture(scope="session", autouse=True)
def collection() -> None:
    """Run what would be released: the collection as built and installed from this checkout."""
    if not shutil.which("ansible-playbook") or "ANSIBLE_COLLECTIONS_PATH" not in os.environ:
        pytest.exit("Run them as: tests/controllers/run 2.19 pytest tests/faults", returncode=2)
    subprocess.run([CHECKOUT / "tests" / "controllers" / "install"], check=True)


@pytest.fixture(scope="session")
def host(
    request: pytest.FixtureRequest, collection: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Host]:
    """Boot a fresh machine, the standard one or as the module's parameter says."""
    with Machine("faults").start(**getattr(request, "param", {})) as machine:
        host = Host(machine, tmp_path_factory.mktemp("host"))
        # They would take apt's locks at a time of their own.
        host.ssh("systemctl stop apt-daily.timer apt-daily-upgrade.timer")
        host.ssh("mkdir -p /opt/faults")
        yield host
        host.close()


@pytest.fixture
def untouched(host: Host) -> Iterator[None]:
    """Fail the test when it leaves the host in another state than it found it in."""
    before = host.fingerprint()
    yield
    after = host.fingerprint()
    assert sorted(after - before) == []
    assert sorted(before - after) == []


@pytest.fixture(scope="session")
def installation(host: Host) -> Run:
    """Install Docker on the host while another program holds dpkg's locks for some time."""
    with held_until_apt_waits(host):
        return host.play(
            "arm64.docker.site", docker_engine_buildx=False, docker_engine_compose=False
        )
