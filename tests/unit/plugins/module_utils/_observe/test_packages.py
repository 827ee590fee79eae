# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._observe._packages import (
    read_apt,
    read_conflicts,
    read_packages,
)
from ansible_collections.arm64.docker.tests.unit.fakes import said, silent
from ansible_collections.arm64.docker.tests.unit.hosts import Machine

LOCKS = [
    "/var/lib/dpkg/lock-frontend",
    "/var/lib/dpkg/lock",
    "/var/lib/apt/lists/lock",
    "/var/cache/apt/archives/lock",
]


def test_packages_that_the_roles_know_are_reported_with_version_hold_and_state(
    machine: Machine,
) -> None:
    machine.install({"runc": {"version": "1.1.15", "status": "hold ok installed"}, "vim": "9.1"})
    packages = read_packages(machine.host())
    assert packages["docker.io"] == {
        "version": "26.1.5+dfsg1-9+b9",
        "hold": False,
        "state": "installed",
    }
    assert packages["runc"]["hold"] is True
    assert "docker-ce" not in packages
    assert "vim" not in packages


def test_further_packages_are_reported_by_name(machine: Machine) -> None:
    machine.install({"vim": "2:9.1.1230-2"})
    packages = read_packages(machine.host(), ["vim", "emacs"])
    assert packages["vim"]["version"] == "2:9.1.1230-2"
    assert "emacs" not in packages


def test_a_package_of_which_only_configuration_is_left_is_not_installed(machine: Machine) -> None:
    machine.install({"docker.io": {"version": "26.1.5", "status": "deinstall ok config-files"}})
    assert "docker.io" not in read_packages(machine.host())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("docker.io", "docker-ce"),
        ("docker-cli", "docker-ce-cli"),
        ("docker-buildx", "docker-buildx-plugin"),
        ("docker-compose", "docker-compose-plugin"),
        ("docker-compose-v2", "docker-compose-plugin"),
        ("containerd", "containerd.io"),
    ],
)
def test_packages_that_own_the_same_files_are_a_conflict(
    machine: Machine, one: str, other: str
) -> None:
    machine.packages = {"dpkg": "1.22.21", one: "1"}
    machine.install()
    assert read_conflicts(machine.host()) == []
    machine.install({other: "1"})
    assert read_conflicts(machine.host()) == [{"kind": "package", "name": one, "with": other}]


def test_podman_as_docker_is_a_conflict_and_podman_itself_is_none(machine: Machine) -> None:
    machine.install({"podman": "5.4.2"})
    assert read_conflicts(machine.host()) == []
    machine.install({"podman-docker": "5.4.2"})
    assert read_conflicts(machine.host()) == [
        {"kind": "package", "name": "podman-docker", "with": "docker"}
    ]


@pytest.mark.parametrize("path", ["/snap/docker/current", "/var/lib/snapd/snaps/docker_2963.snap"])
def test_dockers_snap_is_a_conflict(machine: Machine, path: str) -> None:
    machine.write("/var/lib/snapd/snaps/core22_1.snap", "")
    assert read_conflicts(machine.host()) == []
    machine.write(path, "")
    assert read_conflicts(machine.host()) == [{"kind": "snap", "name": "docker", "with": "docker"}]


def test_a_healthy_package_manager_has_nothing_to_tell(machine: Machine) -> None:
    apt = read_apt(machine.host())
    assert (apt["unfinished"], apt["journal"], apt["damaged"], apt["locks"]) == ([], [], False, [])
    assert apt["indexed"] is True
    assert len(apt["sources"]) == 1
    assert apt["automatic_upgrades"] == {"enabled": False, "spare_docker": False}
    assert apt["needrestart"] == {"automatic": False, "spare_docker": False}


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


@pytest.fixture
def holder(machine: Machine) -> Iterator[Callable[[str], int]]:
    """Hold a lock on a file of the host in another process, as apt and dpkg do (fcntl)."""
    code = (
        "import fcntl, sys, time\n"
        "stream = open(sys.argv[1], 'w')\n"
        "fcntl.lockf(stream, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    running = []

    def hold(path: str) -> int:
        place = machine.write(path, "")
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(place)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        running.append(process)
        assert process.stdout.readline() == b"held\n"
        machine.link(f"/proc/{process.pid}", f"/proc/{process.pid}")
        return process.pid

    machine.link("/proc/locks", "/proc/locks")
    yield hold
    for process in running:
        process.communicate()


def kernel_names_locks_by_inode(folder: Path) -> bool:
    """Tell whether /proc/locks shows this file system's locks under the device that stat names."""
    with open(folder / "probe", "w", encoding="ascii") as stream:
        fcntl.lockf(stream, fcntl.LOCK_EX)
        status = os.fstat(stream.fileno())
        device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
        locks = Path("/proc/locks").read_text(encoding="ascii")
        return f" {device}:{status.st_ino} " in locks


@pytest.mark.parametrize("path", LOCKS)
def test_a_held_lock_is_reported_with_its_holder(
    machine: Machine, holder: Callable[[str], int], path: str, tmp_path: Path
) -> None:
    if not kernel_names_locks_by_inode(tmp_path):
        pytest.skip("/proc/locks does not show locks of this file system")
    pid = holder(path)
    command = Path(f"/proc/{pid}/comm").read_text(encoding="ascii").strip()
    assert read_apt(machine.host())["locks"] == [{"path": path, "pid": pid, "command": command}]


def test_a_lock_file_that_nobody_holds_is_no_lock(
    machine: Machine, holder: Callable[[str], int]
) -> None:
    holder("/var/lib/something/else")
    for path in LOCKS:
        machine.write(path, "")
    assert read_apt(machine.host())["locks"] == []


def test_a_holder_that_ended_meanwhile_has_no_name(machine: Machine) -> None:
    status = os.stat(machine.write(LOCKS[0], ""))
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
    line = f"1: POSIX  ADVISORY  WRITE 4711 {device}:{status.st_ino} 0 EOF\n"
    waiting = f"1: -> POSIX  ADVISORY  WRITE 4712 {device}:{status.st_ino} 0 EOF\n"
    machine.write("/proc/locks", line + waiting)
    assert read_apt(machine.host())["locks"] == [{"path": LOCKS[0], "pid": 4711, "command": ""}]


ON = 'APT::Periodic::Unattended-Upgrade "1";\n'


@pytest.mark.parametrize(
    ("dump", "enabled", "spare_docker"),
    [
        (ON, True, False),
        ('APT::Periodic::Unattended-Upgrade "0";\n', False, False),
        ('APT::Periodic::Unattended-Upgrade "always";\n', True, False),
        ('APT::Periodic "";\n', False, False),
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


@pytest.mark.parametrize("answer", [said("", "E: broken\n", 100), silent()])
def test_an_apt_that_does_not_answer_is_no_exception(machine: Machine, answer: Any) -> None:
    machine.install({"unattended-upgrades": "2.12"})
    machine.runner.answers["apt-config"] = answer
    assert set(read_apt(machine.host())["automatic_upgrades"]) == {"enabled", "spare_docker"}


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
