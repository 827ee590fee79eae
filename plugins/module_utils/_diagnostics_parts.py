# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What diagnostics look at: the programs that are asked and the files that are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

# The socket of the host's own engine, as the observation uses it.
DOCKER = ("docker", "--host", "unix:///var/run/docker.sock")

JSON = ("--format", "{{json .}}")


@dataclass(frozen=True)
class Program:
    """One program whose answer becomes one file.

    ``seconds`` is its own limit; of an answer that is too long the end is kept where ``tail`` says
    so. ``document`` says that each line is a JSON document, ``lines`` keeps those that match.
    """

    name: str
    about: str
    argv: tuple
    seconds: float = 10.0
    tail: bool = False
    document: bool = False
    lines: str = ""


# Lines of the kernel's log that have to do with containers, their disks, networks and power.
KERNEL_LINES = (
    r"(?i)docker|container|runc|overlay|cgroup|\boom|out of memory|killed process|veth|br-|nf_|"
    r"iptables|mmc|i/o error|ext4|xfs|nvme|usb.*disconnect|under-?voltage|throttl|thermal|"
    r"hung task|segfault|binfmt|apparmor|seccomp|blocked for more"
)


def host_programs(log_lines: int) -> tuple[Program, ...]:
    """Return what is asked of every host, with ``log_lines`` lines of the journal."""
    units = ("docker.service", "docker.socket", "containerd.service")
    journal = ("journalctl", "--no-pager", "--output=short-iso", f"--lines={log_lines}")
    return (
        Program(
            "journal.txt",
            "the last lines of docker and containerd in the journal",
            (*journal, "--unit=docker", "--unit=containerd"),
            15.0,
            tail=True,
        ),
        Program(
            "dmesg.txt",
            "lines of the kernel's log about containers, disks, networks and power",
            ("dmesg", "--time-format=iso"),
            tail=True,
            lines=KERNEL_LINES,
        ),
        Program("units.txt", "systemctl status", ("systemctl", "status", "--no-pager", *units)),
        Program("unit-files.txt", "units with their drop-ins", ("systemctl", "cat", *units)),
        Program("failed-units.txt", "units that failed", ("systemctl", "--failed", "--no-pager")),
        Program("disks.txt", "df of local file systems", ("df", "-hT", "--local"), 5.0),
        Program("inodes.txt", "inodes of local file systems", ("df", "-i", "--local"), 5.0),
        Program("iptables.txt", "iptables-save", ("iptables-save",), 5.0),
        Program("ip6tables.txt", "ip6tables-save", ("ip6tables-save",), 5.0),
        Program("nftables.txt", "nft list ruleset", ("nft", "list", "ruleset"), 5.0),
        Program("addresses.txt", "ip address", ("ip", "address"), 5.0),
        Program("routes.txt", "ip route", ("ip", "route", "show", "table", "all"), 5.0),
        Program("listeners.txt", "ports that are listened on", ("ss", "-lntup"), 5.0),
        Program(
            "processes.txt", "processes, without their arguments", ("ps", "-eo", _COLUMNS), 5.0
        ),
    )


# Without arguments: those of containers' programs may hold passwords.
_COLUMNS = "pid,ppid,stat,wchan:24,rss,etimes,comm"

DAEMON_PROGRAMS = (
    Program(
        "docker-version.json",
        "docker version",
        (*DOCKER, "version", *JSON),
        document=True,
    ),
    Program("docker-info.json", "docker info", (*DOCKER, "info", *JSON), document=True),
    Program("docker-df.txt", "docker system df", (*DOCKER, "system", "df"), 20.0),
    Program(
        "images.json",
        "docker image ls",
        (*DOCKER, "image", "ls", "--all", *JSON),
        document=True,
    ),
    Program("networks.json", "docker network ls", (*DOCKER, "network", "ls", *JSON), document=True),
)

# The ids of all networks; what is said of each has the subnets, which the list has not.
NETWORKS = (*DOCKER, "network", "ls", "--quiet", "--no-trunc")


def daemon_programs(networks: Sequence[str]) -> tuple[Program, ...]:
    """Return what is asked of every daemon, with the ids of its networks where they are known."""
    if not networks:
        return DAEMON_PROGRAMS
    argv = (*DOCKER, "network", "inspect", *JSON, *networks)
    described = Program("networks.json", "docker network inspect", argv, document=True)
    return (*(one for one in DAEMON_PROGRAMS if one.name != described.name), described)


FILES = {
    "os-release.txt": ("/etc/os-release",),
    "kernel.txt": ("/proc/version", "/proc/cmdline", "/proc/modules"),
    "memory.txt": ("/proc/meminfo", "/proc/loadavg", "/proc/swaps"),
    "pressure.txt": ("/proc/pressure/cpu", "/proc/pressure/io", "/proc/pressure/memory"),
    "cgroups.txt": (
        "/proc/cgroups",
        "/proc/mounts",
        "/sys/fs/cgroup/cgroup.controllers",
        "/sys/fs/cgroup/cgroup.subtree_control",
    ),
    "network.txt": (
        "/etc/resolv.conf",
        "/etc/hosts",
        "/proc/sys/net/ipv4/ip_forward",
        "/proc/sys/net/ipv6/conf/all/forwarding",
        "/proc/sys/net/bridge/bridge-nf-call-iptables",
    ),
}
