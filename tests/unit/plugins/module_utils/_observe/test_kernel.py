# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Callable

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._observe._kernel import (
    MODULES,
    read_cgroup,
    read_netfilter,
    state,
)
from ansible_collections.arm64.docker.tests.unit.hosts import Machine

Build = Callable[[str], Machine]


def test_version_2_lists_its_controllers(machine: Machine) -> None:
    assert read_cgroup(machine.host()) == {
        "version": 2,
        "controllers": ["cpuset", "cpu", "io", "memory", "hugetlb", "pids", "rdma", "misc"],
    }


def test_a_pi_as_its_image_leaves_it_has_no_memory_controller(build: Build) -> None:
    assert "memory" not in read_cgroup(build("raspberry-pi-4-bookworm").host())["controllers"]


def test_proc_cgroups_is_not_asked(machine: Machine) -> None:
    machine.write("/proc/cgroups", "#subsys_name hierarchy num_cgroups enabled\nmemory 0 1 0\n")
    assert "memory" in read_cgroup(machine.host())["controllers"]


def test_version_1_has_a_folder_for_each_controller(build: Build) -> None:
    assert read_cgroup(build("jetson-xavier-nx-jetpack-5").host()) == {
        "version": 1,
        "controllers": ["cpu", "cpuacct", "memory", "pids"],
    }


def test_a_host_without_cgroups_has_no_version(machine: Machine) -> None:
    machine.remove("/sys/fs/cgroup")
    assert read_cgroup(machine.host()) == {"version": None, "controllers": []}
    machine.folder("/sys/fs/cgroup")
    assert read_cgroup(machine.host()) == {"version": None, "controllers": []}


@pytest.mark.parametrize(
    ("links", "backend"),
    [
        ({"/etc/alternatives/iptables": "/usr/sbin/iptables-nft"}, "nft"),
        ({"/etc/alternatives/iptables": "/usr/sbin/iptables-legacy"}, "legacy"),
        ({"/usr/sbin/iptables": "xtables-nft-multi"}, "nft"),
        ({"/usr/sbin/iptables": "xtables-legacy-multi"}, "legacy"),
        ({"/sbin/iptables": "/usr/sbin/iptables-legacy"}, "legacy"),
        (
            {
                "/usr/sbin/iptables": "/etc/alternatives/iptables",
                "/etc/alternatives/iptables": "/usr/sbin/iptables-legacy",
            },
            "legacy",
        ),
        ({}, None),
    ],
)
def test_the_backend_of_iptables_is_what_its_link_names(
    machine: Machine, links: dict[str, str], backend: str | None
) -> None:
    machine.remove("/etc/alternatives/iptables")
    for path, target in links.items():
        machine.link(path, target)
    assert read_netfilter(machine.host())["backend"] == backend


def test_every_module_that_docker_needs_has_a_state(machine: Machine) -> None:
    modules = read_netfilter(machine.host())["modules"]
    assert list(modules) == list(MODULES)
    assert modules["nf_tables"] == "loaded"
    assert modules["nf_conntrack"] == "builtin"
    assert modules["ip_tables"] == "available"


def test_a_module_that_is_nowhere_is_missing(machine: Machine) -> None:
    folder = f"/lib/modules/{machine.uname['release']}"
    machine.write(f"{folder}/modules.dep", "kernel/net/ipv4/netfilter/ip_tables_extra.ko.xz:\n")
    assert read_netfilter(machine.host())["modules"]["ip_tables"] == "missing"


@pytest.mark.parametrize("name", ["modules.dep", "modules.builtin"])
def test_there_are_no_states_where_the_kernels_lists_cannot_be_read(
    machine: Machine, name: str
) -> None:
    machine.remove(f"/lib/modules/{machine.uname['release']}/{name}")
    netfilter = read_netfilter(machine.host())
    assert netfilter == {"backend": "nft", "modules": None}


@pytest.mark.parametrize(
    ("builtin", "available", "loaded", "expected"),
    [
        (b"", b"", {"br_netfilter"}, "loaded"),
        (b"kernel/net/bridge/br_netfilter.ko\n", b"", {"br_netfilter"}, "loaded"),
        (b"kernel/net/bridge/br_netfilter.ko\n", b"", set(), "builtin"),
        (b"", b"kernel/net/bridge/br_netfilter.ko: kernel/net/bridge/bridge.ko\n", set(),
         "available"),
        (b"", b"kernel/net/bridge/br_netfilter.ko.xz:\n", set(), "available"),
        (b"", b"kernel/net/bridge/br_netfilter.ko.zst:\n", set(), "available"),
        (b"", b"kernel/net/bridge/br-netfilter.ko:\n", set(), "available"),
        (b"", b"kernel/net/bridge/xbr_netfilter.ko:\n", set(), "missing"),
        (b"", b"kernel/net/bridge/br_netfilter2.ko:\n", set(), "missing"),
        (b"", b"", {"br_netfilter2"}, "missing"),
    ],
)  # fmt: skip
def test_a_module_is_found_by_its_whole_name(
    builtin: bytes, available: bytes, loaded: set[str], expected: str
) -> None:
    assert state(builtin, available, loaded, "br_netfilter") == expected
