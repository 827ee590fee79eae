# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages and the package manager: versions, holds, conflicts, sources, locks, unfinished work."""

from __future__ import annotations

import os
import re
from typing import Any, Sequence

from ansible_collections.arm64.docker.plugins.module_utils._observe._files import read_keyrings
from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host
from ansible_collections.arm64.docker.plugins.module_utils._observe._sources import read_sources

# Every package that a role of this collection installs, removes or must not meet.
PACKAGES = (
    "docker.io",
    "docker-cli",
    "docker-buildx",
    "docker-compose",
    "docker-compose-v2",
    "docker-doc",
    "docker-ce",
    "docker-ce-cli",
    "docker-ce-rootless-extras",
    "docker-buildx-plugin",
    "docker-compose-plugin",
    "docker-desktop",
    "containerd",
    "containerd.io",
    "runc",
    "podman-docker",
    "iptables",
    "python3-requests",
    "python3-apt",
    "ca-certificates",
    "apparmor",
    "qemu-user",
    "qemu-user-binfmt",
    "qemu-user-static",
    "binfmt-support",
    "uidmap",
    "rootlesskit",
    "slirp4netns",
    "passt",
    "fuse-overlayfs",
    "dbus-user-session",
    "nvidia-container-toolkit",
    "nvidia-docker2",
    "unattended-upgrades",
    "needrestart",
)

# Pairs that own the same files or the same daemon; dpkg does not keep all of them apart.
_PAIRS = (
    ("docker.io", "docker-ce"),
    ("docker-cli", "docker-ce-cli"),
    ("docker-buildx", "docker-buildx-plugin"),
    ("docker-compose", "docker-compose-plugin"),
    ("docker-compose-v2", "docker-compose-plugin"),
    ("containerd", "containerd.io"),
)

_APT_CONFIG_SECONDS = 5

_LOCKS = (
    "/var/lib/dpkg/lock-frontend",
    "/var/lib/dpkg/lock",
    "/var/lib/apt/lists/lock",
    "/var/cache/apt/archives/lock",
)


def read_packages(host: Host, names: Sequence[str] = ()) -> dict[str, Any]:
    """Return version, hold and dpkg's state of those packages that are installed."""
    found = {}
    for name in (*PACKAGES, *names):
        package = host.dpkg.packages.get(name)
        if package is not None:
            found[name] = {
                "version": package.version,
                "hold": package.hold,
                "state": package.state,
            }
    return found


def read_conflicts(host: Host) -> list[dict[str, str]]:
    """Return what stands beside Docker and gets in its way: the package or snap, and with what."""
    installed = host.dpkg.packages
    found = [
        {"kind": "package", "name": one, "with": other}
        for one, other in _PAIRS
        if one in installed and other in installed and not _apart(one, installed[one].version)
    ]
    if "podman-docker" in installed:
        found.append({"kind": "package", "name": "podman-docker", "with": "docker"})
    if host.exists("/snap/docker/current") or any(
        name.startswith("docker_") for name in host.names("/var/lib/snapd/snaps")
    ):
        found.append({"kind": "snap", "name": "docker", "with": "docker"})
    return found


def _apart(name: str, version: str) -> bool:
    """Tell whether a package shares no file with its pair, as docker-compose version 1."""
    return name == "docker-compose" and version.startswith("1.")


# What ansible.builtin.apt writes for the time of an installation with policy_rc_d: 101.
POLICY = "/usr/sbin/policy-rc.d"
DENIED = "#!/bin/sh\nexit 101\n"


