# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
from pathlib import Path
from typing import Callable

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._docker_cli import Problem
from ansible_collections.arm64.docker.plugins.module_utils._findings import (
    PROBLEMS,
    RULES,
    findings,
)
from ansible_collections.arm64.docker.plugins.module_utils._observe._look import GROUPS
from ansible_collections.arm64.docker.tests.unit import hosts

Build = Callable[[str], hosts.Machine]

README = Path(__file__).resolve().parents[4] / "README.md"


def test_ids_are_unique_and_written_as_variables_are() -> None:
    ids = [rule.id for rule in RULES] + list(PROBLEMS)
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in ids)


def test_nothing_was_read_and_nothing_is_found() -> None:
    assert findings({}, []) == []
    assert findings(dict.fromkeys(GROUPS), []) == []


@pytest.mark.parametrize(("name", "expected"), PROBLEMS.items())
def test_every_problem_becomes_a_finding_of_its_severity(name: str, expected: tuple) -> None:
    (finding,) = findings({}, [Problem(name, "what was seen", "what to do")])
    assert finding == {
        "id": name,
        "severity": expected[0],
        "summary": expected[1],
        "evidence": "what was seen",
        "remedy": "what to do",
    }


@pytest.mark.parametrize("group", [group for group in GROUPS if group != "docker"])
def test_a_group_that_cannot_be_read_is_an_error_only_where_all_depends_on_it(group: str) -> None:
    (finding,) = findings({group: None}, [Problem(f"{group}_unreadable", "why", "what to do")])
    essential = group in ("platform", "os", "packages", "apt")
    assert finding["severity"] == ("error" if essential else "warning")
    assert f"'{group}'" in finding["summary"]


def test_the_most_severe_findings_come_first() -> None:
    facts = {"kernel": {"page_size": 16384, "release": "6", "modules_present": True}}
    problems = [
        Problem("docker_missing", "a", "b"),
        Problem("daemon_unreachable", "a", "b"),
        Problem("daemon_tls", "a", "b"),
    ]
    ids = [finding["id"] for finding in findings(facts, problems)]
    assert ids == ["daemon_tls", "daemon_unreachable", "page_size_16k", "docker_missing"]


# What is wrong with each kind of host as it comes.
HOSTS = {
    "debian-12-amd64-build-host": ["not_arm64"],
    "debian-13-arm64": [],
    "jetson-orin-nano-jetpack-6": ["iptables_raw_missing", "nvidia_runtime_missing"],
    "jetson-xavier-nx-jetpack-5": [
        "unsupported_release",
        "iptables_raw_missing",
        "cgroup_v1",
        "nvidia_runtime_missing",
    ],
    "raspberry-pi-4-bookworm": ["memory_cgroup_off", "docker_missing"],
    "raspberry-pi-4-raspbian-32bit": [
        "userland_32bit",
        "unsupported_release",
        "memory_cgroup_off",
        "docker_missing",
    ],
    "raspberry-pi-5-bookworm-16k": ["page_size_16k", "memory_cgroup_off", "docker_missing"],
    "rockpro64-armbian-bookworm": ["docker_missing"],
    "ubuntu-22.04-arm64": ["automatic_upgrades"],
    "ubuntu-24.04-arm64": ["automatic_upgrades"],
    "ubuntu-26.04-arm64": ["automatic_upgrades"],
}


def test_every_kind_of_host_is_in_the_table_above() -> None:
    assert sorted(HOSTS) == hosts.names()


@pytest.mark.parametrize(("name", "expected"), HOSTS.items())
def test_what_is_wrong_with_each_kind_of_host(build: Build, name: str, expected: list) -> None:
    facts, problems = build(name).observe()
    assert [finding["id"] for finding in findings(hosts.settle(facts), problems)] == expected


def test_readme_documents_every_finding_with_its_severity_and_no_other() -> None:
    text = README.read_text(encoding="utf-8")
    table = text.partition("<!-- findings -->")[2].partition("<!-- /findings -->")[0]
    rows = re.findall(r"^\| `([^`]+)` \| (\w+) \|", table, re.MULTILINE)
    documented = {name: severity for name, severity in rows if "_unreadable" not in name}
    severities = {rule.id: rule.severity for rule in RULES}
    severities.update({name: severity for name, (severity, _) in PROBLEMS.items()})
    del severities["docker_unreadable"]
    assert documented == severities
    assert "_unreadable`" in table
