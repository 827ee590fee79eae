# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which options the running kernel was built with, of those that Docker asks for."""

from __future__ import annotations

import zlib

from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host
from ansible_collections.arm64.docker.plugins.module_utils._observe._kernel import (
    module_lists,
    state,
)

BUILTIN, MODULE, MISSING = "builtin", "module", "missing"

# Options of the kernel without their prefix, and the module that each makes; None where it is no
# module of its own, or one that may go by another name, so that only a configuration tells its
# state. Source: what moby's contrib/check-config.sh asks for, and what iptables-nft needs in place
# of ip_tables. Left out is what no container of Docker's asks for by itself: file systems of other
# storage drivers, SELinux, helpers for FTP and TFTP, and what the options below bring along.
FEATURES = {
    "NAMESPACES": None,
    "NET_NS": None,
    "PID_NS": None,
    "IPC_NS": None,
    "UTS_NS": None,
    "USER_NS": None,
    "CGROUPS": None,
    "CGROUP_BPF": None,
    "CGROUP_CPUACCT": None,
    "CGROUP_DEVICE": None,
    "CGROUP_FREEZER": None,
    "CGROUP_PIDS": None,
    "CGROUP_SCHED": None,
    "CFS_BANDWIDTH": None,
    "CPUSETS": None,
    "MEMCG": None,
    "BLK_CGROUP": None,
    "KEYS": None,
    "POSIX_MQUEUE": None,
    "SECCOMP_FILTER": None,
    "VETH": "veth",
    "BRIDGE": "bridge",
    "BRIDGE_NETFILTER": "br_netfilter",
    "MACVLAN": "macvlan",
    "IPVLAN": "ipvlan",
    "VXLAN": "vxlan",
    "OVERLAY_FS": "overlay",
    "NF_CONNTRACK": "nf_conntrack",
    "NF_NAT": "nf_nat",
    "NF_TABLES": "nf_tables",
    "NFT_COMPAT": "nft_compat",
    "IP_NF_IPTABLES": "ip_tables",
    "IP_NF_FILTER": "iptable_filter",
    "IP_NF_NAT": "iptable_nat",
    "IP_NF_RAW": "iptable_raw",
    "IP_NF_TARGET_MASQUERADE": None,
    "NETFILTER_XT_TARGET_MASQUERADE": "xt_MASQUERADE",
    "NETFILTER_XT_MATCH_ADDRTYPE": "xt_addrtype",
    "NETFILTER_XT_MATCH_CONNTRACK": "xt_conntrack",
    "NETFILTER_XT_MATCH_IPVS": "xt_ipvs",
    "NETFILTER_XT_MARK": "xt_mark",
    "IP_VS": "ip_vs",
    "IP_VS_PROTO_TCP": None,
    "IP_VS_PROTO_UDP": None,
    "IP_VS_RR": None,
    "NETFILTER_XT_TARGET_REDIRECT": None,
    "BRIDGE_VLAN_FILTERING": None,
    "INET_ESP": None,
    "XFRM_USER": None,
    "CRYPTO_GCM": None,
    "CRYPTO_SEQIV": None,
    "NETFILTER_XT_MATCH_BPF": None,
    "DUMMY": None,
    "FAIR_GROUP_SCHED": None,
    "BLK_DEV_THROTTLING": None,
    "CGROUP_HUGETLB": None,
    "SECCOMP": None,
    "SECURITY_APPARMOR": None,
    "IP_NF_MANGLE": None,
    "IP6_NF_FILTER": None,
    "IP6_NF_NAT": None,
    "IP6_NF_MANGLE": None,
}

_PROC = "/proc/config.gz"

# A configuration has some 250 KiB; what unpacks to more than this is none.
_UNPACKED_LIMIT = 8 * 1024 * 1024

# zlib's window of 32 KiB, and 16 for the header of gzip.
_GZIP = 15 + 16

_KINDS = {b"y": BUILTIN, b"m": MODULE}

# What module_lists and state say, in the words of a configuration.
_STATES = {"builtin": BUILTIN, "loaded": MODULE, "available": MODULE, "missing": MISSING}


def read_features(host: Host) -> tuple[dict[str, str | None] | None, str | None]:
    """Return the state of each option in FEATURES, and where it was read.

    A state is builtin, module or missing; None where it cannot be told. What was built as a
    module is missing where the disk has others and not this one: some distributions put some into
    a package of their own. The source is the file, or "modules" where the lists of the kernel's
    modules had to do; both are None where there is nothing to read, as in most containers.
    """
    lists = module_lists(host)
    on_disk = {
        name: _STATES[state(*lists, module)] if lists and module else None
        for name, module in FEATURES.items()
    }
    for path in (_PROC, f"/boot/config-{host.release}"):
        built = _configuration(host, path)
        if BUILTIN in built.values():
            absent = {name for name in built if (built[name], on_disk[name]) == (MODULE, MISSING)}
            return {**built, **dict.fromkeys(absent, MISSING)}, path
    return (on_disk, "modules") if lists else (None, None)


def _configuration(host: Host, path: str) -> dict[str, str]:
    """Return how a configuration has the options built; all are missing where it is none."""
    try:
        data = host.read(path)
    except OSError:
        data = b""
    lines = b"\n" + (_unpack(data) if path == _PROC else data)
    return {name: _setting(lines, name) for name in FEATURES}


def _setting(lines: bytes, name: str) -> str:
    before, line, after = lines.partition(f"\nCONFIG_{name}=".encode())
    return _KINDS.get(after[:1], MISSING)


def _unpack(data: bytes) -> bytes:
    """Undo gzip; half of a configuration would make options look missing, so it counts as none."""
    stream = zlib.decompressobj(_GZIP)
    try:
        unpacked = stream.decompress(data, _UNPACKED_LIMIT)
    except zlib.error:
        return b""
    return unpacked if stream.eof else b""
