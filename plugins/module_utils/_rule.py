# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rule is: facts in, a finding or nothing out; and what several rules ask the facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

ERROR, WARNING, INFO = "error", "warning", "info"


@dataclass(frozen=True)
class Rule:
    """One thing that can be wrong with a host.

    ``check`` gets the facts and returns the evidence in words, or None where all is well. It is
    asked only where every group in ``needs`` was read.
    """

    id: str
    severity: str
    summary: str
    remedy: str
    needs: tuple
    check: Callable[[dict[str, Any]], str | None]


def daemon_config(facts: dict[str, Any]) -> dict[str, Any] | None:
    """Return the keys of daemon.json, or None where they are not known."""
    config = facts.get("daemon_config")
    if config is None or not config["valid"]:
        return None
    return config["content"] or {}


def uses_iptables(facts: dict[str, Any]) -> bool:
    """Tell whether the engine sets rules with iptables.

    It may leave the firewall alone, or use nftables without iptables (29.0).
    """
    config = daemon_config(facts) or {}
    return config.get("iptables") is not False and config.get("firewall-backend") != "nftables"
