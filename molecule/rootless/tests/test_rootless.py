# SPDX-License-Identifier: GPL-3.0-or-later
"""What two accounts see of their own daemons, by their own means."""

from __future__ import annotations

import json

import pytest

USERS = ("ci", "guest")
TOOLS = (
    "cd /; tar -c bin lib $(ls -d lib64 usr/bin/sh usr/bin/dash usr/bin/cat usr/bin/touch"
    " usr/lib/*-linux-gnu/libc.so.6 usr/lib/*-linux-gnu/ld-linux* usr/lib/ld-linux* usr/lib64/ld-*"
    " 2>/dev/null) | docker import - tools"
)


def login(host, user, script):
    """Run a script as a login of the user's would, and return what it said."""
    with host.sudo():
        return host.check_output("su -s /bin/sh - %s -c %s", user, script)


@pytest.mark.parametrize("user", USERS)
def test_plain_docker_means_the_users_own_daemon(host, user):
    info = json.loads(login(host, user, "docker info --format '{{json .}}'"))
    assert "name=rootless" in info["SecurityOptions"]
    assert info["DockerRootDir"] == f"{login(host, user, 'echo $HOME')}/.local/share/docker"
    assert info["CgroupDriver"] == "systemd"
    assert login(host, user, "env -u DOCKER_HOST docker context show") == "rootless"


@pytest.mark.parametrize("user", USERS)
def test_the_daemon_has_no_rights_of_root(host, user):
    with host.sudo():
        uid = host.user(user).uid
        owners = host.check_output("ps -C dockerd -o uid=").split()
    assert uid != 0
    assert sorted(map(int, owners)).count(uid) == 1


def test_the_hosts_own_daemon_runs_beside_them(host):
    with host.sudo():
        options = host.check_output("docker info --format '{{json .SecurityOptions}}'")
    assert "rootless" not in options


def test_subordinate_ids_are_nobody_elses(host):
    with host.sudo():
        lines = host.file("/etc/subuid").content_string.split()
    ranges = sorted(
        (int(start), int(count)) for _name, start, count in (s.split(":") for s in lines)
    )
    assert {"ci", "guest"} <= {line.split(":")[0] for line in lines}
    assert all(start + count <= ranges[i + 1][0] for i, (start, count) in enumerate(ranges[:-1]))


def test_limits_hold_files_are_the_users_and_low_ports_are_published(host):
    login(host, "ci", TOOLS)
    login(host, "ci", "mkdir -p shared")
    limit = login(host, "ci", "docker run --rm -m 64m tools cat /sys/fs/cgroup/memory.max")
    assert limit == str(64 * 1024 * 1024)
    login(host, "ci", "docker run --rm -v ~/shared:/shared tools touch /shared/made")
    with host.sudo():
        assert host.file("/home/ci/shared/made").user == "ci"
    login(host, "ci", "docker run --detach --name listens -p 80:80 tools cat")
    login(host, "ci", "docker rm --force listens")


def test_root_wrote_nothing_into_a_home(host):
    with host.sudo():
        for user in USERS:
            assert host.check_output(f"find ~{user} -xdev -user root") == ""
