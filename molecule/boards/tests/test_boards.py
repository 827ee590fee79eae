# SPDX-License-Identifier: GPL-3.0-or-later
"""A stock Raspberry Pi after one run of site: its memory limits hold."""

from __future__ import annotations

CMDLINE = "/boot/firmware/cmdline.txt"

# An image of programs of the host, and a container that wants more memory than it may have.
OVER_THE_LIMIT = """
tar -C / -chf - bin/sh bin/head bin/tail lib/ld-linux-aarch64.so.1 lib/aarch64-linux-gnu/libc.so.6 |
    docker import - hungry >/dev/null
docker run --name hungry --network none --memory 64m --memory-swap 64m hungry \
    /bin/sh -c 'head -c 200000000 /dev/zero | tail >/dev/null'
docker inspect --format '{{.State.OOMKilled}}' hungry
docker rm hungry >/dev/null
docker rmi hungry >/dev/null
"""


def test_the_board_is_the_one_that_is_meant(host):
    assert "Raspberry Pi 4" in host.check_output("tr -d '\\0' </proc/device-tree/model")


def test_cmdline_txt_is_one_line_that_turns_the_controller_on(host):
    text = host.file(CMDLINE).content_string
    assert len(text.splitlines()) == 1
    assert text.split().count("cgroup_enable=memory") == 1
    assert "rootwait" in text.split()


def test_the_memory_controller_is_on(host):
    assert "memory" in host.file("/sys/fs/cgroup/cgroup.controllers").content_string.split()


def test_a_container_that_wants_more_than_its_limit_is_killed(host):
    with host.sudo():
        assert host.run(OVER_THE_LIMIT).stdout.strip() == "true"


def test_docker_does_not_warn_about_memory(host):
    with host.sudo():
        assert "No memory limit support" not in host.check_output("docker info 2>&1")
