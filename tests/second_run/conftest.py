# SPDX-License-Identifier: GPL-3.0-or-later
"""One booted arm64 machine on which site has run once."""

from __future__ import annotations

import pytest
from machine.lifecycle import Machine
from plays.drift import OPERATOR, SITE
from plays.runner import Controller


@pytest.fixture(scope="session")
def machine():
    with Machine("second-run") as machine:
        machine.start()
        machine.ssh(["useradd", OPERATOR])
        yield machine


@pytest.fixture(scope="session")
def controller(machine):
    """Ansible as a user has it."""
    return Controller(machine.inventory())


@pytest.fixture(scope="session")
def first_run(controller):
    return controller.playbook(*SITE).demand()


@pytest.fixture
def site(controller, first_run):
    """Run site again, and demand that it succeeds."""

    def run(*arguments):
        return controller.playbook(*SITE, *arguments).demand()

    return run
