# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import json
import os
import time
from typing import Any, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._observe._configuration import (
    data_root,
    read_daemon_config,
    read_users,
)
from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host
from ansible_collections.arm64.docker.plugins.module_utils._observe._service import UNITS_ARGV
from ansible_collections.arm64.docker.tests.unit.fakes import said, silent
from ansible_collections.arm64.docker.tests.unit.hosts import Machine, units_answer

Build = Callable[[str], Machine]
DAEMON_CONFIG = "/etc/docker/daemon.json"
BINFMT = "/proc/sys/fs/binfmt_misc"


def test_a_host_without_daemon_json_has_nothing_wrong_with_it(machine: Machine) -> None:
    assert read_daemon_config(machine.host()) == {
        "path": DAEMON_CONFIG,
        "exists": False,
        "valid": True,
        "sha256": None,
        "content": None,
        "error": None,
        "modified": None,
        "applied": None,
    }


def test_daemon_json_is_told_with_its_digest(machine: Machine) -> None:
    text = '{"data-root": "/srv/docker", "debug": true}\n'
    place = machine.write(DAEMON_CONFIG, text)
    os.utime(place, (0, 1_700_000_000))
    assert read_daemon_config(machine.host()) == {
        "path": DAEMON_CONFIG,
        "exists": True,
        "valid": True,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "content": {"data-root": "/srv/docker", "debug": True},
        "error": None,
        "modified": "2023-11-14T22:13:20Z",
        "applied": None,
    }


def answered(machine: Machine, active: str, age: float | None) -> Host:
    """Return a host whose systemd has said in which state the engine is, and since how long."""
    now = time.clock_gettime(time.CLOCK_MONOTONIC)
    changed = {} if age is None else {"StateChangeTimestampMonotonic": f"{(now - age) * 1e6:.0f}"}
    state = {"ActiveState": active, "ActiveEnterTimestampMonotonic": "1", **changed}
    machine.runner.answers["systemctl"] = said(units_answer({"docker.service": state}))
    host = machine.host()
    host.start("units", UNITS_ARGV)
    return host


@pytest.mark.parametrize(
    ("active", "age", "written", "applied"),
    [
        ("active", 10.0, 10.4, True),
        ("active", 10.0, 9.6, False),
        ("active", 0.0, 10.0, True),
        ("active", 10.0, -3600.0, None),
        ("active", None, 10.0, None),
        ("failed", 10.0, 20.0, None),
        ("inactive", 10.0, 20.0, None),
    ],
)
def test_daemon_json_is_applied_where_the_daemon_loaded_it_after_its_last_change(
    machine: Machine, active: str, age: float | None, written: float, applied: bool | None
) -> None:
    """All in seconds ago; a file from the future says that the clock of the board is behind."""
    place = machine.write(DAEMON_CONFIG, "{}")
    os.utime(place, (0, time.time() - written))
    assert read_daemon_config(answered(machine, active, age))["applied"] is applied


@pytest.mark.parametrize("answer", [said("", "no bus", 1), silent(), None])
def test_whether_it_is_applied_is_unknown_where_systemd_says_nothing(
    machine: Machine, answer: Any
) -> None:
    machine.write(DAEMON_CONFIG, "{}")
    host = machine.host()
    if answer is not None:
        machine.runner.answers["systemctl"] = answer
        host.start("units", UNITS_ARGV)
    assert read_daemon_config(host)["applied"] is None


def test_a_missing_file_is_not_applied_and_not_unapplied(machine: Machine) -> None:
    assert read_daemon_config(answered(machine, "active", 10.0))["applied"] is None


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_file_is_an_empty_configuration_as_for_dockerd(
    machine: Machine, text: str
) -> None:
    machine.write(DAEMON_CONFIG, text)
    config = read_daemon_config(machine.host())
    assert (config["exists"], config["valid"], config["content"]) == (True, True, {})


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"debug": true', "line 1, column 15"),
        (b'{"debug": true,}', "line 1"),
        (b'{\n  "debug": yes\n}', "line 2, column 12"),
        (b'{"debug": true, "debug": false}', "stands there twice"),
        (b"[]", "not a JSON object"),
        (b'"debug"', "not a JSON object"),
        (b"null", "not a JSON object"),
        (b'{"debug": "\xff"}', "not UTF-8"),
        (b"\0\0\0", "line 1"),
    ],
)
def test_a_broken_file_is_told_with_the_place(machine: Machine, data: bytes, words: str) -> None:
    machine.write(DAEMON_CONFIG, data)
    config = read_daemon_config(machine.host())
    assert (config["exists"], config["valid"], config["content"]) == (True, False, None)
    assert words in config["error"]
    assert config["sha256"] == hashlib.sha256(data).hexdigest()


