# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The boot loader of a machine: which it is, what it gives the kernel, and an edit of its files."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from ansible_collections.arm64.docker.plugins.module_utils import (
    _boot_armbian,
    _boot_cmdline,
    _boot_extlinux,
    _boot_grub,
)
from ansible_collections.arm64.docker.plugins.module_utils._boot_files import Files, Generator
from ansible_collections.arm64.docker.plugins.module_utils._boot_parameters import Wish, split
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

RASPBERRYPI, EXTLINUX, ARMBIAN, GRUB = "raspberrypi", "extlinux", "armbian", "grub"

# In the order in which they are looked for: the first whose file is there is the machine's. U-Boot
# takes extlinux.conf before a boot script such as Armbian's.
LOADERS = (RASPBERRYPI, EXTLINUX, ARMBIAN, GRUB)

AUTO = "auto"

_NAMES = {
    _boot_cmdline.NAME: RASPBERRYPI,
    posixpath.basename(_boot_armbian.PATH): ARMBIAN,
    posixpath.basename(_boot_extlinux.PATH): EXTLINUX,
    posixpath.basename(_boot_grub.DROPIN): GRUB,
}

_LOOKED = {
    RASPBERRYPI: [f"{folder}/{_boot_cmdline.NAME}" for folder in _boot_cmdline.FOLDERS],
    ARMBIAN: [_boot_armbian.PATH],
    EXTLINUX: [_boot_extlinux.PATH],
    GRUB: [_boot_grub.DEFAULTS],
}

_FORMATS = {RASPBERRYPI: _boot_cmdline, ARMBIAN: _boot_armbian, EXTLINUX: _boot_extlinux}

_SIGNATURE = ".sig"

# What the loader or its scripts would take for something else than a part of a parameter.
_SPECIAL = {ARMBIAN: "$\\'", EXTLINUX: "$\\'", GRUB: "$`\\;&|{}<>'#"}


@dataclass(frozen=True)
class Boot:
    """A boot loader, and the files that hold its parameters: the one of the next boot first."""

    loader: str
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Edit:
    """A file as it is and as it shall be; None is a file that is not there."""

    path: str
    before: str | None
    after: str | None


def find(files: Files, loader: str = AUTO) -> Boot | None:
    """Find the machine's boot loader, or the files of the one that is named."""
    for name in LOADERS if loader == AUTO else (loader,):
        paths = _paths(files, name)
        if paths:
            return Boot(name, tuple(paths))
    return None


def _paths(files: Files, loader: str) -> list[str]:
    if loader == RASPBERRYPI:
        found = (_boot_cmdline.find(files, folder) for folder in _boot_cmdline.FOLDERS)
        return next((paths for paths in found if paths), [])
    if files.text(_LOOKED[loader][0]) is None:
        return []
    return [_boot_grub.DROPIN] if loader == GRUB else _LOOKED[loader]


def choose(files: Files, loader: str, path: str | None) -> Boot:
    """Return the boot loader that the options name, or the machine's own.

    :raises DockerHostError: where there is none, or the file does not say of which kind it is
    """
    if path is not None:
        name = _NAMES.get(posixpath.basename(path)) if loader == AUTO else loader
        if name is None:
            raise DockerHostError(
                f"The name of {path} does not tell its boot loader.",
                f"Set bootloader to one of {', '.join(LOADERS)}.",
            )
        if name == GRUB and not path.endswith(".cfg"):
            raise DockerHostError(
                f"GRUB does not read {path}.", "Name a drop-in whose name ends in .cfg."
            )
        if name != GRUB and files.text(path) is None:
            raise DockerHostError(f"{path} does not exist.", "Name the file that is there.")
        return Boot(name, (path,))
    boot = find(files, loader)
    if boot is None:
        names = LOADERS if loader == AUTO else (loader,)
        looked = ", ".join(place for name in names for place in _LOOKED[name])
        raise DockerHostError(
            f"No boot loader that this module knows was found; looked for {looked}.",
            "Mount the boot partition, or name the file (path) and its kind (bootloader).",
        )
    return boot


def generator(files: Files, boot: Boot) -> Generator | None:
    """Return the program that writes the boot loader's file anew, None where none does."""
    if boot.loader == RASPBERRYPI:
        return _boot_cmdline.generator(files)
    if boot.loader == EXTLINUX:
        return _boot_extlinux.generator(files.text(boot.paths[0]) or "")
    return None


def parameters(files: Files, boot: Boot) -> list[str]:
    """Return what the next boot gives to the kernel, as far as these files tell."""
    if boot.loader == GRUB:
        return _boot_grub.parameters(_boot_grub.sources(files, boot.paths[0]))
    return _FORMATS[boot.loader].parameters(files.text(boot.paths[0]) or "")


def plan(files: Files, boot: Boot, wanted: Wish) -> list[Edit]:
    """Return the files that have to change.

    :raises DockerHostError: where one of them is not understood, or is not to be edited
    """
    _refuse_generated(generator(files, boot), boot.paths[0])
    _refuse_special(wanted, boot.loader)
    edits = []
    for path in boot.paths:
        before = files.text(path)
        if boot.loader == GRUB:
            after = _boot_grub.change(_boot_grub.sources(files, path), wanted, path)
        else:
            after = _FORMATS[boot.loader].change(before or "", wanted, path)
        edits.append(Edit(path, before, after))
    edits = [edit for edit in edits if edit.before != edit.after]
    if boot.loader == EXTLINUX:
        _refuse_signed(files, edits)
    return edits


def _refuse_signed(files: Files, edits: list[Edit]) -> None:
    """Refuse an edit that the signature beside the file would not fit: with secure boot, NVIDIA's
    loader boots no such file.
    """
    for edit in edits:
        if files.text(f"{edit.path}{_SIGNATURE}") is not None:
            raise DockerHostError(
                f"{edit.path} is signed ({edit.path}{_SIGNATURE}); changed, it would not boot.",
                "Change it where it is signed, or remove the signature where secure boot is off.",
            )


def _refuse_generated(found: Generator | None, path: str) -> None:
    if found is not None:
        raise DockerHostError(
            f"{path} is generated by {found.name}, which would undo an edit.",
            f"{found.advice[0].upper()}{found.advice[1:]}.",
        )


def _refuse_special(wanted: Wish, loader: str) -> None:
    for parameter in wanted.present:
        special = sorted(set(parameter) & set(_SPECIAL.get(loader, "")))
        if special:
            raise DockerHostError(
                f"The kernel parameter '{parameter}' holds {' '.join(special)}, which {loader} "
                "would not pass on as it is.",
                "Add it by hand, in the boot loader's own notation.",
            )


def pending(running: str, wanted: Wish, written: bool) -> bool:
    """Tell whether the running kernel was started otherwise than the next one shall be.

    :param running: /proc/cmdline. It has the firmware's own parameters too, and what is unwanted
        may be one of those, which no reboot takes away
    :param written: whether the files were changed since the machine booted, or will be
    """
    given = split(running)
    return bool(wanted.missing(given)) or (written and bool(wanted.unwanted(given)))
