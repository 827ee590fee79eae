# SPDX-License-Identifier: GPL-3.0-or-later
"""Booted machines for the life of an engine; the tests of a file are one story, in its order."""

from __future__ import annotations

import pytest
from machine import Machine
from plays.host import Host

OBSERVATION = "arm64.docker.docker_host_facts"

# A container that no policy would start again, of an image that is made from files of the host.
LIVE = """
tar -C / -chf - bin/sleep lib/ld-linux-aarch64.so.1 lib/aarch64-linux-gnu/libc.so.6 |
    docker import - sleeper >/dev/null
docker run --detach --name live --network none sleeper /bin/sleep 1000000
"""

# Installed packages and what is in /etc, without what other programs derive from it.
_BASELINE = r"""
dpkg-query -W -f '${db:Status-Abbrev} ${binary:Package} ${Version}\n' | grep -v '^rc'
find /etc -xdev -type f ! -name '*-' ! -path /etc/ld.so.cache -exec sha256sum {} +
find /etc -xdev ! -type f -printf '%y %p %l\n'
"""


def baseline(host: Host) -> set[str]:
    """Return what an uninstallation has to give back, one line an item."""
    return set(host.ssh(_BASELINE).splitlines())


@pytest.fixture(scope="module")
def host(request, tmp_path_factory):
    """Boot a fresh machine; a module's parameter says in what it differs from the standard one."""
    with Machine("engine").start(**getattr(request, "param", {})) as machine:
        host = Host(machine, tmp_path_factory.mktemp("host"))
        # They would take apt's locks at a time of their own.
        host.ssh("systemctl stop apt-daily.timer apt-daily-upgrade.timer")
        host.ssh("useradd pilot")
        yield host
        host.close()
