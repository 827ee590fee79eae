# SPDX-License-Identifier: GPL-3.0-or-later
"""A Raspberry Pi 5: its memory controller and its kernel, and how both are taken back."""

from __future__ import annotations

import pytest

pytestmark = [
    pytest.mark.full,
    pytest.mark.parametrize("host", ["raspberry-pi-5"], indirect=True),
]

CMDLINE = "/boot/firmware/cmdline.txt"
CONTROLLERS = "cat /sys/fs/cgroup/cgroup.controllers"


@pytest.fixture(scope="module")
def stock(host):
    return host.ssh(f"cat {CMDLINE}")


def test_nothing_is_rebooted_unless_that_is_asked(host, stock):
    booted = host.ssh("cat /proc/sys/kernel/random/boot_id")
    run = host.play("arm64.docker.site").demand()
    assert "a reboot is pending, for the memory controller" in run.output
    assert host.ssh("cat /proc/sys/kernel/random/boot_id") == booted
    assert "memory" not in host.ssh(CONTROLLERS).split()
    assert "cgroup_enable=memory" in host.ssh(f"cat {CMDLINE}").split()


def test_the_reboot_that_was_pending_is_made_up_for(host):
    host.close()
    run = host.play("arm64.docker.site", docker_board_reboot="if_required").demand()
    assert "proven gone: memory_cgroup_off" in run.output
    assert "memory" in host.ssh(CONTROLLERS).split()


def test_what_was_repaired_is_taken_back(host, stock):
    run = host.play("arm64.docker.uninstall", docker_targets="all").demand()
    assert "it takes effect with the next boot" in run.output
    assert host.ssh(f"cat {CMDLINE}") == stock
    host.close()
    host.machine.reboot()
    assert "memory" not in host.ssh(CONTROLLERS).split()
