# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of the machine for its accounts, and of their daemons."""

from __future__ import annotations

from typing import Any

from plays.host import Host
from plays.runner import Run

USERS = {"docker_rootless_users": ["ci", "guest"]}


def rootless(host: Host, *options: str, **settings: Any) -> Run:
    """Run the playbook for both accounts, or for those that the settings name."""
    return host.play("arm64.docker.rootless", *options, **{**USERS, **settings})


def engine(host: Host, user: str) -> str:
    """Ask a user's own daemon for its security options, as that user."""
    script = f"su -s /bin/sh - {user} -c \"docker info --format '{{{{json .SecurityOptions}}}}'\""
    return host.ssh(script)
