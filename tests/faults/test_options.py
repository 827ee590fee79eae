# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user decides about a refused host, and what the roles leave alone on the way."""

from __future__ import annotations

import pytest
from plays.host import Host

ARMHF = "sed '/^Package: dpkg$/,/^$/s/^Architecture: .*/Architecture: armhf/' /var/lib/dpkg/status"

PRINT_VARIABLES = """
- name: Observe, judge and predict
  hosts: all
  gather_facts: false
  become: true
  roles:
    - role: arm64.docker.docker_preflight
    - role: arm64.docker.docker_engine
  tasks:
    - name: Ask for the version, too
      arm64.docker.docker_version_facts:
        required: false
    - name: Print them within the play
      ansible.builtin.debug:
        msg: "{{ docker_host }} {{ docker_version }} {{ ansible_facts['docker_host'].docker }}"
- name: Print them after it
  hosts: all
  gather_facts: false
  tasks:
    - name: Print them
      ansible.builtin.debug:
        msg: "{{ docker_host }} {{ docker_version }} {{ ansible_facts['docker_version'].server }}"
"""


@pytest.mark.usefixtures("untouched")
def test_errors_can_be_printed_only_or_ignored(host: Host) -> None:
    hosts = {
        "warned": {"docker_preflight_policy": "warn"},
        "ignored": {"docker_preflight_ignore": ["userland_32bit"]},
    }
    with host.showing("/var/lib/dpkg/status", ARMHF):
        attempt = host.play("arm64.docker.preflight", hosts=hosts)
    assert attempt.rc == 0
    shown = attempt.output.partition("Show what was found")[2].partition("TASK")[0]
    assert "[error] userland_32bit" in shown.partition("ok: [warned]")[2].partition("ok:")[0]
    assert "userland_32bit" not in shown.partition("ok: [ignored]")[2].partition("ok:")[0]


@pytest.mark.usefixtures("untouched")
def test_an_account_that_does_not_exist_is_refused(host: Host) -> None:
    attempt = host.play("arm64.docker.site", docker_engine_users=["admin", "no-such-account"])
    assert attempt.rc != 0
    assert "docker_engine_users names no-such-account" in attempt.message()
    assert "nothing was changed" in attempt.message()
    assert "Create the account first" in attempt.message()
    assert attempt.recap["host"]["changed"] == 0


@pytest.mark.usefixtures("untouched")
def test_check_mode_predicts_and_changes_nothing(host: Host) -> None:
    attempt = host.play("arm64.docker.site", "--check", "--diff", docker_engine_users=["admin"])
    assert attempt.rc == 0
    assert attempt.recap["host"]["changed"] > 0
    assert "docker.io" in attempt.output
    assert "admin to the group docker" in attempt.output


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("inject", ["True", "False"])
def test_variables_that_are_named_like_our_facts_keep_their_values(host: Host, inject: str) -> None:
    playbook = host.folder / "print_variables.yml"
    playbook.write_text(PRINT_VARIABLES)
    attempt = host.play(
        str(playbook),
        "--check",
        hosts={"host": {"docker_host": "tcp://192.0.2.7:2375", "docker_version": "of mine"}},
        environment={"ANSIBLE_INJECT_FACT_VARS": inject},
    )
    assert attempt.rc == 0
    assert attempt.output.count('"msg": "tcp://192.0.2.7:2375 of mine') == 2


@pytest.mark.usefixtures("untouched")
def test_room_is_measured_where_the_data_will_lie(host: Host) -> None:
    mount = "mkdir /opt/faults/small; mount -t tmpfs -o size=10m none /opt/faults/small"
    with host.planted(mount, "umount /opt/faults/small; rmdir /opt/faults/small"):
        attempt = host.play(
            "arm64.docker.preflight", docker_engine_data_root="/opt/faults/small/docker"
        )
    assert attempt.rc != 0
    assert "storage_below_5gb" in attempt.message()
