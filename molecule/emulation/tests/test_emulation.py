# SPDX-License-Identifier: GPL-3.0-or-later
"""What a build host of another architecture shows of emulation, by its own means."""

from __future__ import annotations

BINFMT = "/proc/sys/fs/binfmt_misc/qemu-aarch64"


def test_the_kernel_holds_what_the_distribution_registers(host):
    with host.sudo():
        entry = host.file(BINFMT).content_string.splitlines()
        (line,) = host.file("/usr/lib/binfmt.d/qemu-aarch64.conf").content_string.splitlines()
    name, _kind, _offset, magic, mask, interpreter, flags = line[1:].split(":")
    fields = dict(text.split(" ", 1) for text in entry[1:])
    assert entry[0] == "enabled"
    assert name == "qemu-aarch64"
    assert fields["interpreter"] == interpreter
    assert fields["magic"] == magic.replace("\\x", "")
    assert fields["mask"] == mask.replace("\\x", "")
    assert set(fields["flags:"]) == set(flags)
    assert "F" in flags


def test_the_handlers_come_back_at_the_next_boot(host):
    with host.sudo():
        assert host.run("/usr/lib/systemd/systemd-binfmt --unregister").rc == 0
        assert not host.file(BINFMT).exists
        assert host.run("systemctl restart systemd-binfmt.service").rc == 0
        assert host.file(BINFMT).exists


def test_nothing_of_ours_was_left_behind(host):
    with host.sudo():
        assert host.check_output("docker ps --all --quiet") == ""
        assert host.check_output("docker images --quiet") == ""
    assert host.check_output("find /tmp /run -name '*arm64-docker*' 2>/dev/null || true") == ""
