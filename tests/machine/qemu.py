# SPDX-License-Identifier: GPL-3.0-or-later
"""The QEMU command line of a machine."""

from __future__ import annotations

from .requirements import EMULATORS
from .settings import Files, Settings
from .ssh import ADDRESS

# A guest that crashes, which emulation brings about once in many boots, starts again by itself.
RESTART = "panic=5 oops=panic systemd.crash_reboot=1"

# A kernel at a random address keeps its page tables apart from those of programs, and with that
# and the guards against speculation an emulated boot and an installation take a quarter longer.
# A board gives its kernel no random address either.
SPEED = "nokaslr mitigations=off"

# Emulation is asked for outright: a /dev/kvm that exists need not work.
HARDWARE = {
    "arm64": ("virt,gic-version=3", "cortex-a72", "console=ttyAMA0"),
    "amd64": ("q35", "max", "console=ttyS0"),
}


def hardware(settings: Settings) -> list[str]:
    """Return what decides QEMU's device tree: program, machine, CPU and memory."""
    return [
        EMULATORS[settings.arch],
        "-accel",
        "tcg",
        "-cpu",
        settings.cpu,
        "-smp",
        str(settings.cpus),
        "-m",
        str(settings.memory),
        "-machine",
        HARDWARE[settings.arch][0],
    ]


def command(settings: Settings, files: Files, monitor: int) -> list[str]:
    """Return the command that boots the machine; `monitor` is a connected socket for QMP."""
    kernel, initrd = files.boot_files(settings)
    # What the board's own files say comes first.
    start = files.load_start().parameters if settings.board else "root=LABEL=debvm"
    parameters = [start, "rw", HARDWARE[settings.arch][2], RESTART, SPEED, settings.append]
    network = f"user,id=net0,hostfwd=tcp:{ADDRESS}:{settings.port}-:22"
    if settings.offline:
        network += ",restrict=on"
    options = {
        "-name": files.folder.name,
        "-kernel": str(kernel),
        "-initrd": str(initrd),
        "-append": " ".join(filter(None, parameters)),
        # The disk is private and can be made anew, so nobody waits for it to be synchronised.
        "-drive": f"if=virtio,format=qcow2,cache=unsafe,discard=unmap,file={_quoted(files.disk)}",
        "-netdev": network,
        "-chardev": f"file,id=console,append=on,path={_quoted(files.console)}",
        "-serial": "chardev:console",
        "-display": "none",
        "-object": "rng-random,filename=/dev/urandom,id=rng0",
    }
    if settings.board:
        options["-dtb"] = str(files.device_tree)
    return [
        *hardware(settings),
        "-nodefaults",
        "-no-user-config",
        # A guest that reboots ends QEMU; the guardian boots it anew from what its disk holds.
        "-no-reboot",
        *(word for option in options.items() for word in option),
        "-chardev",
        f"socket,id=monitor,fd={monitor}",
        "-mon",
        "chardev=monitor,mode=control",
        "-device",
        # No option ROM: the kernel is given, and the ROMs are a package of their own.
        "virtio-net-pci,netdev=net0,romfile=",
        "-device",
        "virtio-rng-pci,rng=rng0",
    ]


def _quoted(path: object) -> str:
    """Return `path` as a value inside a QEMU option, where a comma is doubled."""
    return str(path).replace(",", ",,")
