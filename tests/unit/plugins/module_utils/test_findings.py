# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules and what they say. Every rule and every problem has its rows here, or a test fails."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any, Callable

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


def settle(facts: dict[str, Any]) -> dict[str, Any]:
    """Put fixed values where the kernel that runs the tests has been asked."""
    facts = copy.deepcopy(facts)
    facts["clock"]["synchronized"] = True
    facts["storage"]["free_mb"] = 20000
    if facts["platform"]["aarch32"] is not None:
        facts["platform"]["aarch32"] = True
    return facts


def change(facts: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return facts in which some values are others; ``a.b`` is the key b of a."""
    facts = copy.deepcopy(facts)
    for path, value in changes.items():
        *above, last = path.split("/")
        place = facts
        for key in above:
            place = place[key]
        if value is ABSENT:
            del place[last]
        else:
            place[last] = value
    return facts


ABSENT = object()

LOCK = {"path": "/var/lib/dpkg/lock-frontend", "pid": 4711, "command": "unattended-upgr"}
NOTHING_FREE = {"storage/free_mb": 5119, "storage/mount": "/", "storage/path": "/var/lib/docker"}
CLOCK = "2021-01-01T00:00:00Z"
BROKEN = {"daemon_config/valid": False, "daemon_config/error": "Expecting value: line 3 column 1"}

# Rule, a change of a healthy host's facts that it fires on, words of the evidence, and the nearest
# change that it does not fire on.
TABLE = [
    (
        "not_arm64",
        {"platform/platform": "linux/amd64", "platform/userland": "amd64"},
        "dpkg amd64",
        {"platform/kernel_machine": "arm64"},
    ),
    (
        "userland_32bit",
        {"platform/mixed_userland": True, "platform/userland": "armhf"},
        "dpkg's architecture armhf",
        {"platform/aarch32": True},
    ),
    ("no_aarch32", {"platform/aarch32": False}, "PER_LINUX32", {"platform/aarch32": None}),
    ("unsupported_release", {"os/version_id": "11"}, "VERSION_ID=11", {"os/version_id": "12"}),
    ("unsupported_release", {"os/id": "raspbian"}, "ID=raspbian", {"os/pretty_name": "Armbian"}),
    ("unsupported_release", {"os/version_id": ""}, "nothing", {"os/codename": ""}),
    (
        "unsupported_release",
        {"os/id": "ubuntu", "os/version_id": "20.04"},
        "20.04",
        {"os/id": "ubuntu", "os/version_id": "26.04"},
    ),
    ("memory_below_2gb", {"memory/total_mb": 1699}, "1699 MiB", {"memory/total_mb": 1700}),
    (
        "storage_below_5gb",
        {**NOTHING_FREE, "packages": {}},
        "5119 MiB free for /var/lib/docker on /",
        {"storage/free_mb": 5120, "packages": {}},
    ),
    ("storage_below_5gb", {**NOTHING_FREE, "packages": {}}, "5120 are needed", NOTHING_FREE),
    (
        "storage_low",
        NOTHING_FREE,
        "5119 MiB free",
        {**NOTHING_FREE, "storage/free_mb": None},
    ),
    ("storage_low", NOTHING_FREE, "5119 MiB", {**NOTHING_FREE, "packages": {}}),
    (
        "kernel_modules_missing",
        {"kernel/modules_present": False},
        "6.12.48+deb13-arm64",
        {"kernel/modules_present": None},
    ),
    ("page_size_16k", {"kernel/page_size": 16384}, "16384 bytes", {"kernel/page_size": 4096}),
    ("page_size_16k", {"kernel/page_size": 65536}, "65536 bytes", {"kernel/page_size": 4096}),
    (
        "memory_cgroup_off",
        {"cgroup/controllers": ["cpu", "pids"]},
        "cpu, pids",
        {"cgroup/controllers": ["memory"]},
    ),
    (
        "cgroup_missing",
        {"cgroup/version": None, "cgroup/controllers": []},
        "/sys/fs/cgroup",
        {"cgroup/version": 2},
    ),
    ("cgroup_v1", {"cgroup/version": 1}, "cgroup.controllers", {"cgroup/version": 2}),
    (
        "netfilter_backend_missing",
        {"netfilter/modules/nf_tables": "missing"},
        "iptables-nft, the kernel has no nf_tables",
        {"netfilter/modules/ip_tables": "missing"},
    ),
    (
        "netfilter_backend_missing",
        {"netfilter/backend": "legacy", "netfilter/modules/ip_tables": "missing"},
        "iptables-legacy, the kernel has no ip_tables",
        {"netfilter/backend": "legacy", "netfilter/modules/nf_tables": "missing"},
    ),
    (
        "netfilter_backend_missing",
        {"netfilter/modules/nf_tables": "missing"},
        "nf_tables",
        {"netfilter/modules": None},
    ),
    (
        "kernel_features_missing",
        {"netfilter/modules/bridge": "missing", "netfilter/modules/overlay": "missing"},
        "no bridge, overlay",
        {"netfilter/modules/bridge": "available", "netfilter/modules/vxlan": "missing"},
    ),
    ("kernel_features_missing", {"netfilter/modules/veth": "missing"}, "veth",
     {"netfilter/modules": None}),
    (
        "clock_implausible",
        {"clock/plausible": False, "clock/utc": CLOCK},
        CLOCK,
        {"clock/utc": CLOCK},
    ),
    (
        "clock_unsynchronized",
        {"clock/synchronized": False, "clock/utc": CLOCK},
        CLOCK,
        {"clock/synchronized": True},
    ),
    ("reboot_required", {"reboot_required": True}, "reboot-required", {"reboot_required": False}),
    (
        "conflict_podman",
        {"conflicts": [{"kind": "package", "name": "podman-docker", "with": "docker"}]},
        "podman-docker",
        {"conflicts": []},
    ),
    (
        "conflict_snap",
        {"conflicts": [{"kind": "snap", "name": "docker", "with": "docker"}]},
        "snap",
        {"conflicts": []},
    ),
    (
        "conflict_packages",
        {"conflicts": [{"kind": "package", "name": "docker.io", "with": "docker-ce"}]},
        "docker.io beside docker-ce",
        {"conflicts": []},
    ),
    ("dpkg_unfinished", {"apt/unfinished": ["runc", "vim"]}, "runc, vim", {"apt/unfinished": []}),
    ("dpkg_unfinished", {"apt/journal": ["0001"]}, "/var/lib/dpkg/updates", {"apt/journal": []}),
    ("dpkg_damaged", {"apt/damaged": True}, "/var/lib/dpkg/status", {"apt/damaged": False}),
    (
        "dpkg_locked",
        {"apt/locks": [LOCK]},
        "/var/lib/dpkg/lock-frontend by unattended-upgr (4711)",
        {"apt/locks": []},
    ),
    ("dpkg_locked", {"apt/locks": [{**LOCK, "command": ""}]}, "(4711)", {"apt/locks": []}),
    (
        "automatic_upgrades",
        {"apt/automatic_upgrades": {"enabled": True, "spare_docker": False}},
        "blacklist",
        {"apt/automatic_upgrades": {"enabled": True, "spare_docker": True}},
    ),
    (
        "needrestart_automatic",
        {"apt/needrestart": {"automatic": True, "spare_docker": False}},
        "needrestart",
        {"apt/needrestart": {"automatic": True, "spare_docker": True}},
    ),
    ("daemon_config_broken", BROKEN, "line 3", {"daemon_config/exists": True}),
    (
        "daemon_other_platform",
        {"docker/platform": "linux/arm/v7"},
        "linux/arm/v7",
        {"docker/platform": None},
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The facts of a host on which nothing is wrong. Tests change copies of them."""
    machine = hosts.build("debian-13-arm64", tmp_path_factory.mktemp("healthy"))
    return settle(machine.observe()[0])


def found(facts: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {finding["id"]: finding for finding in findings(facts, [])}


def test_a_healthy_host_has_no_findings(healthy: dict[str, Any]) -> None:
    assert findings(healthy, []) == []


@pytest.mark.parametrize(
    "row", TABLE, ids=[f"{number}-{row[0]}" for number, row in enumerate(TABLE)]
)
def test_a_rule_fires_on_its_fault_and_not_beside_it(healthy: dict[str, Any], row: tuple) -> None:
    name, fault, words, near = row
    finding = found(change(healthy, fault)).get(name)
    assert finding is not None
    assert words in finding["evidence"]
    assert name not in found(change(healthy, near))


def test_every_rule_is_in_the_table_above() -> None:
    assert {row[0] for row in TABLE} == {rule.id for rule in RULES}


def test_ids_are_unique_and_written_as_variables_are() -> None:
    ids = [rule.id for rule in RULES] + list(PROBLEMS)
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in ids)


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_every_rule_says_what_is_wrong_and_what_to_do(rule: Any) -> None:
    assert rule.severity in ("error", "warning", "info")
    assert rule.summary.endswith(".")
    assert rule.remedy.endswith(".")
    assert rule.needs
    assert set(rule.needs) <= set(GROUPS)


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_a_rule_is_silent_where_its_groups_were_not_read(
    healthy: dict[str, Any], rule: Any
) -> None:
    fault = next(row[1] for row in TABLE if row[0] == rule.id)
    facts = change(healthy, fault)
    for group in rule.needs:
        assert rule.id not in found({**facts, group: None})
        assert rule.id not in found({key: facts[key] for key in facts if key != group})


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


def test_the_most_severe_findings_come_first(healthy: dict[str, Any]) -> None:
    facts = change(
        healthy,
        {"apt/locks": [LOCK], "kernel/page_size": 16384, "memory/total_mb": 900},
    )
    problems = [Problem("docker_missing", "a", "b"), Problem("daemon_tls", "a", "b")]
    severities = [finding["severity"] for finding in findings(facts, problems)]
    assert severities == ["error", "error", "warning", "info", "info"]


def test_one_cause_is_one_finding_on_a_32_bit_system(build: Build) -> None:
    facts = settle(build("raspberry-pi-4-raspbian-32bit").observe()[0])
    assert "userland_32bit" in found(facts)
    assert "not_arm64" not in found(facts)


# What is wrong with each kind of host as it comes.
HOSTS = {
    "debian-12-amd64-build-host": ["not_arm64"],
    "debian-13-arm64": [],
    "jetson-orin-nano-jetpack-6": [],
    "jetson-xavier-nx-jetpack-5": ["unsupported_release", "cgroup_v1"],
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
    assert [finding["id"] for finding in findings(settle(facts), problems)] == expected


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
