# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Docker's data lies or will lie, and how much room there is."""

from __future__ import annotations

import os
from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils._observe._boot_mounts import (
    boot_mounts,
    unescape,
)
from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host

# statvfs(2) on a server or a FUSE program that is gone never returns: these are not asked.
_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "glusterfs"}

# File systems that hold no data of their own or cannot hold Docker's.
_VIRTUAL_FILESYSTEMS = {
    "autofs",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "fuse.lxcfs",
    "fusectl",
    "hugetlbfs",
    "mqueue",
    "nsfs",
    "proc",
    "pstore",
    "ramfs",
    "rpc_pipefs",
    "securityfs",
    "squashfs",
    "sysfs",
    "tmpfs",
    "tracefs",
}


def read_storage(host: Host, data_root: str) -> dict[str, Any]:
    """Return the data root, what it lies on, and every other place that could hold it.

    Sizes are in MiB; ``free_mb`` is None on network and FUSE file systems. ``mounts`` has one
    entry for each mounted file system with path, filesystem, source and free_mb. ``boot_mount`` is
    what the next boot will mount for the data root: path, file and options, or None where it will
    lie on the root file system.
    """
    found = mounts(host)
    resolved = _resolve(host, data_root)
    place = mount_of(resolved, [mount["path"] for mount in found])
    at_boot = boot_mounts(host)
    mount = next((entry for entry in found if entry["path"] == place), None)
    shown = []
    for entry in found:
        hidden = entry["filesystem"] in _VIRTUAL_FILESYSTEMS or "/docker/" in entry["path"]
        if entry is mount or not hidden:
            shown.append({**entry, "free_mb": _free_mb(host, entry)})
    measured = next((entry for entry in shown if entry["path"] == place), None)
    return {
        "path": data_root,
        "mount": place,
        "filesystem": measured["filesystem"] if measured else None,
        "free_mb": measured["free_mb"] if measured else None,
        "mounts": shown,
        "boot_mount": at_boot.get(mount_of(resolved, list(at_boot)) or "/"),
    }


def _resolve(host: Host, path: str) -> str:
    """Follow symbolic links as dockerd does: a data root is often a link to another disk."""
    resolved = os.path.realpath(host.path(path))
    root = os.path.realpath(host.root)
    return "/" + os.path.relpath(resolved, root) if resolved.startswith(root) else resolved


def mount_of(path: str, mounts: list[str]) -> str | None:
    """Return the mount point that holds a path: the longest one that is a folder above it."""
    path = os.path.normpath(path)
    above = [
        mount for mount in mounts if mount == "/" or path == mount or path.startswith(f"{mount}/")
    ]
    return max(above, key=len, default=None)


def mounts(host: Host) -> list[dict[str, Any]]:
    """Return path, filesystem and source of every mount (/proc/self/mountinfo, proc(5)).

    Of two mounts on one folder the later one counts. A kernel that mounted its root without an
    initial ramdisk calls the source /dev/root; the number of the device tells which one that is.

    :raises OSError: where mountinfo cannot be read
    """
    found = {}
    for line in host.text("/proc/self/mountinfo").splitlines():
        left, separator, right = line.partition(" - ")
        words, rest = left.split(), right.split()
        if not separator or len(words) < 5 or len(rest) < 2:
            continue
        path, source = unescape(words[4]), unescape(rest[1])
        if source == "/dev/root":
            device = host.link(f"/sys/dev/block/{words[2]}")
            source = f"/dev/{os.path.basename(device)}" if device else source
        found[path] = {"path": path, "filesystem": rest[0], "source": source}
    return list(found.values())


def _free_mb(host: Host, mount: dict[str, Any]) -> int | None:
    if mount["filesystem"] in _NETWORK or mount["filesystem"].startswith("fuse."):
        return None
    try:
        status = os.statvfs(host.path(mount["path"]))
    except OSError:
        return None
    return status.f_bavail * status.f_frsize // (1024 * 1024)
