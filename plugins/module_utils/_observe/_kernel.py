# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Docker asks of the kernel: cgroup controllers, netfilter, and modules in general."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host

# Modules that decide whether dockerd starts, networks and stores. Source: moby's check-config.
MODULES = (
    "nf_tables",
    "nft_compat",
    "nft_chain_nat",
    "ip_tables",
    "iptable_filter",
    "iptable_nat",
    "iptable_raw",
    "nf_nat",
    "nf_conntrack",
    "xt_conntrack",
    "xt_MASQUERADE",
    "xt_addrtype",
    "bridge",
    "br_netfilter",
    "veth",
    "overlay",
    "vxlan",
    "binfmt_misc",
)

_CGROUP = "/sys/fs/cgroup"


def read_cgroup(host: Host) -> dict[str, Any]:
    """Return the version of the cgroup hierarchy and its controllers.

    Version 2 lists them in cgroup.controllers. /proc/cgroups no longer names memory from
    Linux 6.12 on where version 1's controller is not built (raspberrypi/linux#6980).
    """
    try:
        return {"version": 2, "controllers": host.text(f"{_CGROUP}/cgroup.controllers").split()}
    except FileNotFoundError:
        folders = [name for name in host.names(_CGROUP) if host.is_folder(f"{_CGROUP}/{name}")]
    controllers = sorted(
        {part for name in folders for part in name.split(",") if part not in ("systemd", "unified")}
    )
    return {"version": 1 if folders else None, "controllers": controllers}


def read_netfilter(host: Host) -> dict[str, Any]:
    """Return the backend that iptables uses and the state of each module that Docker needs.

    ``backend`` is nft or legacy, and None where iptables is not installed. A module is builtin,
    loaded, available (on the disk) or missing; ``modules`` is None where the kernel's own
    lists cannot be read, as in a container.
    """
    return {"backend": _backend(host), "modules": _modules(host)}


def _backend(host: Host) -> str | None:
    for path in ("/etc/alternatives/iptables", "/usr/sbin/iptables", "/sbin/iptables"):
        target = os.path.basename(host.link(path) or "")
        if "nft" in target:
            return "nft"
        if "legacy" in target:
            return "legacy"
    return None


def _modules(host: Host) -> dict[str, str] | None:
    lists = module_lists(host)
    return lists and {name: state(*lists, name) for name in MODULES}


def module_lists(host: Host) -> tuple[bytes, bytes, set[str]] | None:
    """Return modules.builtin, modules.dep and the names in /proc/modules of the running kernel.

    None where the first two cannot be read.
    """
    folder = f"/lib/modules/{host.release}"
    try:
        builtin = host.read(f"{folder}/modules.builtin")
        available = host.read(f"{folder}/modules.dep")
    except OSError:
        return None
    loaded = {line.split(" ", 1)[0] for line in host.text("/proc/modules", "").splitlines()}
    return builtin, available, loaded


def state(builtin: bytes, available: bytes, loaded: set[str], name: str) -> str:
    """Say where one module is, from modules.builtin, modules.dep and the names in /proc/modules."""
    if name in loaded:
        return "loaded"
    listed = partial(_lists, name.encode())
    if listed(builtin):
        return "builtin"
    return "available" if listed(available) else "missing"


def _lists(name: bytes, listing: bytes) -> bool:
    """A file name may be written with hyphens where the module's name has underscores."""
    return b"/" + name + b".ko" in listing or b"/" + name.replace(b"_", b"-") + b".ko" in listing
