# SPDX-License-Identifier: GPL-3.0-or-later
"""A RockPro64 with Armbian: nothing to repair at first, then parameters of its boot script."""

from __future__ import annotations

import pytest
from engine.conftest import OBSERVATION
from plays.host import Host

pytestmark = [pytest.mark.full, pytest.mark.parametrize("host", ["rockpro64"], indirect=True)]

ENVIRONMENT = "/boot/armbianEnv.txt"
CONTROLLERS = "cat /sys/fs/cgroup/cgroup.controllers"

# What its boot script adds by itself is switched off, and somebody's parameter is there.
WITHOUT_MEMORY = f"""
sed -i '/^extraargs=/d; /^docker_optimizations=/d' {ENVIRONMENT}
printf '%s\\n' docker_optimizations=off 'extraargs=quiet cgroup_disable=memory' >>{ENVIRONMENT}
"""


def test_a_board_that_needs_nothing_is_left_as_it_is(host: Host) -> None:
    before = host.ssh(f"cat {ENVIRONMENT}")
    run = host.play("arm64.docker.site").demand()
    assert "arm64.docker.boot_parameters" not in run.sent
    assert host.ssh(f"cat {ENVIRONMENT}") == before
    facts = host.module(OBSERVATION, gather=["board"]).demand().result()["ansible_facts"]
    board = facts["ansible_docker_host"]["board"]
    assert (board["vendor"], board["family"]) == ("rockchip", "rk3399")
    assert board["image"] == {"path": "/etc/armbian-release", "vendor": "rockchip"}


def test_a_controller_that_is_turned_off_comes_back_in_one_run(host: Host) -> None:
    host.ssh(WITHOUT_MEMORY)
    host.close()
    host.machine.reboot()
    assert "memory" not in host.ssh(CONTROLLERS).split()
    run = host.play("arm64.docker.site", docker_board_reboot="if_required").demand()
    assert "proven gone: memory_cgroup_off" in run.output
    assert "memory" in host.ssh(CONTROLLERS).split()
    assert host.ssh(f"cat {ENVIRONMENT}").splitlines()[-1] == "extraargs=quiet"


def test_a_second_run_sends_one_module_and_changes_nothing(host: Host) -> None:
    run = host.play("arm64.docker.site", docker_board_reboot="if_required").demand()
    assert (run.sent, run.changed) == ((OBSERVATION,), 0)
