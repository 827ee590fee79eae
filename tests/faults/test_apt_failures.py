# SPDX-License-Identifier: GPL-3.0-or-later
"""Installations that apt cannot carry out: the message says why, and dpkg is left as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from plays.host import Host

from faults.locks import HOLDER, LISTS, held

SOURCES = "/etc/apt/sources.list"


@pytest.fixture(scope="module", autouse=True)
def impatient_apt(host: Host) -> Iterator[None]:
    """Let apt try once; the role tries again by itself."""
    conf = "/etc/apt/apt.conf.d/99-impatient"
    with host.planted(f"echo 'Acquire::Retries \"0\";' >{conf}", f"rm {conf}"):
        yield


@pytest.mark.usefixtures("untouched")
def test_no_mirror_reachable(host: Host) -> None:
    # Nothing listens on port 9 (discard).
    nowhere = f"sed -E 's#https?://[^ ]+#http://127.0.0.1:9/debian#' {SOURCES}"
    with host.showing(SOURCES, nowhere):
        attempt = host.play("arm64.docker.site")
    assert attempt.rc != 0
    assert "No mirror could be reached" in attempt.message()
    assert "Check the network, the name server and the sources" in attempt.message()
    assert "127.0.0.1:9" in attempt.message()


@pytest.mark.usefixtures("untouched")
def test_locks_that_another_program_keeps(host: Host) -> None:
    with held(host, LISTS):
        attempt = host.play("arm64.docker.site", docker_engine_lock_timeout=5)
    message = attempt.message()
    assert attempt.rc != 0
    assert "Another program holds the package manager's lock" in message
    assert "for 5 seconds" in message
    assert f"/var/lib/apt/lists/lock is held by {HOLDER} (process" in message
    assert "docker_engine_lock_timeout says how long to wait" in message


@pytest.mark.usefixtures("untouched")
def test_a_disk_that_is_full(host: Host) -> None:
    with host.full_disk(left_mb=5):
        attempt = host.play("arm64.docker.site", docker_preflight_ignore=["storage_below_5gb"])
    assert attempt.rc != 0
    assert "The disk is full" in attempt.message()
    assert "Free space ('apt-get clean', 'df -h')" in attempt.message()
