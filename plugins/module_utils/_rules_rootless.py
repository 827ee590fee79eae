# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about daemons without root, on hosts that have one or shall have one."""

from __future__ import annotations

from typing import Any, Iterable

from ansible_collections.arm64.docker.plugins.module_utils._rule import INFO, WARNING, Rule

# Limits of containers need the first three; the others serve --cpuset-cpus and limits of disks.
_CONTROLLERS = ("cpu", "memory", "pids")


def _no_namespaces(facts: dict[str, Any]) -> str | None:
    rootless = facts["rootless"]
    if not rootless["users"]:
        return None
    if rootless["user_namespaces"] is None:
        return "the kernel was built without user namespaces (CONFIG_USER_NS)"
    if rootless["user_namespaces"] == 0:
        return "user.max_user_namespaces is 0"
    if not rootless["unprivileged"]:
        return "kernel.unprivileged_userns_clone is 0"
    return None


def _overlapping(facts: dict[str, Any]) -> str | None:
    return _listed(facts["rootless"]["overlaps"])


def _silent(facts: dict[str, Any]) -> str | None:
    return _listed(
        f"{name}: {daemon['silence']}" for name, daemon in _daemons(facts) if daemon["silence"]
    )


def _down(facts: dict[str, Any]) -> str | None:
    rootless = facts["rootless"]
    users = rootless["users"]
    return _listed(
        name for name in rootless["configured"] if name in users and not users[name]["daemon"]
    )


def _ends_at_logout(facts: dict[str, Any]) -> str | None:
    users = facts["rootless"]["users"]
    return _listed(name for name, _daemon in _daemons(facts) if not users[name]["lingering"])


def _without_limits(facts: dict[str, Any]) -> str | None:
    users = facts["rootless"]["users"]
    lacking = {
        name: [item for item in _CONTROLLERS if item not in (users[name]["delegated"] or ())]
        for name, _daemon in _daemons(facts)
    }
    return _listed(f"{name}: {', '.join(missing)}" for name, missing in lacking.items() if missing)


def _daemons(facts: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    users = facts["rootless"]["users"].items()
    return [(name, user["daemon"]) for name, user in users if user["daemon"]]


def _listed(texts: Iterable[str]) -> str | None:
    return "; ".join(texts) or None


RULES = (
    Rule(
        "rootless_no_namespaces",
        WARNING,
        "This host allows no user namespaces, and Docker without root needs them.",
        "Set the named kernel parameter (sysctl), or boot a kernel with CONFIG_USER_NS.",
        ("rootless",),
        _no_namespaces,
    ),
    Rule(
        "rootless_ids_overlap",
        WARNING,
        "Two accounts share subordinate ids: the containers of one own files of the other.",
        "Give one of them a range of its own (usermod --del-subuids, --add-subuids, and the same "
        "for subgids), and make its containers anew.",
        ("rootless",),
        _overlapping,
    ),
    Rule(
        "rootless_daemon_silent",
        WARNING,
        "A user's own Docker daemon runs and does not answer.",
        "'journalctl --user --unit docker' of that user says why; 'systemctl --user restart "
        "docker' starts it anew.",
        ("rootless",),
        _silent,
    ),
    Rule(
        "rootless_daemon_down",
        WARNING,
        "A user's own Docker daemon does not run.",
        "The role docker_rootless starts it; 'journalctl --user --unit docker' of that user says "
        "why it ended.",
        ("rootless",),
        _down,
    ),
    Rule(
        "rootless_ends_at_logout",
        WARNING,
        "A user's own Docker daemon ends when that user logs out, and does not start at boot.",
        "The role docker_rootless has it linger, as 'loginctl enable-linger USER' does.",
        ("rootless",),
        _ends_at_logout,
    ),
    Rule(
        "rootless_without_limits",
        INFO,
        "Containers of a user's own daemon ignore some limits, for these controllers of cgroups "
        "are not delegated to it.",
        "The role docker_rootless delegates them (docker_rootless_delegate); it takes effect when "
        "the user's service manager starts anew, at the next boot at the latest. Version 1 of "
        "cgroups delegates none.",
        ("rootless",),
        _without_limits,
    ),
)
