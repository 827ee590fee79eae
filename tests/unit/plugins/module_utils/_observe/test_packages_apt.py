# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._observe._packages import read_apt
from ansible_collections.arm64.docker.tests.unit.fakes import said, silent
from ansible_collections.arm64.docker.tests.unit.hosts import Machine
from ansible_collections.arm64.docker.tests.unit.keys import RSA, key


def test_a_healthy_package_manager_has_nothing_to_tell(machine: Machine) -> None:
    apt = read_apt(machine.host())
    assert (apt["unfinished"], apt["journal"], apt["damaged"], apt["locks"]) == ([], [], False, [])
    assert apt["indexed"] is True
    assert len(apt["sources"]) == 1
    assert apt["keyrings"] == {}
    assert apt["automatic_upgrades"] == {"enabled": False, "spare_docker": False}
    assert apt["needrestart"] == {"automatic": False, "spare_docker": False}


def test_the_keys_in_apts_keyrings_are_reported(machine: Machine) -> None:
    machine.write("/etc/apt/keyrings/docker.asc", key("rsa-with-subkey.asc"))
    assert read_apt(machine.host())["keyrings"] == {"/etc/apt/keyrings/docker.asc": [RSA]}


@pytest.mark.parametrize(
    ("content", "denied"),
    [("#!/bin/sh\nexit 101\n", True), ("#!/bin/sh\nexit 0\n", False), (None, False)],
)
def test_a_killed_installation_may_have_left_services_denied(
    machine: Machine, content: str | None, denied: bool
) -> None:
    if content is not None:
        machine.write("/usr/sbin/policy-rc.d", content)
    assert read_apt(machine.host())["services_denied"] is denied


def test_what_dpkg_left_half_done_is_named(machine: Machine) -> None:
    machine.install({"runc": {"version": "1.1.15", "status": "install ok half-configured"}})
    assert read_apt(machine.host())["unfinished"] == ["runc"]


def test_an_interrupted_dpkg_leaves_its_journal(machine: Machine) -> None:
    machine.write("/var/lib/dpkg/updates/0003", "")
    machine.write("/var/lib/dpkg/updates/tmp.i", "")
    assert read_apt(machine.host())["journal"] == ["0003"]


def test_a_status_file_that_is_cut_off_is_damage(machine: Machine) -> None:
    place = machine.path("/var/lib/dpkg/status")
    place.write_bytes(place.read_bytes()[:-20])
    assert read_apt(machine.host())["damaged"] is True


def test_a_host_that_never_fetched_package_lists_is_not_indexed(machine: Machine) -> None:
    machine.remove("/var/lib/apt/lists")
    assert read_apt(machine.host())["indexed"] is False
    machine.folder("/var/lib/apt/lists/partial")
    assert read_apt(machine.host())["indexed"] is False


ON = 'APT::Periodic::Unattended-Upgrade "1";\n'


@pytest.mark.parametrize(
    ("dump", "enabled", "spare_docker"),
    [
        (ON, True, False),
        ('APT::Periodic::Unattended-Upgrade "0";\n', False, False),
        ('APT::Periodic::Unattended-Upgrade "always";\n', True, False),
        ('APT::Periodic "";\n', False, False),
        (f'APT::Periodic::Enable "0";\n{ON}', False, False),
        (f'APT::Periodic::Enable "1";\n{ON}', True, False),
        ("", False, False),
        (f'{ON}Unattended-Upgrade::Package-Blacklist "";\n', True, False),
        (f'{ON}Unattended-Upgrade::Package-Blacklist:: "linux-";\n', True, False),
        (f'{ON}Unattended-Upgrade::Package-Blacklist:: "docker";\n', True, True),
        (
            f'{ON}Unattended-Upgrade::Package-Blacklist:: "linux-";\n'
            'Unattended-Upgrade::Package-Blacklist:: "docker.io";\n',
            True,
            True,
        ),
    ],
)
def test_automatic_upgrades_are_what_apt_makes_of_its_configuration(
    machine: Machine, dump: str, enabled: bool, spare_docker: bool
) -> None:
    machine.install({"unattended-upgrades": "2.12"})
    machine.runner.answers["apt-config"] = said(dump)
    assert read_apt(machine.host())["automatic_upgrades"] == {
        "enabled": enabled,
        "spare_docker": spare_docker,
    }
    assert machine.runner.command_lines("apt-config") == ["apt-config dump"]


