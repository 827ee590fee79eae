# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about what the kernel was built with: options that containers need, and that some use.

Source: moby's contrib/check-config.sh. Two of its groups are treated apart:

- ip_tables and nf_tables themselves are netfilter_backend_missing's affair, and so is a part of one
  that is missing where the other works: docker_board switches to that. Where iptables is
  iptables-nft, none of the options IP_NF_* is needed.
- What only limits resources or serves Swarm is no reason to refuse a host, whatever that script
  calls it.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils._netfilter import missing_backend
from ansible_collections.arm64.docker.plugins.module_utils._rule import (
    ERROR,
    INFO,
    Rule,
    daemon_config,
    uses_iptables,
)

# Without these no container starts, or none on a bridge network. One of each group is enough.
REQUIRED = (
    ("NAMESPACES",),
    ("NET_NS",),
    ("PID_NS",),
    ("IPC_NS",),
    ("UTS_NS",),
    ("CGROUPS",),
    ("POSIX_MQUEUE",),
    ("VETH",),
    ("BRIDGE",),
    ("NF_CONNTRACK",),
    ("NF_NAT",),
    ("NETFILTER_XT_MATCH_ADDRTYPE",),
    ("NETFILTER_XT_MATCH_CONNTRACK",),
    ("NETFILTER_XT_TARGET_MASQUERADE", "IP_NF_TARGET_MASQUERADE"),
    ("OVERLAY_FS",),
)

# runc filters devices by a program of BPF where cgroups are of version 2.
CGROUP_REQUIRED = {1: (("CGROUP_DEVICE",),), 2: (("CGROUP_BPF",),)}

# By the backend that iptables uses, where the kernel has that backend itself.
BACKEND_REQUIRED = {
    "nft": ("NF_TABLES", (("NFT_COMPAT",),)),
    "legacy": ("IP_NF_IPTABLES", (("IP_NF_FILTER",), ("IP_NF_NAT",))),
}

# What only rules of iptables ask for: nothing of it is needed where the engine sets none.
IPTABLES = (
    "NETFILTER_XT_MATCH_ADDRTYPE",
    "NETFILTER_XT_MATCH_CONNTRACK",
    "NETFILTER_XT_TARGET_MASQUERADE",
    "NFT_COMPAT",
    "IP_NF_FILTER",
    "IP_NF_NAT",
)

# What else does the work of a missing option, and the option that this needs.
ALTERNATIVES = {
    "OVERLAY_FS": ('the storage-driver "vfs" works without, slowly', None),
    "NFT_COMPAT": ("iptables-legacy works without", "IP_NF_IPTABLES"),
    "IP_NF_FILTER": ("iptables-nft works without", "NF_TABLES"),
    "IP_NF_NAT": ("iptables-nft works without", "NF_TABLES"),
}

# Without these containers run, and something of them does not. Those of version 1 of cgroups are
# built into version 2.
OPTIONAL = {
    "MEMCG": "memory limits",
    "CPUSETS": "docker run --cpuset-cpus",
    "CGROUP_SCHED": "docker run --cpu-shares",
    "FAIR_GROUP_SCHED": "docker run --cpu-shares",
    "CFS_BANDWIDTH": "docker run --cpus",
    "CGROUP_PIDS": "docker run --pids-limit",
    "BLK_CGROUP": "limits of disk input and output",
    "BLK_DEV_THROTTLING": "docker run --device-read-bps",
    "KEYS": "a keyring of each container's own",
    "SECCOMP": "the filter of system calls",
    "SECCOMP_FILTER": "the filter of system calls",
    "SECURITY_APPARMOR": "AppArmor's profile of containers",
    "USER_NS": "rootless Docker and userns-remap",
    "BRIDGE_NETFILTER": "networks with icc=false, and a daemon without userland-proxy",
    "MACVLAN": "networks of the driver macvlan",
    "DUMMY": "networks of the driver macvlan without a parent",
    "IPVLAN": "networks of the driver ipvlan",
    "VXLAN": "overlay networks of Swarm",
    "BRIDGE_VLAN_FILTERING": "overlay networks of Swarm",
    "INET_ESP": "encrypted overlay networks of Swarm",
    "XFRM_USER": "encrypted overlay networks of Swarm",
    "CRYPTO_GCM": "encrypted overlay networks of Swarm",
    "CRYPTO_SEQIV": "encrypted overlay networks of Swarm",
    "NETFILTER_XT_MATCH_BPF": "encrypted overlay networks of Swarm",
    "IP_VS": "services of Swarm",
    "IP_VS_PROTO_TCP": "services of Swarm",
    "IP_VS_PROTO_UDP": "services of Swarm",
    "IP_VS_RR": "services of Swarm",
    "NETFILTER_XT_MATCH_IPVS": "services of Swarm",
    "NETFILTER_XT_MARK": "services of Swarm",
    "NETFILTER_XT_TARGET_REDIRECT": "services of Swarm",
}
CGROUP_V1_OPTIONAL = {
    "CGROUP_CPUACCT": "the use of the processor in docker stats",
    "CGROUP_FREEZER": "docker pause",
    "CGROUP_HUGETLB": "limits of huge pages",
}

