# SPDX-License-Identifier: GPL-3.0-or-later
"""An amd64 build host with Debian 12: an older QEMU, Docker 20.10, and no buildx."""

from __future__ import annotations

import pytest
from engine.conftest import OBSERVATION

pytestmark = [
    pytest.mark.full,
    pytest.mark.parametrize("host", [{"arch": "amd64", "release": "bookworm"}], indirect=True),
]


def test_an_image_is_built_and_run_and_says_that_it_is_arm64(host):
    run = host.play("arm64.docker.emulation").demand()
    assert "uname -m says aarch64 in it" in run.output


def test_it_is_still_there_after_a_reboot_and_costs_one_module(host):
    host.close()
    host.machine.reboot()
    run = host.play("arm64.docker.emulation").demand()
    assert run.sent == (OBSERVATION,)
    assert run.changed == 0


def test_what_binfmt_support_would_register_at_the_next_boot_stays_away_too(host):
    host.ssh("apt-get -qq install --yes binfmt-support >/dev/null")
    assert "qemu-aarch64" in host.ssh("ls /var/lib/binfmts")
    assert host.play("arm64.docker.emulation").demand().sent == (OBSERVATION,)
    away = (
        host.module("arm64.docker.binfmt_handler", arch="arm64", state="absent").demand().result()
    )
    assert away["actions"] == [
        "unregister qemu-aarch64",
        "remove /var/lib/binfmts/qemu-aarch64",
        "mask /etc/binfmt.d/qemu-aarch64.conf",
    ]
    host.close()
    host.machine.reboot()
    assert "qemu-aarch64" not in host.ssh("ls /proc/sys/fs/binfmt_misc").split()
    back = host.module("arm64.docker.binfmt_handler", arch="arm64").demand().result()
    assert back["actions"] == ["register qemu-aarch64", "remove /etc/binfmt.d/qemu-aarch64.conf"]
    assert back["works"] is True