def test_secrets_in_daemon_json_are_masked(machine: Machine) -> None:
    document = {
        "proxies": {"http-proxy": "http://field:hunter2@proxy:3128"},
        "registry-mirrors": ["https://field:hunter2@mirror.example.org"],
        "log-driver": "splunk",
        "log-opts": {"splunk-token": "hunter2", "splunk-url": "https://splunk.example.org"},
    }
    machine.write(DAEMON_CONFIG, json.dumps(document))
    content = read_daemon_config(machine.host())["content"]
    assert "hunter2" not in json.dumps(content)
    assert content["log-opts"]["splunk-url"] == "https://splunk.example.org"
    assert content["log-opts"]["splunk-token"].startswith("sha256:")


@pytest.mark.parametrize(
    ("text", "root"),
    [
        (None, "/var/lib/docker"),
        ("{}", "/var/lib/docker"),
        ('{"data-root": "/srv/docker"}', "/srv/docker"),
        ('{"data-root": ""}', "/var/lib/docker"),
        ('{"data-root": "relative"}', "/var/lib/docker"),
        ('{"data-root": 7}', "/var/lib/docker"),
        ('{"data-root": ', "/var/lib/docker"),
    ],
)
def test_the_data_root_is_daemon_jsons_or_the_default(
    machine: Machine, text: str | None, root: str
) -> None:
    if text is not None:
        machine.write(DAEMON_CONFIG, text)
    assert data_root(machine.host()) == root


def test_the_data_root_is_the_default_where_daemon_json_cannot_be_read(machine: Machine) -> None:
    machine.folder(DAEMON_CONFIG)
    assert data_root(machine.host()) == "/var/lib/docker"


def test_users_are_members_by_the_group_or_by_their_primary_group(machine: Machine) -> None:
    assert read_users(machine.host()) == {
        "root": {"uid": 0, "gid": 0, "home": "/root", "docker": False},
        "admin": {"uid": 1000, "gid": 1000, "home": "/home/admin", "docker": True},
        "build": {"uid": 1001, "gid": 996, "home": "/home/build", "docker": True},
    }


def test_without_the_group_nobody_is_a_member(build: Build) -> None:
    users = read_users(build("raspberry-pi-4-bookworm").host())
    assert [name for name, user in users.items() if user["docker"]] == []


@pytest.mark.parametrize(
    "line", ["+::::::", "broken", "nobody:x:a:b::/:/bin/sh", "half:x:1:b::/:/bin/sh", "", "#x"]
)
def test_a_line_that_is_no_account_is_passed_over(machine: Machine, line: str) -> None:
    machine.write("/etc/passwd", f"{line}\npi:x:1000:1000::/home/pi:/bin/sh\n")
    assert list(read_users(machine.host())) == ["pi"]


def test_accounts_of_other_databases_are_asked_for_by_name(machine: Machine) -> None:
    machine.write("/etc/group", "docker:x:996:ldap\n")
    machine.runner.answers["getent"] = said("ldap:*:70001:70000:L:/home/ldap:/bin/bash\n")
    users = read_users(machine.host(), ["admin", "ldap"])
    assert users["ldap"] == {"uid": 70001, "gid": 70000, "home": "/home/ldap", "docker": True}
    assert machine.runner.command_lines("getent") == ["getent passwd ldap"]


@pytest.mark.parametrize(
    "answer", [said("", "", 2), said("garbage\n"), said("a:b:c:d:e:f:g\n"), said("")]
)
def test_an_account_that_nobody_knows_is_not_reported(machine: Machine, answer: Any) -> None:
    machine.runner.answers["getent"] = answer
    assert "ghost" not in read_users(machine.host(), ["ghost"])


def test_a_number_is_no_name_of_an_account(machine: Machine) -> None:
    machine.runner.answers["getent"] = said("ldap:*:70001:70000:L:/home/ldap:/bin/bash\n")
    assert "70001" not in read_users(machine.host(), ["70001"])
    assert machine.runner.asked == []


@given(st.binary())
def test_any_daemon_json_is_read(machine: Machine, data: bytes) -> None:
    machine.write(DAEMON_CONFIG, data)
    config = read_daemon_config(machine.host())
    assert config["valid"] is (config["error"] is None)


_WORDS = st.sampled_from([":", "\n", "docker", "x", "0", "1", "\u00b2", ",", "+", "-1", " ", "\0"])


@given(st.lists(_WORDS, max_size=30).map("".join), st.lists(_WORDS, max_size=30).map("".join))
def test_any_table_of_users_and_groups_is_read(machine: Machine, users: str, groups: str) -> None:
    machine.write("/etc/passwd", users)
    machine.write("/etc/group", groups)
    read_users(machine.host())
