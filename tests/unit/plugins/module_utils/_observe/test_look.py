# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._findings import findings
from ansible_collections.arm64.docker.plugins.module_utils._observe._look import GROUPS
from ansible_collections.arm64.docker.tests.unit.fakes import said, silent
from ansible_collections.arm64.docker.tests.unit.hosts import Machine, names

Build = Callable[[str], Machine]

# The public interface: the keys of every group. More may be added beside them.
SHAPES = {
    "platform": {
        *("kernel_machine", "userland", "platform", "bits", "mixed_userland", "aarch32", "ia32")
    },
    "os": {"id", "like", "version_id", "codename", "pretty_name"},
    "board": {"vendor", "family", "model", "compatible", "release", "image", "throttled"},
    "kernel": {
        "release",
        "page_size",
        "modules_present",
        "apparmor",
        "features",
        "features_source",
    },
    "memory": {"total_mb", "swap"},
    "storage": {"path", "free_mb", "filesystem"},
    "cgroup": {"version", "controllers"},
    "netfilter": {"backend", "modules"},
    "packages": {"docker.io"},
    "service": {"active", "enabled", "since"},
    "apt": {"unfinished", "damaged", "locks", "sources", "keyrings"},
    "dropins": {"docker.service"},
    "files": {"/etc/apt/sources.list.d/debian.sources"},
    "boot": {"loader", "path", "content"},
    "clock": {"synchronized"},
    "daemon_config": {"path", "exists", "valid", "sha256", "content"},
    "users": {"root"},
    "emulation": {"mounted", "handlers"},
    "rootless": {"user_namespaces", "subordinate", "users"},
    "docker": {"client", "server", "platform", "table"},
}


def ids(problems: list[Any]) -> list[str]:
    return [problem.id for problem in problems]


def test_everything_is_read_and_nothing_is_a_problem_on_a_healthy_host(machine: Machine) -> None:
    facts, problems = machine.observe()
    assert tuple(facts) == GROUPS
    assert problems == []
    for group, keys in SHAPES.items():
        assert keys <= set(facts[group]), group
    assert facts["conflicts"] == []
    assert facts["reboot_required"] is False
    json.dumps(facts)


@pytest.mark.parametrize("name", names())
def test_every_kind_of_host_is_read_whole(build: Build, name: str) -> None:
    facts, problems = build(name).observe()
    assert [group for group in GROUPS if facts[group] is None] in ([], ["docker"])
    assert ids(problems) in ([], ["docker_missing"])


@pytest.mark.parametrize("group", GROUPS)
def test_one_group_can_be_read_alone(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, group: str
) -> None:
    # Others write to the disk of the controller between two observations.
    status = os.statvfs(machine.root)
    monkeypatch.setattr(os, "statvfs", lambda path: status)
    whole, _ = machine.observe()
    facts, problems = machine.observe(group)
    assert list(facts) == [group]
    assert problems == []
    if group != "clock":
        assert facts[group] == whole[group]


def test_groups_come_in_their_own_order_and_unknown_ones_not_at_all(machine: Machine) -> None:
    facts, _ = machine.observe("memory", "banana", "platform")
    assert list(facts) == ["platform", "memory"]


def test_programs_are_started_only_for_the_groups_that_need_them(machine: Machine) -> None:
    machine.observe("platform", "memory", "packages")
    assert machine.runner.asked == []
    machine.observe("service")
    assert [argv[0] for argv in machine.runner.asked] == ["systemctl"]


def test_the_firmware_is_asked_only_where_its_program_is(machine: Machine) -> None:
    machine.observe("board")
    assert machine.runner.asked == []
    machine.write("/usr/bin/vcgencmd", "")
    machine.runner.answers["vcgencmd"] = said("throttled=0x50005\n")
    assert machine.observe("board")[0]["board"]["throttled"]["undervoltage_now"] is True
    assert machine.runner.command_lines("vcgencmd") == ["vcgencmd get_throttled"]


def test_nothing_on_the_host_changes(machine: Machine) -> None:
    def everything() -> dict[str, tuple]:
        return {
            str(path): (path.lstat().st_mtime_ns, path.lstat().st_mode, path.lstat().st_size)
            for path in machine.root.rglob("*")
        }

    before = everything()
    machine.observe(packages=["vim"], users=["nobody"], data_root="/srv/docker")
    assert everything() == before


def test_a_data_root_of_the_caller_comes_before_daemon_jsons(machine: Machine) -> None:
    machine.write("/etc/docker/daemon.json", '{"data-root": "/srv/docker"}')
    assert machine.observe("storage")[0]["storage"]["path"] == "/srv/docker"
    assert machine.observe("storage", data_root="/mnt/d")[0]["storage"]["path"] == "/mnt/d"


# What a group is read from, and what may be wrong with it.
ESSENTIAL_FILES = {
    "platform": "/var/lib/dpkg/status",
    "os": "/etc/os-release",
    "memory": "/proc/meminfo",
    "storage": "/proc/self/mountinfo",
    "packages": "/var/lib/dpkg/status",
    "conflicts": "/var/lib/dpkg/status",
    "apt": "/var/lib/dpkg/status",
    "users": "/etc/passwd",
}
OTHER_FILES = {
    "cgroup": "/sys/fs/cgroup/cgroup.controllers",
    "apt": "/etc/apt/sources.list.d/debian.sources",
    "boot": "/etc/default/grub",
    "daemon_config": "/etc/docker/daemon.json",
    "dropins": "/etc/systemd/system/docker.service.d/x.conf",
}


