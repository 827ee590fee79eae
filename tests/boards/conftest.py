# SPDX-License-Identifier: GPL-3.0-or-later
"""Booted boards; the tests of a file are one story, in its order."""

from __future__ import annotations

import pytest
from machine import Machine
from plays.host import Host


@pytest.fixture(scope="module")
def host(request, tmp_path_factory):
    """Boot the board that a module's parameter names, or describes by the options of `start`."""
    options = {"board": request.param} if isinstance(request.param, str) else request.param
    with Machine("board").start(**options) as machine:
        host = Host(machine, tmp_path_factory.mktemp("host"))
        # They would take apt's locks at a time of their own.
        host.ssh("systemctl stop apt-daily.timer apt-daily-upgrade.timer")
        yield host
        host.close()
