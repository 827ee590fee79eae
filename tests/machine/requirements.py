# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host must have, and how to get it."""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path

from .errors import MachineError

# program -> Debian package
TO_BUILD = {
    "arch-test": "arch-test",
    "debvm-create": "debvm",
    "mmdebstrap": "mmdebstrap",
    "qemu-img": "qemu-utils",
    "setpriv": "util-linux",
    "unshare": "util-linux",
}
TO_RUN = {
    "qemu-img": "qemu-utils",
    "ssh": "openssh-client",
    "fdtput": "device-tree-compiler",
    "setpriv": "util-linux",
}
EMULATORS = {"arm64": "qemu-system-aarch64", "amd64": "qemu-system-x86_64"}
EMULATOR_PACKAGES = {"arm64": "qemu-system-arm", "amd64": "qemu-system-x86"}
KERNEL_MACHINES = {"arm64": ("aarch64", "arm64"), "amd64": ("x86_64", "amd64")}
QEMU_USER = {"arm64": "qemu-aarch64", "amd64": "qemu-x86_64"}
BINFMT = Path("/proc/sys/fs/binfmt_misc")


def missing_to_run(arch: str) -> list[str]:
    """Return what is missing to boot an image of `arch`, one sentence each."""
    programs = {**TO_RUN, EMULATORS[arch]: EMULATOR_PACKAGES[arch]}
    return _missing_programs(programs) + _missing_debugfs()


def missing_to_name() -> list[str]:
    """Return what is missing to know which image is wanted, one sentence each."""
    lacking = _missing_programs({"ssh-keygen": "openssh-client"})
    if not shutil.which("apt-get"):
        lacking.append("apt is missing: images are made on Debian and its derivatives")
    return lacking


def missing_to_build(arch: str) -> list[str]:
    """Return what is missing to build an image of `arch`, one sentence each."""
    lacking = missing_to_name() + _missing_programs(TO_BUILD) + _missing_debugfs()
    if os.geteuid() != 0:
        lacking.append("images can only be built as root")
    if not _executes(arch):
        lacking.append(
            f"this host cannot execute {arch} programs: no enabled handler {BINFMT}/"
            f"{QEMU_USER[arch]} (Debian 13 packages qemu-user and qemu-user-binfmt, registered "
            "in the kernel)"
        )
    return lacking


def demand(lacking: list[str]) -> None:
    """Raise MachineError that lists `lacking` and how to get it, unless it is empty."""
    if not lacking:
        return
    lines = "\n".join(f"  - {sentence}" for sentence in lacking)
    if Path("/etc/debian_version").exists() and os.geteuid() == 0:
        remedy = "To get it: run tests/host/prepare machines"
    else:
        remedy = "tests/host/prepare machines installs it on Debian 12 and 13, as root."
    raise MachineError(f"This host lacks what test machines need:\n{lines}\n{remedy}")


def _missing_programs(programs: dict[str, str]) -> list[str]:
    return [
        f"{program} is missing (Debian package {package})"
        for program, package in programs.items()
        if not shutil.which(program)
    ]


def _missing_debugfs() -> list[str]:
    # Not on the PATH of users.
    if Path("/sbin/debugfs").exists():
        return []
    return ["debugfs is missing (Debian package e2fsprogs)"]


def _executes(arch: str) -> bool:
    if platform.machine() in KERNEL_MACHINES[arch]:
        return True
    try:
        return (BINFMT / QEMU_USER[arch]).read_text().startswith("enabled")
    except OSError:
        return False
