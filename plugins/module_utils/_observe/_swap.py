# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where memory is swapped to."""

from __future__ import annotations

from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils._observe._boot_mounts import unescape
from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host
from ansible_collections.arm64.docker.plugins.module_utils._observe._storage import (
    mount_of,
    mounts,
)

# Block devices of SD cards and eMMC, which wear out by writing.
_CARD = "/dev/mmcblk"


def read_swap(host: Host) -> list[dict[str, Any]]:
    """Return the swap areas in use (/proc/swaps): path, size in MiB, and whether on a card.

    A file is on a card where the file system that holds it is.
    """
    areas = []
    for line in host.text("/proc/swaps", "").splitlines()[1:]:
        words = line.split()
        if len(words) < 3 or not words[2].isdecimal():
            continue
        path = unescape(words[0])
        device = _device(host, path) if words[1] == "file" else path
        areas.append(
            {"path": path, "mb": int(words[2]) // 1024, "on_card": device.startswith(_CARD)}
        )
    return areas


def _device(host: Host, path: str) -> str:
    """Return the source of the file system that holds a file; empty where it cannot be told."""
    try:
        sources = {mount["path"]: mount["source"] for mount in mounts(host)}
    except OSError:
        return ""
    return sources.get(mount_of(path, list(sources)) or "", "")