def read_apt(host: Host) -> dict[str, Any]:
    """Return the state of the package manager.

    ``unfinished`` are packages that dpkg left half-done, ``removed`` those of Docker that were
    removed and not purged, ``damaged`` says that its status file
    was cut off, ``locks`` who holds which lock now, ``indexed`` whether apt has package lists,
    ``sources`` where they come from, ``keyrings`` the fingerprints of the keys that matter for
    Docker's, ``services_denied`` whether Ansible's apt module, killed while it worked, has left
    word that no package may start a service, ``automatic_upgrades`` whether they run unattended
    and ``needrestart`` whether services are restarted after them.
    """
    dpkg = host.dpkg
    sources = read_sources(host)
    journal = [name for name in host.names("/var/lib/dpkg/updates") if name.isdigit()]
    return {
        "unfinished": list(dpkg.unfinished),
        "removed": [name for name in PACKAGES if name in dpkg.removed],
        "journal": journal,
        "damaged": dpkg.damaged,
        "locks": _locks(host),
        "indexed": any("_Packages" in name for name in host.names("/var/lib/apt/lists")),
        "sources": sources,
        "keyrings": read_keyrings(host, sources),
        "services_denied": host.text(POLICY, "") == DENIED,
        "automatic_upgrades": _automatic_upgrades(host),
        "needrestart": _needrestart(host),
    }


def _locks(host: Host) -> list[dict[str, Any]]:
    """Find who holds apt's and dpkg's locks in /proc/locks, where the inode names the file.

    The device that stands there is that of stat(2), but for btrfs, where it is another one: there
    the holder must have the file open.
    """
    files = []
    for path in _LOCKS:
        try:
            status = os.stat(host.path(path))
        except OSError:
            continue
        device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
        files.append((path, device, str(status.st_ino)))
    held = []
    for line in host.text("/proc/locks", "").splitlines():
        words = line.split()
        if len(words) < 6 or words[1] == "->":
            continue
        pid, (device, _colon, inode) = words[4], words[5].rpartition(":")
        for path, own_device, own_inode in files:
            if inode == own_inode and (device == own_device or _has_open(host, pid, path)):
                held.append({"path": path, "pid": int(pid), "command": host.command(pid)})
    return held


def _has_open(host: Host, pid: str, path: str) -> bool:
    place, folder = os.path.realpath(host.path(path)), f"/proc/{pid}/fd"
    try:
        return any(host.link(f"{folder}/{name}") == place for name in host.names(folder))
    except OSError:
        return False


def _automatic_upgrades(host: Host) -> dict[str, bool]:
    """Say whether unattended-upgrades runs, and whether it leaves Docker's packages alone."""
    if "unattended-upgrades" not in host.dpkg.packages:
        return {"enabled": False, "spare_docker": False}
    answer = host.run(("apt-config", "dump"), _APT_CONFIG_SECONDS)
    if not answer.ok:
        reason = "did not answer in time" if answer.timed_out else answer.stderr.strip()
        raise OSError(f"apt-config dump failed: {reason}")
    # Without the first, apt's daily services do nothing (apt.systemd.daily).
    switches = [
        _last(answer.stdout, "Enable", "1"),
        _last(answer.stdout, "Unattended-Upgrade", "0"),
    ]
    blacklist = re.findall(
        r'^Unattended-Upgrade::Package-Blacklist::.* "(.*)"', answer.stdout, re.M
    )
    return {
        "enabled": "0" not in switches,
        "spare_docker": any("docker" in entry for entry in blacklist),
    }


def _last(dump: str, name: str, default: str) -> str:
    """Return the last value of an option of APT::Periodic."""
    return (re.findall(rf'^APT::Periodic::{name} "(\w+)"', dump, re.M) or [default])[-1]


def _needrestart(host: Host) -> dict[str, bool]:
    """Say whether needrestart restarts services by itself, and whether it leaves Docker alone."""
    if "needrestart" not in host.dpkg.packages:
        return {"automatic": False, "spare_docker": False}
    folder = "/etc/needrestart/conf.d"
    paths = ["/etc/needrestart/needrestart.conf"]
    paths += [f"{folder}/{name}" for name in host.names(folder) if name.endswith(".conf")]
    lines = "\n".join(host.text(path, "") for path in paths).splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    modes = re.findall(r"\$nrconf\{restart\}\s*=\s*['\"](\w)['\"]", text)
    # Ubuntu's package restarts by itself where its apt hook runs without a terminal.
    automatic = modes[-1] == "a" if modes else "ubuntu" in host.text("/etc/os-release", "").lower()
    return {"automatic": automatic, "spare_docker": "docker" in text}
