# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine itself: platform, system release, kernel, memory, clock, pending reboot."""

from __future__ import annotations

import ctypes
import os
import re
import shlex
import time
from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host
from ansible_collections.arm64.docker.plugins.module_utils._observe._kernel_config import (
    read_features,
)
from ansible_collections.arm64.docker.plugins.module_utils._observe._swap import read_swap
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform

# personality(2): PER_LINUX32, and the value that asks without changing anything.
_PER_LINUX32, _PER_QUERY = 0x0008, 0xFFFFFFFF

_APPARMOR = "/sys/module/apparmor/parameters/enabled"

# What a kernel has that runs 32-bit programs on x86_64, and the parameter that keeps it from that.
IA32_SYSCTL, PARAMETERS = "/proc/sys/abi/vsyscall32", "/proc/cmdline"
_IA32_OFF = re.compile(r"(?<!\S)ia32_emulation=(0|n|off|false)(?!\S)")

# adjtimex(2): struct timex is 208 bytes on 64-bit Linux and smaller on 32-bit; its status field
# holds STA_UNSYNC while nothing steers the clock.
_TIMEX_BYTES, _STA_UNSYNC = 256, 0x0040


def read_platform(host: Host) -> dict[str, Any]:
    """Return what the kernel and what dpkg call this machine.

    The userland is what dpkg was built for, which is also what Docker's packages must be:
    a 32-bit Raspberry Pi OS runs on a 64-bit kernel whose ``uname -m`` says aarch64.
    """
    dpkg = host.dpkg.packages.get("dpkg")
    if dpkg is None:
        raise DockerHostError(
            "dpkg's status file does not list the package dpkg.",
            "This collection manages Debian and Ubuntu; check /var/lib/dpkg/status.",
        )
    userland = Platform.parse(dpkg.architecture)
    kernel = Platform.parse(host.machine)
    return {
        "kernel_machine": host.machine,
        "userland": dpkg.architecture,
        "platform": str(userland),
        "bits": userland.bits,
        "mixed_userland": userland.bits < kernel.bits,
        "aarch32": runs_aarch32() if kernel.architecture == "arm64" else None,
        "ia32": _ia32(host) if kernel.architecture == "amd64" else None,
    }


def _ia32(host: Host) -> bool:
    return runs_ia32(host.exists(IA32_SYSCTL), host.text(PARAMETERS, ""))


def runs_ia32(sysctl: bool, parameters: str) -> bool:
    """Tell whether an x86_64 kernel runs 32-bit programs itself.

    One that was built so has the sysctl; a parameter may turn it off (kernel-parameters.txt).
    """
    return sysctl and not _IA32_OFF.search(parameters)


def runs_aarch32() -> bool:
    """Ask the kernel whether the cores run 32-bit Arm programs.

    arm64's personality(2) refuses PER_LINUX32 where they do not (arch/arm64/kernel/sys.c).
    It concerns this process only and is put back at once.
    """
    libc = ctypes.CDLL(None)
    before = libc.personality(ctypes.c_ulong(_PER_QUERY))
    if libc.personality(ctypes.c_ulong(_PER_LINUX32)) == -1:
        return False
    libc.personality(ctypes.c_ulong(before))
    return True


def read_os(host: Host) -> dict[str, Any]:
    """Return os-release(5): id, the ids it is like, version, codename, and its name for people."""
    try:
        text = host.text("/etc/os-release")
    except FileNotFoundError:
        text = host.text("/usr/lib/os-release")
    fields = {}
    for line in text.splitlines():
        name, separator, value = line.partition("=")
        if separator and not name.startswith("#"):
            fields[name.strip()] = _unquote(value)
    return {
        "id": fields.get("ID", "linux"),
        "like": fields.get("ID_LIKE", "").split(),
        "version_id": fields.get("VERSION_ID", ""),
        "codename": fields.get("VERSION_CODENAME", ""),
        "pretty_name": fields.get("PRETTY_NAME", ""),
        "container": _container(host),
    }


def _unquote(value: str) -> str:
    try:
        return " ".join(shlex.split(value))
    except ValueError:
        return value.strip("\"' ")


def _container(host: Host) -> str | None:
    """Name what is around this system: a container manager or chroot; None on a machine."""
    name = host.text("/run/systemd/container", "").strip()
    if name:
        return name
    if host.exists("/.dockerenv"):
        return "docker"
    if host.exists("/run/.containerenv"):
        return "podman"
    return "chroot" if _is_chroot(host) else None


def _is_chroot(host: Host) -> bool:
    """Tell whether the first process has another root folder, as in the build of an image."""
    try:
        first, own = os.stat(host.path("/proc/1/root/.")), os.stat(host.path("/"))
    except OSError:
        return False
    return (first.st_dev, first.st_ino) != (own.st_dev, own.st_ino)


def read_kernel(host: Host) -> dict[str, Any]:
    """Return the running kernel, its page size in bytes, and whether its modules are on the disk.

    ``modules_present`` is None where there is nothing to look for: a kernel without modules,
    or a container, which uses the kernel of its host. ``apparmor`` tells whether AppArmor is on,
    None in a container, where programs have no say in it. ``features`` is the state of the options
    that Docker asks for, ``features_source`` where that was read (see _kernel_config).
    """
    modules = None
    if host.exists("/proc/modules") and not _container(host):
        modules = host.exists(f"/lib/modules/{host.release}/modules.dep")
    features, source = read_features(host)
    return {
        "release": host.release,
        "page_size": host.page_size,
        "modules_present": modules,
        "apparmor": None if _container(host) else host.text(_APPARMOR, "").strip() == "Y",
        "features": features,
        "features_source": source,
    }


def read_memory(host: Host) -> dict[str, Any]:
    """Return the memory that the kernel manages, in MiB, and the swap areas in use.

    A board sold with 2 GB has about 1850.
    """
    for line in host.text("/proc/meminfo").splitlines():
        if line.startswith("MemTotal:"):
            return {"total_mb": int(line.split()[1]) // 1024, "swap": read_swap(host)}
    raise DockerHostError("/proc/meminfo has no line MemTotal.", "Check that /proc is mounted.")


def read_clock(host: Host) -> dict[str, Any]:
    """Return whether something steers the clock, and whether what it says can be.

    A clock is ``plausible`` if it is not behind files that this system wrote: boards without a
    battery start at the time of their image or of the last shutdown.
    """
    now = time.time()
    newest = 0.0
    for path in ("/var/lib/dpkg/status", "/var/log/lastlog", "/etc/ld.so.cache"):
        try:
            newest = max(newest, os.stat(host.path(path)).st_mtime)
        except OSError:
            continue
    return {
        "synchronized": _is_steered(),
        "plausible": now >= newest - 3600,
        "utc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
    }


def _is_steered() -> bool:
    """Ask the kernel, as timedatectl does: adjtimex(2) with nothing to set."""
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(_TIMEX_BYTES)
    state = libc.adjtimex(buffer)
    # The status follows modes (int, padded), offset, freq, maxerror and esterror (longs).
    offset = ctypes.sizeof(ctypes.c_long) * 5
    status = ctypes.c_int.from_buffer(buffer, offset).value
    return state != -1 and not status & _STA_UNSYNC


def read_reboot_required(host: Host) -> bool:
    """Return whether a package asked for a reboot that has not happened."""
    return host.exists("/run/reboot-required") or host.exists("/var/run/reboot-required")