def assert_unreadable(machine: Machine, group: str) -> None:
    facts, problems = machine.observe(group, "kernel")
    assert facts[group] is None
    assert facts["kernel"] is not None
    (problem,) = problems
    assert problem.id == f"{group}_unreadable"
    assert problem.message
    assert problem.remedy
    found = [finding["id"] for finding in findings(facts, problems)]
    assert f"{group}_unreadable" in found


@pytest.mark.parametrize(("group", "path"), ESSENTIAL_FILES.items())
def test_a_missing_file_makes_its_group_null_with_a_finding(
    machine: Machine, group: str, path: str
) -> None:
    machine.remove(path)
    assert_unreadable(machine, group)


@pytest.mark.parametrize(("group", "path"), [*ESSENTIAL_FILES.items(), *OTHER_FILES.items()])
def test_a_folder_in_the_place_of_a_file_makes_its_group_null_with_a_finding(
    machine: Machine, group: str, path: str
) -> None:
    machine.folder(path)
    assert_unreadable(machine, group)


@pytest.mark.parametrize(("group", "path"), [*ESSENTIAL_FILES.items(), *OTHER_FILES.items()])
def test_a_file_that_cannot_be_read_makes_its_group_null_with_a_finding(
    machine: Machine, group: str, path: str
) -> None:
    """A link that leads to itself stands for every error of the disk: root reads the rest."""
    machine.link(path, Path(path).name)
    assert_unreadable(machine, group)


@pytest.mark.parametrize(
    ("group", "path", "content"),
    [
        ("memory", "/proc/meminfo", b"\xff\xfe\0garbage"),
        ("memory", "/proc/meminfo", b"MemTotal: lots kB\n"),
        ("memory", "/proc/meminfo", b"MemTotal:\n"),
        ("platform", "/var/lib/dpkg/status", b""),
        ("platform", "/var/lib/dpkg/status", b"\0" * 512),
    ],
)
def test_rubbish_in_a_file_makes_its_group_null_with_a_finding(
    machine: Machine, group: str, path: str, content: bytes
) -> None:
    machine.write(path, content)
    assert_unreadable(machine, group)


def test_a_systemd_that_does_not_answer_makes_service_null_with_a_finding(
    machine: Machine,
) -> None:
    machine.runner.answers["systemctl"] = silent()
    assert_unreadable(machine, "service")


def test_a_host_of_which_nothing_can_be_read_is_all_findings(tmp_path: Path) -> None:
    empty = {
        "architecture": "arm64",
        "uname": {"machine": "aarch64", "release": "6", "page_size": 4096},
        "packages": {},
        "files": {},
        "links": {},
        "modules": {},
    }
    machine = Machine(tmp_path, empty)
    machine.remove("/var")
    facts, problems = machine.observe()
    assert facts["platform"] is None
    assert {"platform_unreadable", "os_unreadable", "memory_unreadable", "docker_missing"} <= set(
        ids(problems)
    )
    json.dumps(findings(facts, problems))


def machine_files(machine: Machine) -> list[str]:
    return sorted(
        f"/{path.relative_to(machine.root)}"
        for path in machine.root.rglob("*")
        if path.is_file() or path.is_symlink()
    )


@settings(max_examples=150)
@given(st.data())
def test_whatever_stands_in_a_file_there_are_facts_or_a_finding(
    build: Build, data: st.DataObject
) -> None:
    machine = build("debian-12-amd64-build-host")
    machine.install({"unattended-upgrades": "2.12", "needrestart": "3.8"})
    machine.runner.answers["apt-config"] = said('APT::Periodic::Unattended-Upgrade "1";\n')
    machine.write("/etc/docker/daemon.json", "{}")
    path = data.draw(st.sampled_from(machine_files(machine)))
    machine.write(path, data.draw(st.binary() | st.text().map(str.encode)))
    facts, problems = machine.observe()
    told = {problem.id for problem in problems}
    for group in GROUPS:
        assert facts[group] is not None or group == "docker" or f"{group}_unreadable" in told
    json.dumps(findings(facts, problems))


def test_any_timeout_can_be_given(machine: Machine) -> None:
    facts, problems = machine.observe("os", "service", "docker", timeout=10**400)
    assert None not in facts.values()
    assert problems == []


def test_a_pipe_where_a_file_should_be_costs_no_more_than_the_timeout(machine: Machine) -> None:
    machine.remove("/etc/docker/daemon.json")
    place = machine.path("/etc/docker/daemon.json")
    place.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(place)
    started = time.monotonic()
    facts, problems = machine.observe("daemon_config", "memory", timeout=2.0)
    assert time.monotonic() - started < 4
    assert facts["daemon_config"] is None
    assert facts["memory"]["total_mb"] > 0
    (problem,) = problems
    assert problem.id == "daemon_config_unreadable"
    assert "no answer within" in problem.message
