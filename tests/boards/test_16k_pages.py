# SPDX-License-Identifier: GPL-3.0-or-later
"""A Raspberry Pi 5 whose kernel has pages of 16 KiB: the other kernel is chosen, and given back."""

from __future__ import annotations

import pytest
from engine.conftest import OBSERVATION
from plays.host import Host

pytestmark = [
    pytest.mark.full,
    # The usual CPU of test machines has no pages of 16 KiB; this one has both, as a Cortex-A76.
    pytest.mark.parametrize(
        "host", [{"board": "raspberry-pi-5", "cpu": "neoverse-n1"}], indirect=True
    ),
]

CONFIG = "/boot/firmware/config.txt"

# Debian's kernels by the names under which Raspberry Pi OS has its own.
BOTH_KERNELS = """
    release=$(uname -r)
    apt-get -qq update
    apt-get -qq install --yes linux-image-arm64-16k >/dev/null
    cd /boot
    cp vmlinuz-*-16k firmware/kernel_2712.img
    cp initrd.img-*-16k firmware/initramfs_2712
    cp "vmlinuz-$release" firmware/kernel8.img
    cp "initrd.img-$release" firmware/initramfs8
"""


def page_size(host: Host) -> str:
    return host.ssh("getconf PAGESIZE").strip()


@pytest.fixture(scope="module")
def stock(host: Host) -> str:
    """Boot the kernel with large pages; return config.txt as it is before anything is done."""
    host.ssh(BOTH_KERNELS)
    host.close()
    host.machine.reboot()
    assert page_size(host) == "16384"
    return host.ssh(f"cat {CONFIG}")


def test_large_pages_are_found_and_kept_unless_that_is_asked(host: Host, stock: str) -> None:
    run = host.play("arm64.docker.preflight").demand()
    assert "[warning] page_size_16k:" in run.output
    run = host.play("arm64.docker.site", "--check").demand()
    assert "the kernel with pages of 4 KiB" not in run.output
    assert host.ssh(f"cat {CONFIG}") == stock


def test_one_play_brings_the_other_kernel_and_docker(host: Host, stock: str) -> None:
    host.close()
    settings = {"docker_board_page_size": "4k", "docker_board_reboot": "if_required"}
    run = host.play("arm64.docker.site", **settings).demand()
    assert "proven gone: page_size_16k" in run.output
    assert page_size(host) == "4096"
    assert host.ssh(f"cat {CONFIG}") != stock
    assert host.ssh("docker version --format '{{.Server.Arch}}'").strip() == "arm64"
    assert host.play("arm64.docker.site", **settings).demand().sent == (OBSERVATION,)


def test_the_kernel_of_the_stock_image_comes_back(host: Host, stock: str) -> None:
    host.play("arm64.docker.uninstall", docker_targets="all").demand()
    assert host.ssh(f"cat {CONFIG}") == stock
    host.close()
    host.machine.reboot()
    assert page_size(host) == "16384"
