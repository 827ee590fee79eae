# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two backends of iptables: what Docker's rules need of each, and which the kernel has."""

from __future__ import annotations

from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils._rule import uses_iptables

# The kernel's modules by backend, the backend's own first, each with the option that makes it.
# iptables-nft hands matches such as addrtype to nft_compat.
_NEEDS = {
    "nft": {"nf_tables": "CONFIG_NF_TABLES", "nft_compat": "CONFIG_NFT_COMPAT"},
    "legacy": {
        "ip_tables": "CONFIG_IP_NF_IPTABLES",
        "iptable_filter": "CONFIG_IP_NF_FILTER",
        "iptable_nat": "CONFIG_IP_NF_NAT",
    },
}

_OTHER = {"nft": "legacy", "legacy": "nft"}


def missing_backend(facts: dict[str, Any]) -> str | None:
    """Say what the kernel lacks of the backend that iptables uses, None where that works.

    Where the other backend would not work either, and only a part of this one is missing, that is
    a feature of the kernel's that is missing, and not the backend.
    """
    netfilter = facts["netfilter"]
    modules, backend = netfilter["modules"], netfilter["backend"] or "nft"
    if not modules or not uses_iptables(facts):
        return None
    itself, others_itself = (next(iter(_NEEDS[name])) for name in (backend, _OTHER[backend]))
    lacking, others_lacking = _lacking(modules, backend), _lacking(modules, _OTHER[backend])
    if not lacking or (itself not in lacking and others_lacking):
        return None
    verb = "is" if netfilter["backend"] else "will be"
    if others_itself in others_lacking:
        rest = f"nor {others_itself}"
    elif others_lacking:
        rest = f"and it has {others_itself} without {' and '.join(others_lacking)}"
    else:
        rest = f"but it has {others_itself}"
    name = lacking[0]
    return (
        f"iptables {verb} iptables-{backend}, the kernel has no {name} ({_NEEDS[backend][name]}), "
        f"{rest}"
    )


def _lacking(modules: dict[str, str], backend: str) -> list[str]:
    return [name for name in _NEEDS[backend] if modules.get(name) == "missing"]
