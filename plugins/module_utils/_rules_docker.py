# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about packages and Docker itself."""

from __future__ import annotations

from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform
from ansible_collections.arm64.docker.plugins.module_utils._rule import ERROR, INFO, WARNING, Rule


def _conflict(facts: dict[str, Any], name: str) -> bool:
    return any(conflict["name"] == name for conflict in facts["conflicts"])


def _podman(facts: dict[str, Any]) -> str | None:
    return "podman-docker is installed" if _conflict(facts, "podman-docker") else None


def _snap(facts: dict[str, Any]) -> str | None:
    return "the snap docker is installed" if _conflict(facts, "docker") else None


def _pairs(facts: dict[str, Any]) -> str | None:
    pairs = [
        f"{conflict['name']} beside {conflict['with']}"
        for conflict in facts["conflicts"]
        if conflict["name"] not in ("podman-docker", "docker")
    ]
    return ", ".join(pairs) or None


def _unfinished(facts: dict[str, Any]) -> str | None:
    apt = facts["apt"]
    if any(lock["path"].startswith("/var/lib/dpkg/") for lock in apt["locks"]):
        return None
    if apt["unfinished"]:
        return f"half-done: {', '.join(apt['unfinished'])}"
    if apt["journal"]:
        return f"/var/lib/dpkg/updates holds {len(apt['journal'])} files"
    return None


def _damaged(facts: dict[str, Any]) -> str | None:
    if not facts["apt"]["damaged"]:
        return None
    return "/var/lib/dpkg/status ends within a record or is empty"


def _locked(facts: dict[str, Any]) -> str | None:
    holders = [
        f"{lock['path']} by {lock['command'] or 'process'} ({lock['pid']})"
        for lock in facts["apt"]["locks"]
    ]
    return ", ".join(holders) or None


def _services_denied(facts: dict[str, Any]) -> str | None:
    apt = facts["apt"]
    if not apt["services_denied"] or facts["os"]["container"] or apt["locks"]:
        return None
    return "/usr/sbin/policy-rc.d says exit 101, and apt is not at work"


def _upgrades(facts: dict[str, Any]) -> str | None:
    upgrades = facts["apt"]["automatic_upgrades"]
    if not upgrades["enabled"] or upgrades["spare_docker"]:
        return None
    return "unattended-upgrades is on and its blacklist does not name Docker's packages"


def _needrestart(facts: dict[str, Any]) -> str | None:
    needrestart = facts["apt"]["needrestart"]
    if not needrestart["automatic"] or needrestart["spare_docker"]:
        return None
    return "needrestart restarts by itself and its configuration does not name docker"


def _broken_config(facts: dict[str, Any]) -> str | None:
    config = facts["daemon_config"]
    return None if config["valid"] else f"{config['path']}: {config['error']}"


def _other_platform(facts: dict[str, Any]) -> str | None:
    docker, platform = facts["docker"], facts["platform"]
    if docker["platform"] in (None, platform["platform"]):
        return None
    return f"the daemon says {docker['platform']}, dpkg {Platform.parse(platform['userland'])}"


RULES = (
    Rule(
        "conflict_podman",
        ERROR,
        "The docker command is Podman's.",
        "Remove it: 'apt-get remove podman-docker'; Podman itself may stay.",
        ("conflicts",),
        _podman,
    ),
    Rule(
        "conflict_snap",
        ERROR,
        "Docker is installed as a snap, with a daemon and data of its own.",
        "Save its volumes, then 'snap remove docker'.",
        ("conflicts",),
        _snap,
    ),
    Rule(
        "conflict_packages",
        ERROR,
        "Packages are installed that own the same files.",
        "Remove one of each pair with 'apt-get remove'; keep those of one provider.",
        ("conflicts",),
        _pairs,
    ),
    Rule(
        "dpkg_unfinished",
        ERROR,
        "dpkg was interrupted: packages are half-done and apt refuses to work.",
        "Run 'dpkg --configure -a', then 'apt-get --fix-broken install', or set "
        "docker_engine_finish_dpkg: true and have that done.",
        ("apt",),
        _unfinished,
    ),
    Rule(
        "dpkg_damaged",
        ERROR,
        "dpkg's status file is cut off.",
        "Put back /var/lib/dpkg/status-old or the newest of /var/backups/dpkg.status.*.",
        ("apt",),
        _damaged,
    ),
    Rule(
        "dpkg_locked",
        INFO,
        "Another program is using the package manager.",
        "Nothing: the roles wait for it, within docker_engine_lock_timeout.",
        ("apt",),
        _locked,
    ),
    Rule(
        "services_denied",
        WARNING,
        "An installation was killed: no package of this host may start or restart its service.",
        "Nothing: docker_engine removes /usr/sbin/policy-rc.d; without it, do that by hand.",
        ("apt", "os"),
        _services_denied,
    ),
    Rule(
        "automatic_upgrades",
        WARNING,
        "Automatic upgrades may stop Docker and its containers at night.",
        "Set docker_engine_unattended_upgrades: exclude, or add Docker's packages to "
        "Unattended-Upgrade::Package-Blacklist.",
        ("apt",),
        _upgrades,
    ),
    Rule(
        "needrestart_automatic",
        WARNING,
        "needrestart may restart Docker and its containers after any upgrade.",
        "Set docker_engine_unattended_upgrades: exclude, or write "
        "$nrconf{override_rc}{qr(^docker)} = 0 to /etc/needrestart/conf.d/docker.conf.",
        ("apt",),
        _needrestart,
    ),
    Rule(
        "daemon_config_broken",
        ERROR,
        "daemon.json cannot be read; the engine will not start with it.",
        "Mend the named place, and check with 'dockerd --validate'.",
        ("daemon_config",),
        _broken_config,
    ),
    Rule(
        "daemon_other_platform",
        ERROR,
        "The daemon is built for another platform than this system.",
        "Remove the engine that is running and install the system's own.",
        ("docker", "platform"),
        _other_platform,
    ),
)
