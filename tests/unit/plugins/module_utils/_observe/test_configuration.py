# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import json
from typing import Any, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._observe._configuration import (
    data_root,
    read_boot,
    read_daemon_config,
    read_emulation,
    read_users,
)
from ansible_collections.arm64.docker.tests.unit.fakes import said
from ansible_collections.arm64.docker.tests.unit.hosts import Machine

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
    }


def test_daemon_json_is_told_with_its_digest(machine: Machine) -> None:
    text = '{"data-root": "/srv/docker", "debug": true}\n'
    machine.write(DAEMON_CONFIG, text)
    assert read_daemon_config(machine.host()) == {
        "path": DAEMON_CONFIG,
        "exists": True,
        "valid": True,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "content": {"data-root": "/srv/docker", "debug": True},
        "error": None,
    }


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
        (b'{"debug": true', "line 1"),
        (b'{"debug": true,}', "line 1"),
        (b'{\n  "debug": yes\n}', "line 2"),
        (b"[]", "not a JSON object"),
        (b'"debug"', "not a JSON object"),
        (b"null", "not a JSON object"),
        (b'{"debug": "\xff"}', "utf-8"),
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


HANDLER = """\
enabled
interpreter /usr/libexec/qemu-binfmt/aarch64-binfmt-P
flags: {flags}
offset 0
magic 7f454c460201010000000000000000000200b700
mask ffffffffffffff00fffffffffffffffffeffffff
"""


def test_handlers_of_foreign_programs_are_read_from_the_kernel(build: Build) -> None:
    assert read_emulation(build("debian-12-amd64-build-host").host()) == {
        "mounted": True,
        "handlers": [
            {
                "name": "qemu-aarch64",
                "enabled": True,
                "interpreter": "/usr/libexec/qemu-binfmt/aarch64-binfmt-P",
                "flags": ["F", "O", "P"],
                "fix_binary": True,
                "offset": 0,
                "magic": "7f454c460201010000000000000000000200b700",
                "mask": "ffffffffffffff00fffffffffffffffffeffffff",
            }
        ],
    }


@pytest.mark.parametrize(
    ("flags", "found", "fixed"),
    [
        ("", [], False),
        ("OC", ["C", "O"], False),
        ("F", ["F"], True),
        ("FPO", ["F", "O", "P"], True),
        ("POCFTLDX", ["C", "D", "F", "L", "O", "P", "T", "X"], True),
    ],
)
def test_flags_are_a_set_in_which_new_ones_do_no_harm(
    machine: Machine, flags: str, found: list[str], fixed: bool
) -> None:
    machine.write(f"{BINFMT}/qemu-aarch64", HANDLER.format(flags=flags))
    (handler,) = read_emulation(machine.host())["handlers"]
    assert (handler["flags"], handler["fix_binary"]) == (found, fixed)


def test_a_handler_can_be_disabled_or_go_by_the_name_of_the_file(machine: Machine) -> None:
    machine.write(f"{BINFMT}/cli", "disabled\ninterpreter /usr/bin/cli\nflags: \nextension .exe\n")
    (handler,) = read_emulation(machine.host())["handlers"]
    assert (handler["name"], handler["enabled"], handler["magic"]) == ("cli", False, "")


def test_a_handler_that_cannot_be_read_does_not_hide_the_others(machine: Machine) -> None:
    machine.write(f"{BINFMT}/qemu-aarch64", HANDLER.format(flags="F"))
    machine.write(f"{BINFMT}/qemu-arm", "enabled\noffset many\n")
    machine.folder(f"{BINFMT}/qemu-odd")
    handlers = read_emulation(machine.host())["handlers"]
    assert [handler["name"] for handler in handlers] == ["qemu-aarch64"]


def test_a_host_without_binfmt_misc_has_no_handlers(machine: Machine) -> None:
    machine.remove(f"{BINFMT}/status")
    assert read_emulation(machine.host()) == {"mounted": False, "handlers": []}


@pytest.mark.parametrize(
    ("name", "loader", "path"),
    [
        ("raspberry-pi-4-bookworm", "raspberrypi", "/boot/firmware/cmdline.txt"),
        ("jetson-orin-nano-jetpack-6", "extlinux", "/boot/extlinux/extlinux.conf"),
        ("rockpro64-armbian-bookworm", "armbian", "/boot/armbianEnv.txt"),
        ("debian-13-arm64", "grub", "/etc/default/grub"),
    ],
)
def test_the_boot_loader_is_known_by_its_file(
    build: Build, name: str, loader: str, path: str
) -> None:
    machine = build(name)
    boot = read_boot(machine.host())
    assert (boot["loader"], boot["path"]) == (loader, path)
    assert boot["content"] == machine.path(path).read_text()
    assert boot["running"] == machine.path("/proc/cmdline").read_text().strip()


def test_an_older_pi_has_its_parameters_in_boot(build: Build) -> None:
    pi = build("raspberry-pi-4-bookworm")
    pi.remove("/boot/firmware")
    assert read_boot(pi.host())["path"] == "/boot/cmdline.txt"


def test_a_host_without_a_known_boot_loader_has_none(machine: Machine) -> None:
    machine.remove("/etc/default/grub")
    machine.remove("/proc/cmdline")
    assert read_boot(machine.host()) == {
        "loader": None,
        "path": None,
        "content": None,
        "running": "",
    }


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


@given(
    st.text()
    | st.lists(st.sampled_from(["enabled", "flags:", "offset", " ", "\n", "0", "x"])).map("".join)
)
def test_any_handler_is_read_or_passed_over(machine: Machine, text: str) -> None:
    machine.write(f"{BINFMT}/odd", text)
    assert len(read_emulation(machine.host())["handlers"]) <= 1