def test_without_the_package_nothing_is_upgraded_and_apt_is_not_asked(machine: Machine) -> None:
    machine.runner.answers["apt-config"] = said(ON)
    assert read_apt(machine.host())["automatic_upgrades"]["enabled"] is False
    assert machine.runner.asked == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (said("", "E: Syntax error /etc/apt/apt.conf:1: Extra junk\n", 100), "Syntax error"),
        (silent(), "did not answer in time"),
    ],
)
def test_an_apt_that_does_not_answer_is_an_error_that_says_why(
    machine: Machine, answer: Any, words: str
) -> None:
    machine.install({"unattended-upgrades": "2.12"})
    machine.runner.answers["apt-config"] = answer
    with pytest.raises(OSError, match=words):
        read_apt(machine.host())


@pytest.mark.parametrize(
    ("system", "configuration", "automatic", "spare_docker"),
    [
        ("debian-13-arm64", "", False, False),
        ("debian-13-arm64", "$nrconf{restart} = 'a';\n", True, False),
        ("debian-13-arm64", '$nrconf{restart} = "a";\n', True, False),
        ("debian-13-arm64", "#$nrconf{restart} = 'a';\n", False, False),
        ("debian-13-arm64", "$nrconf{restart} = 'l';\n", False, False),
        ("debian-13-arm64", "$nrconf{restart} = 'a';\n    qr(^docker) => 0,\n", True, True),
        ("debian-13-arm64", "$nrconf{restart} = 'a';\n#    qr(^docker) => 0,\n", True, False),
        ("ubuntu-24.04-arm64", "", True, False),
        ("ubuntu-24.04-arm64", "$nrconf{restart} = 'i';\n", False, False),
        ("ubuntu-24.04-arm64", "    qr(^docker) => 0,\n", True, True),
    ],
)
def test_needrestart_restarts_by_itself_where_it_is_told_to_and_on_ubuntu(
    build: Callable[[str], Machine],
    system: str,
    configuration: str,
    automatic: bool,
    spare_docker: bool,
) -> None:
    machine = build(system)
    machine.install({"needrestart": "3.8"})
    machine.write("/etc/needrestart/needrestart.conf", configuration)
    assert read_apt(machine.host())["needrestart"] == {
        "automatic": automatic,
        "spare_docker": spare_docker,
    }


def test_needrestarts_snippets_come_after_its_file(machine: Machine) -> None:
    machine.install({"needrestart": "3.8"})
    machine.write("/etc/needrestart/needrestart.conf", "$nrconf{restart} = 'a';\n")
    machine.write("/etc/needrestart/conf.d/50-x.conf", "$nrconf{restart} = 'l';\n")
    machine.write("/etc/needrestart/conf.d/60-x.disabled", "$nrconf{restart} = 'a';\n")
    assert read_apt(machine.host())["needrestart"]["automatic"] is False


def test_a_needrestart_that_is_not_installed_restarts_nothing(machine: Machine) -> None:
    machine.write("/etc/needrestart/needrestart.conf", "$nrconf{restart} = 'a';\n")
    assert read_apt(machine.host())["needrestart"]["automatic"] is False


@given(st.text())
def test_any_answer_of_apt_and_any_configuration_is_read(machine: Machine, text: str) -> None:
    machine.install({"unattended-upgrades": "2.12", "needrestart": "3.8"})
    machine.runner.answers["apt-config"] = said(text)
    machine.write("/etc/needrestart/needrestart.conf", text)
    read_apt(machine.host())
