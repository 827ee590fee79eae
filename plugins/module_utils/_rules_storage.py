# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about where Docker's data lies: room, kind of file system, and when it is mounted."""

from __future__ import annotations

from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils._rule import ERROR, WARNING, Rule

STORAGE_MB = 5 * 1024

# They know neither owners nor sockets nor the names of Docker's files. fuseblk is NTFS or exFAT.
_FOREIGN = ("exfat", "fuseblk", "hfsplus", "msdos", "ntfs", "ntfs3", "vfat")

# overlayfs needs an upper layer that these are not (kernel documentation, overlayfs.rst).
_NETWORK = ("9p", "ceph", "cifs", "fuse.sshfs", "glusterfs", "nfs", "nfs4", "smb3")

# Options of fstab with which local-fs.target, and so Docker, does not wait for a mount
# (systemd.mount(5)), and those that order it all the same or mount it at first use.
_LATE = ("_netdev", "noauto", "nofail")
# Pools are imported and mounted before local-fs.target by services of their own.
_SELF_MOUNTING = ("zfs",)
_ORDERED = (
    "x-systemd.automount",
    "x-systemd.before=docker.service",
    "x-systemd.required-by=docker.service",
)


def _free(facts: dict[str, Any]) -> str | None:
    storage = facts["storage"]
    free = storage["free_mb"]
    if free is None or free >= STORAGE_MB:
        return None
    return f"{free} MiB free for {storage['path']} on {storage['mount']}; {STORAGE_MB} are needed"


def _has_engine(facts: dict[str, Any]) -> bool:
    return any(name in facts["packages"] for name in ("docker.io", "docker-ce"))


def _no_space_to_install(facts: dict[str, Any]) -> str | None:
    return None if _has_engine(facts) else _free(facts)


def _little_space_left(facts: dict[str, Any]) -> str | None:
    return _free(facts) if _has_engine(facts) else None


def _foreign(facts: dict[str, Any]) -> str | None:
    return _lies_on(facts, _FOREIGN)


def _network(facts: dict[str, Any]) -> str | None:
    return _lies_on(facts, _NETWORK)


def _lies_on(facts: dict[str, Any], filesystems: tuple[str, ...]) -> str | None:
    storage = facts["storage"]
    if storage["filesystem"] not in filesystems:
        return None
    return f"{storage['path']} is on {storage['mount']}, which is {storage['filesystem']}"


def _overlay_root(facts: dict[str, Any]) -> str | None:
    root = [mount["filesystem"] for mount in facts["storage"]["mounts"] if mount["path"] == "/"]
    if facts["os"]["container"] or root != ["overlay"]:
        return None
    return "/ is an overlay file system"


def _not_mounted(facts: dict[str, Any]) -> str | None:
    storage = facts["storage"]
    wanted = storage["boot_mount"]
    if facts["service"]["manager"] is None or wanted is None or storage["mount"] is None:
        return None
    if len(wanted["path"]) <= len(storage["mount"]) or "noauto" in wanted["options"]:
        return None
    return (
        f"{wanted['file']} mounts {wanted['path']}, which is not mounted now: {storage['path']} "
        f"is on {storage['mount']}"
    )


def _mounts_late(facts: dict[str, Any]) -> str | None:
    storage, service = facts["storage"], facts["service"]
    place, at_boot = storage["mount"], storage["boot_mount"]
    if place in (None, "/") or service["manager"] is None or facts["os"]["container"]:
        return None
    if storage["filesystem"] in _SELF_MOUNTING:
        return None
    waits_for = service["units"].get("docker.service", {}).get("requires_mounts_for", ())
    if at_boot is None or at_boot["path"] != place:
        return f"{place} is mounted, and neither /etc/fstab nor a unit mounts it at boot"
    late = [option for option in at_boot["options"] if option in _LATE]
    ordered = any(option in _ORDERED for option in at_boot["options"])
    if not late or ordered or any(f"{path}/".startswith(f"{place}/") for path in waits_for):
        return None
    return f"{at_boot['file']} mounts {place} with {', '.join(late)}, and Docker does not wait"


RULES = (
    Rule(
        "storage_below_5gb",
        ERROR,
        "Less than 5 GB are free where Docker's data will lie.",
        "Free space, enlarge the file system, or give Docker another disk (data-root).",
        ("storage", "packages"),
        _no_space_to_install,
    ),
    Rule(
        "storage_low",
        WARNING,
        "Less than 5 GB are left where Docker's data lies.",
        "'docker system df' shows what takes it, 'docker system prune' frees what is unused.",
        ("storage", "packages"),
        _little_space_left,
    ),
    Rule(
        "data_root_filesystem",
        ERROR,
        "Docker's data would lie on a file system that cannot hold it.",
        "Format that disk as ext4 or xfs, or choose another data-root.",
        ("storage",),
        _foreign,
    ),
    Rule(
        "data_root_network",
        WARNING,
        "Docker's data lies on a network file system, on which layers are copied whole or fail.",
        "Choose a data-root on a disk of the machine; volumes may lie on the network.",
        ("storage",),
        _network,
    ),
    Rule(
        "overlay_root",
        ERROR,
        "The system runs on an overlay: what is changed now is gone after the next boot.",
        "Turn the overlay off (raspi-config, or overlayroot= on the kernel's command line), reboot "
        "and run again; with a data-root on a disk of its own it can be turned on afterwards.",
        ("storage", "os"),
        _overlay_root,
    ),
    Rule(
        "data_root_not_mounted",
        ERROR,
        "The disk for Docker's data is not mounted; the data would go to the disk below it.",
        "Plug the disk in and run 'mount -a', or take its line out of /etc/fstab.",
        ("storage", "service"),
        _not_mounted,
    ),
    Rule(
        "data_root_mounts_late",
        WARNING,
        "Docker may start before the disk with its data is mounted, and then finds nothing there.",
        "Enter the disk in /etc/fstab and set docker_engine_data_root_mount: true.",
        ("storage", "service", "os"),
        _mounts_late,
    ),
)
