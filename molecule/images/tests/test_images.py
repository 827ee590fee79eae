# SPDX-License-Identifier: GPL-3.0-or-later
"""What fits ran on the booted arm64 machine, and what does not left nothing there."""

from __future__ import annotations

import json


def test_the_machine_is_arm64(host):
    assert host.check_output("uname -m") == "aarch64"


def test_the_image_of_the_archive_ran(host):
    with host.sudo():
        (container,) = json.loads(host.check_output("docker inspect own"))
    assert container["State"]["ExitCode"] == 0
    assert container["RestartCount"] > 0


def test_nothing_of_what_was_refused_is_there(host):
    with host.sudo():
        assert host.check_output("docker ps --all --format '{{.Names}}'") == "own"
        names = host.check_output("docker images --format '{{.Repository}}'")
    assert names == "images-test/arm64"


def test_no_archive_was_left_behind(host):
    with host.sudo():
        assert host.check_output("find /var/tmp /tmp -name 'arm64-docker-*'") == ""
