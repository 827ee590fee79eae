# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The boot loader: its files, what they give to the next kernel, and what the running one got."""

from __future__ import annotations

import posixpath
from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils import (
    _boot,
    _boot_cmdline,
    _boot_config,
    _boot_grub,
)
from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host
from ansible_collections.arm64.docker.plugins.module_utils._secrets import mask_text

_BITS = {"0": False, "1": True}


class _Files:
    """The files of an observed host, of which a missing one is None."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def text(self, path: str) -> str | None:
        try:
            return self._host.text(path)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def names(self, path: str) -> list[str]:
        return self._host.names(path)


def read_boot(host: Host) -> dict[str, Any]:
    """Return the running kernel's parameters and the boot loader's file that sets the next ones.

    ``paths`` are the files that an edit changes, ``parameters`` what they give to the next kernel,
    ``generator`` is the program that would undo such an edit, and ``generator_advice`` says where
    the parameters go then. ``config`` holds the settings of a Raspberry Pi's config.txt that apply
    to this board. Secrets are replaced by markers.

    :raises OSError: where a file of the boot loader cannot be read
    """
    facts = {
        "loader": None,
        "path": None,
        "content": None,
        "running": mask_text(host.text("/proc/cmdline", "").strip()),
        "paths": [],
        "parameters": [],
        "generator": None,
        "generator_advice": None,
        "config": None,
    }
    files = _Files(host)
    boot = _boot.find(files)
    if boot is None:
        return facts
    path = _boot_grub.DEFAULTS if boot.loader == _boot.GRUB else boot.paths[0]
    generator = _boot.generator(files, boot)
    return {
        **facts,
        "loader": boot.loader,
        "path": path,
        "content": mask_text(files.text(path) or ""),
        "paths": list(boot.paths),
        "parameters": [mask_text(word) for word in _boot.parameters(files, boot)],
        "generator": generator.name if generator else None,
        "generator_advice": generator.advice if generator else None,
        "config": _config(files, boot) if boot.loader == _boot.RASPBERRYPI else None,
    }


def _config(files: _Files, boot: _boot.Boot) -> dict[str, Any] | None:
    """Return config.txt and what it says about the kernel; None where a setting is not made."""
    folder = _boot_cmdline.folder(boot.paths[0])
    path = posixpath.join(folder, _boot_config.NAME)
    text = files.text(path)
    if text is None:
        return None
    settings = _boot_config.settings(files, folder)
    return {
        "path": path,
        "content": mask_text(text),
        "kernel": settings.get("kernel"),
        "os_prefix": settings.get("os_prefix"),
        "cmdline": settings.get("cmdline"),
        "arm_64bit": _BITS.get(settings.get("arm_64bit", "")),
    }
