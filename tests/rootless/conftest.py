# SPDX-License-Identifier: GPL-3.0-or-later
"""A booted machine that is shared; its tests are one story, in its order."""

from __future__ import annotations

import pytest
from machine import Machine
from plays.host import Host


@pytest.fixture(scope="module")
def host(request, tmp_path_factory):
    """Boot a fresh machine with two accounts; a module's parameter says in what it differs."""
    with Machine("rootless").start(**getattr(request, "param", {})) as machine:
        host = Host(machine, tmp_path_factory.mktemp("host"))
        # They would take apt's locks at a time of their own.
        host.ssh("systemctl stop apt-daily.timer apt-daily-upgrade.timer")
        host.ssh("useradd --create-home --shell /bin/sh ci; useradd --create-home guest")
        yield host
        host.close()
