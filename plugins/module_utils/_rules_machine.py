# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about the machine: processor, system release, kernel, memory, clock."""

from __future__ import annotations

from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils._memory_cgroup import (
    missing_controller,
)
from ansible_collections.arm64.docker.plugins.module_utils._netfilter import missing_backend
from ansible_collections.arm64.docker.plugins.module_utils._rule import (
    ERROR,
    INFO,
    WARNING,
    Rule,
)

# Releases that Docker's packages are built for and that this collection knows.
SUPPORTED = {"debian": ("12", "13"), "ubuntu": ("22.04", "24.04", "26.04")}

# Boards sold with 2 GB report less: the Raspberry Pi 4 about 1850 MiB, since the GPU takes a share.
MEMORY_MB = 1700


def _not_arm64(facts: dict[str, Any]) -> str | None:
    platform = facts["platform"]
    if platform["platform"] == "linux/arm64" or platform["mixed_userland"]:
        return None
    return f"uname -m says {platform['kernel_machine']}, dpkg {platform['userland']}"


def _mixed_userland(facts: dict[str, Any]) -> str | None:
    platform = facts["platform"]
    if not platform["mixed_userland"]:
        return None
    return f"the kernel is {platform['kernel_machine']}, dpkg's architecture {platform['userland']}"


def _no_aarch32(facts: dict[str, Any]) -> str | None:
    if facts["platform"]["aarch32"] is not False:
        return None
    return "the kernel refuses personality(PER_LINUX32)"


def _unsupported_release(facts: dict[str, Any]) -> str | None:
    system = facts["os"]
    if system["version_id"] in SUPPORTED.get(system["id"], ()):
        return None
    return f"os-release says ID={system['id']}, VERSION_ID={system['version_id'] or 'nothing'}"


def _little_memory(facts: dict[str, Any]) -> str | None:
    total = facts["memory"]["total_mb"]
    return None if total >= MEMORY_MB else f"{total} MiB; {MEMORY_MB} is what 2 GB boards have"


def _modules_gone(facts: dict[str, Any]) -> str | None:
    kernel = facts["kernel"]
    if kernel["modules_present"] is not False:
        return None
    return f"the running kernel is {kernel['release']}, /lib/modules has no modules for it"


def _large_pages(facts: dict[str, Any]) -> str | None:
    size = facts["kernel"]["page_size"]
    return None if size <= 4096 else f"pages of {size} bytes in kernel {facts['kernel']['release']}"


def _no_cgroup(facts: dict[str, Any]) -> str | None:
    return "/sys/fs/cgroup holds no hierarchy" if facts["cgroup"]["version"] is None else None


def _cgroup_v1(facts: dict[str, Any]) -> str | None:
    if facts["cgroup"]["version"] != 1:
        return None
    return "/sys/fs/cgroup has no cgroup.controllers"


def _clock_behind(facts: dict[str, Any]) -> str | None:
    clock = facts["clock"]
    return None if clock["plausible"] else f"it says {clock['utc']}, before files were written"


def _clock_adrift(facts: dict[str, Any]) -> str | None:
    clock = facts["clock"]
    return None if clock["synchronized"] else f"it says {clock['utc']}, and nothing steers it"


def _reboot(facts: dict[str, Any]) -> str | None:
    return "/run/reboot-required exists" if facts["reboot_required"] else None


RULES = (
    Rule(
        "not_arm64",
        ERROR,
        "The machine is not a 64-bit Arm machine.",
        "Take it out of the group, or set docker_preflight_require_arm64: false for a build host.",
        ("platform",),
        _not_arm64,
    ),
    Rule(
        "userland_32bit",
        ERROR,
        "A 32-bit system runs on a 64-bit kernel; Docker would pull images that do not fit.",
        "Write the 64-bit image of the system to the disk; an upgrade in place does not exist.",
        ("platform",),
        _mixed_userland,
    ),
    Rule(
        "no_aarch32",
        INFO,
        "The cores do not run 32-bit Arm programs.",
        "Use arm64 images; images for linux/arm need QEMU here.",
        ("platform",),
        _no_aarch32,
    ),
    Rule(
        "unsupported_release",
        ERROR,
        "The system is no release that this collection knows.",
        "Use Debian 12 or 13, Ubuntu 22.04, 24.04 or 26.04, or Raspberry Pi OS or Armbian based "
        "on one of them.",
        ("os",),
        _unsupported_release,
    ),
    Rule(
        "memory_below_2gb",
        ERROR,
        "The machine has less than 2 GB of memory.",
        "Use a board with 2 GB or more, or ignore this finding for a few small containers.",
        ("memory",),
        _little_memory,
    ),
    Rule(
        "kernel_modules_missing",
        ERROR,
        "The kernel was upgraded and the machine not rebooted: the running one has no modules.",
        "Reboot the machine.",
        ("kernel",),
        _modules_gone,
    ),
    Rule(
        "page_size_16k",
        WARNING,
        "The kernel's memory pages are larger than 4 KiB; images that ship jemalloc crash on it.",
        "On a Raspberry Pi 5 set docker_board_page_size: 4k, with which the role docker_board sets "
        "kernel=kernel8.img in config.txt, and reboot. On others use a kernel with 4 KiB.",
        ("kernel",),
        _large_pages,
    ),
    Rule(
        "memory_cgroup_off",
        WARNING,
        "The memory controller is off: containers ignore their memory limits.",
        "On a Raspberry Pi the role docker_board adds cgroup_enable=memory to the kernel's "
        "parameters, on boards of NVIDIA and Rockchip it takes cgroup_disable=memory out "
        "(docker_board_memory_cgroup); it reboots with docker_board_reboot: if_required. "
        "Elsewhere, and where a program generates the file, change them yourself. Without "
        "CONFIG_MEMCG use another kernel.",
        ("cgroup",),
        missing_controller,
    ),
    Rule(
        "cgroup_missing",
        ERROR,
        "No cgroup hierarchy is mounted; the engine does not start without one.",
        "Mount cgroup2 on /sys/fs/cgroup, or boot a system with systemd.",
        ("cgroup",),
        _no_cgroup,
    ),
    Rule(
        "cgroup_v1",
        WARNING,
        "The machine uses version 1 of cgroups, which Docker 29 and systemd 256 drop.",
        "Remove systemd.unified_cgroup_hierarchy=0 from the kernel's parameters and reboot.",
        ("cgroup",),
        _cgroup_v1,
    ),
    Rule(
        "netfilter_backend_missing",
        ERROR,
        "iptables uses a backend that the kernel does not have; the engine would not start.",
        "The role docker_board chooses the other one on a board that it knows "
        "(docker_board_iptables), as 'update-alternatives --config iptables' and the same for "
        "ip6tables do. Where the kernel has neither, use another.",
        ("netfilter",),
        missing_backend,
    ),
    Rule(
        "clock_implausible",
        ERROR,
        "The clock is behind; apt would call its lists not yet valid, and TLS would fail.",
        "Set the clock: 'timedatectl set-ntp true', or install systemd-timesyncd or chrony.",
        ("clock",),
        _clock_behind,
    ),
    Rule(
        "clock_unsynchronized",
        WARNING,
        "Nothing keeps the clock right.",
        "Install systemd-timesyncd or chrony; boards without a battery lose the time when off.",
        ("clock",),
        _clock_adrift,
    ),
    Rule(
        "reboot_required",
        WARNING,
        "An upgrade waits for a reboot.",
        "Reboot the machine when it suits.",
        ("reboot_required",),
        _reboot,
    ),
)