# What iptables-legacy needs beside its tables for all containers.
LEGACY_OPTIONAL = {
    "IP_NF_MANGLE": "services of Swarm",
    "IP6_NF_FILTER": "networks with IPv6",
    "IP6_NF_NAT": "networks with IPv6",
    "IP6_NF_MANGLE": "services of Swarm with IPv6",
}


def _lacks(facts: dict[str, Any], name: str | None) -> bool:
    return (facts["kernel"].get("features") or {}).get(name) == "missing"


def _features(facts: dict[str, Any]) -> str | None:
    """A container uses the kernel of its host, where somebody else decides."""
    if facts["os"]["container"]:
        return None
    groups = [*REQUIRED, *CGROUP_REQUIRED.get(_cgroup_version(facts), ())]
    itself, further = BACKEND_REQUIRED[facts["netfilter"]["backend"] or "nft"]
    if not _lacks(facts, itself) and missing_backend(facts) is None:
        groups += further
    spared = _spared(facts)
    groups = [group for group in groups if group[0] not in spared]
    missing = [group[0] for group in groups if all(_lacks(facts, name) for name in group)]
    ways = {name: way for name, (way, needs) in ALTERNATIVES.items() if not _lacks(facts, needs)}
    return _told(facts, missing, ways) if missing else None


def _spared(facts: dict[str, Any]) -> set[str]:
    """Return the options that the engine does without, as daemon.json has it."""
    spared = set() if uses_iptables(facts) else set(IPTABLES)
    driver = (daemon_config(facts) or {}).get("storage-driver")
    if driver and not str(driver).startswith("overlay"):
        spared.add("OVERLAY_FS")
    return spared


def _options(facts: dict[str, Any]) -> str | None:
    if facts["os"]["container"]:
        return None
    purposes = {
        **OPTIONAL,
        **(CGROUP_V1_OPTIONAL if _cgroup_version(facts) == 1 else {}),
        **(LEGACY_OPTIONAL if facts["netfilter"]["backend"] == "legacy" else {}),
    }
    missing = [name for name in purposes if _lacks(facts, name)]
    return _told(facts, missing, purposes) if missing else None


def _cgroup_version(facts: dict[str, Any]) -> int | None:
    return (facts.get("cgroup") or {}).get("version")


def _told(facts: dict[str, Any], missing: list[str], words: dict[str, str]) -> str:
    named = [
        f"CONFIG_{name} ({words[name]})" if name in words else f"CONFIG_{name}" for name in missing
    ]
    return f"the kernel {facts['kernel']['release']} has no {', '.join(named)}"


RULES = (
    Rule(
        "kernel_features_missing",
        ERROR,
        "The kernel lacks features that every container needs.",
        "Install the modules package of this kernel, or a kernel that has them, such as the "
        "distribution's own or a newer one of Armbian.",
        ("kernel", "netfilter", "os"),
        _features,
    ),
    Rule(
        "kernel_options_missing",
        INFO,
        "The kernel lacks features that some containers use.",
        "Nothing, if you do not use them; else install the modules package of this kernel (on "
        "Ubuntu 22.04 for Raspberry Pi linux-modules-extra-raspi brings vxlan), or another kernel.",
        ("kernel", "netfilter", "os"),
        _options,
    ),
)
