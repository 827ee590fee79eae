# SPDX-License-Identifier: GPL-3.0-or-later
"""A shared board with Debian 12: Docker 20.10, and an older rootlesskit."""

from __future__ import annotations

import pytest
from engine.conftest import OBSERVATION, baseline

from rootless.accounts import engine, rootless

pytestmark = [
    pytest.mark.full,
    pytest.mark.parametrize("host", [{"release": "bookworm"}], indirect=True),
]


@pytest.fixture(scope="module")
def installed(host):
    host.play("arm64.docker.site").demand()
    return baseline(host)


def test_pasta_is_refused_with_what_to_use(host, installed):
    run = rootless(host, docker_rootless_network="pasta")
    assert "pasta needs Debian 13" in run.message()
    assert baseline(host) == installed


def test_accounts_get_daemons_and_the_second_run_costs_one_module(host):
    rootless(host).demand()
    for user in ("ci", "guest"):
        assert "rootless" in engine(host, user)
    again = rootless(host).demand()
    assert (again.sent, again.changed) == ((OBSERVATION,), 0)


def test_the_daemons_come_back_at_boot(host):
    host.close()
    host.machine.reboot()
    assert rootless(host).demand().sent == (OBSERVATION,)
    assert "rootless" in engine(host, "ci")


def test_all_is_taken_back(host, installed):
    rootless(host, docker_rootless_state="absent", docker_rootless_remove_data=True).demand()
    assert baseline(host) == installed
