# SPDX-License-Identifier: GPL-3.0-or-later
"""What an image is made of, and the hash that names it."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

RELEASES = ("trixie", "bookworm")
ARCHITECTURES = ("arm64", "amd64")

# What Ansible needs, and what a Debian server has beyond a bootstrap that matters to Docker:
# a system bus and login sessions (rootless daemons), a clock client, `ip`, and zstd, which makes
# initrds that boot faster.
PACKAGES = (
    "ca-certificates",
    "dbus",
    "iproute2",
    "libpam-systemd",
    "python3",
    "python3-apt",
    "sudo",
    "systemd-timesyncd",
    "zstd",
)

# What the emulated hardware needs before the disk is mounted. Making an initrd with all modules
# is the longest step of an emulated build, and reading it of every boot.
INITRD_MODULES = ("virtio_pci", "virtio_mmio", "virtio_blk", "ext4")
INITRD_HOOK = (
    'mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"; '
    'echo MODULES=list >"$1/etc/initramfs-tools/conf.d/modules"; '
    f'printf "%s\\n" {" ".join(INITRD_MODULES)} '
    '>"$1/usr/share/initramfs-tools/modules.d/machine"'
)

CUSTOMIZE = Path(__file__).with_name("customize.sh")

# Settings of the building machine's apt without which its mirror may not be usable.
APT_SETTINGS = (
    "Acquire::Check-Date",
    "Acquire::Check-Valid-Until",
    "Acquire::http::Proxy",
    "Acquire::https::Proxy",
)


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what an image contains."""

    release: str
    arch: str
    size: str
    public_key: Path

    def debvm_arguments(self) -> list[str]:
        """Return the arguments of debvm-create, but for the output file."""
        return [
            "--hostname=board",
            f"--sshkey={self.public_key}",
            f"--release={self.release}",
            f"--size={self.size}",
            # As on a fresh board: the first `apt-get update` is the user's.
            "--skip=packagelists",
            # The console is a log file: a root shell there would only slow each boot down.
            "--skip=autologin",
            "--",
            f"--architectures={self.arch}",
            f"--include={','.join(PACKAGES)}",
            f"--essential-hook={INITRD_HOOK}",
            f"--customize-hook={CUSTOMIZE}",
            *(f"--aptopt={setting}" for setting in apt_settings()),
            *mirrors(self.release),
        ]

    def emulation(self) -> list[str]:
        """Return the variables for qemu-user while it runs the image's programs.

        Debian's programs sign their return addresses wherever the cores can check them, which
        takes an emulator a fourth of its time; the cores of a Raspberry Pi 4 cannot.
        """
        return ["QEMU_CPU=cortex-a72"] if self.arch == "arm64" else []

    def finish(self, raw: Path) -> list[tuple[list[str], tuple[int, ...]]]:
        """Return the commands that complete the image, each with the statuses of success.

        debvm-create makes a file system whose folders do not hold the types of their files, which
        overlayfs needs; fsck.ext4 fills them in, and says 1 where it corrected something.
        """
        return [
            (["tune2fs", "-O", "filetype", str(raw)], (0,)),
            (["fsck.ext4", "-f", "-y", str(raw)], (0, 1)),
        ]

    def key(self) -> str:
        """Return the name under which the image is cached: readable, then a hash of its making."""
        arguments = [
            argument.replace(str(CUSTOMIZE), CUSTOMIZE.name).replace(str(self.public_key), "key")
            for argument in self.debvm_arguments()
        ]
        finish = [argv for argv, _ in self.finish(Path("disk"))]
        made_by = [arguments, finish, CUSTOMIZE.read_text(), self.public_key.read_text()]
        digest = hashlib.sha256(json.dumps(made_by).encode()).hexdigest()[:16]
        return f"{self.release}-{self.arch}-{digest}"


def apt_settings() -> list[str]:
    """Return the building machine's APT_SETTINGS that are set, as lines of apt.conf."""
    found = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True)
    return [line for line in found.stdout.splitlines() if line.split(" ", 1)[0] in APT_SETTINGS]


def mirrors(release: str) -> list[str]:
    """Return sources.list lines for `release` on the building machine's own Debian mirrors.

    Empty where apt knows none (another distribution, no `apt-get update` yet): mmdebstrap then
    takes Debian's default.
    """
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN) $(COMPONENT) $(CODENAME) $(REPO_URI)"],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, str] = {}
    for line in listed.stdout.splitlines():
        match = re.fullmatch(r"Debian main [a-z]+(|-updates|-security) (https?://\S+)", line)
        if match:
            found.setdefault(match[1], match[2])
    if "" not in found:
        return []
    # A mirror that serves a release serves its updates; the security archive may be elsewhere.
    suites = {"": found[""], "-updates": found[""]}
    if "-security" in found:
        suites["-security"] = found["-security"]
    return [f"deb {uri} {release}{suffix} main" for suffix, uri in suites.items()]
