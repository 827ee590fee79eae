# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines as an Ansible inventory that works from any folder."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from . import ssh

if TYPE_CHECKING:
    from .lifecycle import Machine


def of(machines: Sequence[Machine], group: str) -> dict[str, Any]:
    """Return the inventory of running machines, all in one group."""
    hosts = {
        machine.name: {
            "ansible_host": ssh.ADDRESS,
            "ansible_port": machine.port,
            "ansible_user": "admin",
            "ansible_ssh_private_key_file": str(ssh.private_key()),
            "ansible_ssh_common_args": shlex.join([*ssh.OPTIONS, "-o", "IdentitiesOnly=yes"]),
        }
        for machine in machines
    }
    return {group: {"hosts": hosts}}


def to_yaml(content: dict[str, Any], indent: int = 0) -> str:
    """Return nested dictionaries as YAML. Leaves are written as JSON, which YAML includes."""
    lines = []
    for key, value in content.items():
        if isinstance(value, dict):
            lines.append(f"{' ' * indent}{key}:\n{to_yaml(value, indent + 2)}")
        else:
            lines.append(f"{' ' * indent}{key}: {json.dumps(value)}\n")
    return "".join(lines)
