# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rules make of the configurations of real kinds of kernels."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._findings import findings
from ansible_collections.arm64.docker.plugins.module_utils._observe._kernel_config import FEATURES
from ansible_collections.arm64.docker.plugins.module_utils._rules_kernel import (
    ALTERNATIVES,
    BACKEND_REQUIRED,
    CGROUP_REQUIRED,
    CGROUP_V1_OPTIONAL,
    IPTABLES,
    LEGACY_OPTIONAL,
    OPTIONAL,
    REQUIRED,
)
from ansible_collections.arm64.docker.tests.unit.hosts import Machine, fixture

KERNEL = ("kernel_features_missing", "kernel_options_missing", "netfilter_backend_missing")


def required() -> set[str]:
    groups = [*REQUIRED, *(group for needed in CGROUP_REQUIRED.values() for group in needed)]
    for itself, further in BACKEND_REQUIRED.values():
        groups += [(itself,), *further]
    return {name for group in groups for name in group}


def evidence(machine: Machine, name: str, backend: str = "nft") -> dict[str, str]:
    """Return what is found about the kernel where it was built by this configuration."""
    machine.remove("/lib/modules")
    machine.write("/proc/config.gz", gzip.compress(fixture(f"kernel_config/{name}").encode()))
    machine.link("/etc/alternatives/iptables", f"/usr/sbin/iptables-{backend}")
    found = findings(*machine.observe("kernel", "netfilter", "cgroup", "os"))
    return {finding["id"]: finding["evidence"] for finding in found if finding["id"] in KERNEL}


def test_every_option_that_is_read_is_judged_by_one_rule() -> None:
    optional = {*OPTIONAL, *CGROUP_V1_OPTIONAL, *LEGACY_OPTIONAL}
    assert not required() & optional
    # The table raw is the affair of iptables_raw_missing.
    assert required() | optional | {"IP_NF_RAW"} == set(FEATURES)
    assert set(ALTERNATIVES) | set(IPTABLES) <= required()


@pytest.mark.parametrize("backend", ["nft", "legacy"])
def test_nothing_is_missing_from_debians_kernel(machine: Machine, backend: str) -> None:
    assert evidence(machine, "debian-13-arm64-6.12", backend) == {}


def test_a_kernel_without_ip_tables_is_whole_where_nf_tables_serves(machine: Machine) -> None:
    assert evidence(machine, "raspberry-pi-arm64-6.18") == {}


def test_a_jetsons_kernel_lacks_nothing_but_the_table_raw(machine: Machine) -> None:
    assert evidence(machine, "jetson-arm64-5.15-tegra", "legacy") == {}


def test_a_vendors_kernel_is_told_what_it_lacks(machine: Machine) -> None:
    found = evidence(machine, "rockchip-arm64-5.10-vendor", "legacy")
    assert list(found) == ["kernel_features_missing", "kernel_options_missing"]
    assert "no CONFIG_VETH, CONFIG_OVERLAY_FS (" in found["kernel_features_missing"]
    assert "CONFIG_NF" not in found["kernel_features_missing"]
    assert "CONFIG_BRIDGE_NETFILTER (" in found["kernel_options_missing"]
    assert "CONFIG_VXLAN (" in found["kernel_options_missing"]
    assert "CONFIG_SECURITY_APPARMOR (" in found["kernel_options_missing"]


def missing(
    machine: Machine, *options: str, backend: str = "nft", config: dict[str, Any] | None = None
) -> str:
    """Return what kernel_features_missing says of Debian's kernel without these options."""
    if config is not None:
        machine.write("/etc/docker/daemon.json", json.dumps(config))
    text = fixture("kernel_config/debian-13-arm64-6.12")
    gone = tuple(f"CONFIG_{name}=" for name in options)
    kept = [line for line in text.splitlines() if not line.startswith(gone)]
    machine.remove("/lib/modules")
    machine.write("/proc/config.gz", gzip.compress("\n".join(kept).encode()))
    machine.link("/etc/alternatives/iptables", f"/usr/sbin/iptables-{backend}")
    found = findings(*machine.observe("kernel", "netfilter", "cgroup", "os", "daemon_config"))
    return {finding["id"]: finding["evidence"] for finding in found}.get(KERNEL[0], "")


def test_either_way_of_masquerading_is_enough(machine: Machine) -> None:
    new, old = "NETFILTER_XT_TARGET_MASQUERADE", "IP_NF_TARGET_MASQUERADE"
    assert missing(machine, new) == ""
    assert missing(machine, old) == ""
    assert missing(machine, new, old).endswith(f"CONFIG_{new}")


@pytest.mark.parametrize(
    ("option", "backend", "other"),
    [
        ("NFT_COMPAT", "nft", "legacy"),
        ("IP_NF_FILTER", "legacy", "nft"),
        ("IP_NF_NAT", "legacy", "nft"),
    ],
)
def test_what_one_backend_needs_the_other_does_without(
    machine: Machine, option: str, backend: str, other: str
) -> None:
    assert missing(machine, option, backend=other) == ""
    told = missing(machine, option, backend=backend)
    assert told.endswith(f"CONFIG_{option} (iptables-{other} works without)")


def test_a_way_out_that_the_kernel_lacks_as_well_is_not_named(machine: Machine) -> None:
    assert missing(machine, "NFT_COMPAT", "IP_NF_IPTABLES").endswith("CONFIG_NFT_COMPAT")


@pytest.mark.parametrize(
    ("backend", "itself", "further"),
    [("nft", "NF_TABLES", "NFT_COMPAT"), ("legacy", "IP_NF_IPTABLES", "IP_NF_NAT")],
)
def test_a_backend_that_is_missing_whole_is_another_rules_affair(
    machine: Machine, backend: str, itself: str, further: str
) -> None:
    """docker_board switches the backend; preflight must not refuse the host for its parts."""
    assert missing(machine, itself, further, backend=backend) == ""


def test_devices_are_filtered_by_bpf_in_version_2_of_cgroups(machine: Machine) -> None:
    assert missing(machine, "CGROUP_DEVICE") == ""
    assert missing(machine, "CGROUP_BPF").endswith("CONFIG_CGROUP_BPF")
    machine.remove("/sys/fs/cgroup")
    machine.folder("/sys/fs/cgroup/devices")
    assert missing(machine, "CGROUP_BPF") == ""
    assert missing(machine, "CGROUP_DEVICE").endswith("CONFIG_CGROUP_DEVICE")


@pytest.mark.parametrize(
    ("driver", "does_without"),
    [("vfs", True), ("btrfs", True), ("fuse-overlayfs", True), ("overlay2", False), ("", False)],
)
def test_a_storage_driver_that_works_without_overlay_ends_the_finding(
    machine: Machine, driver: str, does_without: bool
) -> None:
    told = missing(machine, "OVERLAY_FS", config={"storage-driver": driver})
    assert (told == "") is does_without
    assert missing(machine, "OVERLAY_FS", "VETH", config={"storage-driver": driver}) != ""


@pytest.mark.parametrize(
    ("config", "needed"),
    [({}, True), ({"iptables": False}, False), ({"firewall-backend": "nftables"}, False)],
)
@pytest.mark.parametrize("option", ["NFT_COMPAT", "NETFILTER_XT_MATCH_ADDRTYPE"])
def test_an_engine_without_iptables_needs_nothing_of_it(
    machine: Machine, option: str, config: dict[str, Any], needed: bool
) -> None:
    assert (missing(machine, option, config=config) != "") is needed
    assert missing(machine, option, "NF_NAT", config=config) != ""
