# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that Ansible cannot work on: our own message says why, and what can be done."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest
from machine import ssh
from plays.host import Host
from plays.runner import Run

# What these releases say when ansible-core 2.19 or 2.21 sends them a module (pipelined). No build
# of them for arm64 can be had from Debian, so a program that says the same stands for each.
OLD_PYTHONS = {
    "3.6.15": """\
  File "<stdin>", line 3
SyntaxError: future feature annotations is not defined
""",
    "3.7.16": """\
Traceback (most recent call last):
  File "<stdin>", line 274, in <module>
  File "<stdin>", line 260, in _ansiballz_main
  File "<stdin>", line 138, in invoke_module
  File "<frozen importlib._bootstrap_external>", line 594, in spec_from_file_location
  File "/tmp/payload.zip/ansible/module_utils/_internal/__init__.py", line 50
    def import_controller_module(_module_name: str, /) -> t.Any:
                                                    ^
SyntaxError: invalid syntax
""",
}

# `plain` gets a password and no rights, `clerk` rights for which sudo wants a password, `typist`
# rights for which it wants a terminal.
ADD_ACCOUNTS = """
tar -C /etc -cf /opt/faults/accounts.tar passwd shadow group gshadow subuid subgid
echo plain:right | chpasswd
useradd --create-home --shell /bin/bash clerk
cp -r /home/plain/.ssh /home/clerk
chown -R clerk: /home/clerk
echo 'clerk ALL=(ALL:ALL) ALL' >/etc/sudoers.d/clerk
useradd --create-home --shell /bin/bash typist
cp -r /home/plain/.ssh /home/typist
chown -R typist: /home/typist
echo 'typist ALL=(ALL:ALL) NOPASSWD: ALL' >/etc/sudoers.d/typist
echo 'Defaults:typist requiretty' >>/etc/sudoers.d/typist
"""
REMOVE_ACCOUNTS = """
pkill -KILL -u clerk || true
pkill -KILL -u typist || true
rm -rf /home/clerk /home/typist /etc/sudoers.d/clerk /etc/sudoers.d/typist
tar -C /etc -xf /opt/faults/accounts.tar
rm -r /opt/faults/*
"""


@pytest.fixture(scope="module")
def attempt(host: Host) -> Iterator[Run]:
    """Try all of them at once: one machine under several names, each with a fault of its own."""
    hosts = {
        "off": {"ansible_port": ssh.free_port()},
        "stranger": {"ansible_user": "nobody"},
        "no-rights": {"ansible_user": "plain"},
        "no-rights-with-password": {"ansible_user": "plain", "ansible_become_password": "right"},
        "password-wanted": {"ansible_user": "clerk"},
        "wrong-password": {"ansible_user": "clerk", "ansible_become_password": "wrong"},
        "terminal-wanted": {"ansible_user": "typist"},
        "wrong-interpreter": {"ansible_python_interpreter": "/opt/python/bin/python3.12"},
    }
    before = host.fingerprint()
    with host.planted(ADD_ACCOUNTS, REMOVE_ACCOUNTS):
        for release, said in OLD_PYTHONS.items():
            path = f"/opt/faults/python{release}"
            program = f"#!/bin/sh\ncat >/dev/null\nprintf %s {shlex.quote(said)} >&2\nexit 1\n"
            host.write(path, program, mode="0755")
            hosts[f"python-{release}"] = {"ansible_python_interpreter": path}
        yield host.play("arm64.docker.site", hosts=hosts)
    assert host.fingerprint() == before


@pytest.mark.parametrize(
    ("name", "cause", "remedy"),
    [
        ("off", "The host cannot be reached", "Check that it is on, its address (ansible_host)"),
        ("off", "Connection refused", "ansible off -m ansible.builtin.ping"),
        ("stranger", "Permission denied", "the user and the key"),
        ("no-rights", "has no sudo rights, or needs a password", "--ask-become-pass"),
        ("no-rights-with-password", "has no sudo rights", "a user in the group sudo"),
        ("password-wanted", "needs a password", "Run with --ask-become-pass"),
        ("wrong-password", "The password for sudo is wrong", "--ask-become-pass"),
        ("terminal-wanted", "sudo asks for a terminal", "Set ansible_pipelining to false"),
        ("python-3.6.15", "Python of this host is older", "JetPack 6, Debian 12 or later"),
        ("python-3.7.16", "Python of this host is older", "name it in ansible_python_interpreter"),
        ("wrong-interpreter", "no Python 3", "ansible_python_interpreter"),
    ],
)
def test_the_message_names_cause_and_remedy(
    attempt: Run, name: str, cause: str, remedy: str
) -> None:
    message = attempt.message(name)
    assert message.startswith(name)
    assert cause in message
    assert remedy in message


def test_every_one_of_them_fails_and_none_is_changed(attempt: Run) -> None:
    assert attempt.rc != 0
    assert "changed=0" in attempt.output
    assert "changed=1" not in attempt.output
    assert attempt.output.count("failed=1") == attempt.output.count("changed=")


@pytest.mark.usefixtures("untouched")
def test_a_host_without_python_is_told_how_to_install_it(host: Host) -> None:
    with host.planted(
        "mkdir /opt/faults/python; mv /usr/bin/python3* /opt/faults/python",
        "mv /opt/faults/python/* /usr/bin; rmdir /opt/faults/python",
    ):
        attempt = host.play(
            "arm64.docker.site", hosts={"host": {"ansible_python_interpreter": "auto"}}
        )
    assert attempt.rc != 0
    assert "has no Python 3" in attempt.message()
    assert "apt-get install -y python3" in attempt.message()


@pytest.mark.usefixtures("untouched")
def test_a_host_without_sudo_is_told_how_to_install_it(host: Host) -> None:
    with host.planted("mv /usr/bin/sudo /opt/faults", "mv /opt/faults/sudo /usr/bin"):
        attempt = host.play("arm64.docker.site")
    assert attempt.rc != 0
    assert "sudo is not installed" in attempt.message()
    assert "apt-get install sudo" in attempt.message()


@pytest.mark.usefixtures("untouched")
def test_a_host_with_no_byte_left_is_told_to_free_space(host: Host) -> None:
    with host.full_disk(left_mb=0):
        attempt = host.play("arm64.docker.site", pipelining=False)
    assert attempt.rc != 0
    assert "its disk is full" in attempt.message()
    assert "apt-get clean" in attempt.message()
