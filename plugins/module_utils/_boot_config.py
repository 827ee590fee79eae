# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""config.txt of the Raspberry Pi's firmware: its settings for one board, through its filters.

https://www.raspberrypi.com/documentation/computers/config_txt.html
"""

from __future__ import annotations

import posixpath
import re
from typing import Iterator

from ansible_collections.arm64.docker.plugins.module_utils._boot_files import Files

NAME = "config.txt"

_COMPATIBLE = "/proc/device-tree/compatible"

# The filters that apply to a model, by the name in the device tree. Those without a 64-bit core
# are left out.
_MODELS = {
    "2-model-b-rev2": ("pi2",),
    "3-model-a-plus": ("pi3", "pi3+"),
    "3-model-b": ("pi3",),
    "3-model-b-plus": ("pi3", "pi3+"),
    "3-compute-module": ("pi3", "cm3"),
    "3-compute-module-plus": ("pi3", "pi3+", "cm3", "cm3+"),
    "model-zero-2": ("pi0", "pi0w", "pi02"),
    "model-zero-2-w": ("pi0", "pi0w", "pi02"),
    "4-model-b": ("pi4",),
    "4-compute-module": ("pi4", "cm4"),
    "4-compute-module-s": ("pi4", "cm4s"),
    "400": ("pi4", "pi400"),
    "5-model-b": ("pi5",),
    "5-compute-module": ("pi5", "cm5"),
    "500": ("pi5", "pi500"),
}

_MODEL_FILTER = re.compile(r"(?:pi|cm)\d+[a-z+]*")


def models(files: Files) -> frozenset[str]:
    """Return the model filters that apply to this board, such as pi4 and cm4; none on others."""
    entries = (files.text(_COMPATIBLE) or "").split("\0")
    names = (entry[len("raspberrypi,") :] for entry in entries if entry.startswith("raspberrypi,"))
    return frozenset(model for name in names for model in _MODELS.get(name, ()))


def settings(files: Files, folder: str, tryboot: bool = False) -> dict[str, str]:
    """Return the settings of config.txt that apply to this board; of several the last counts.

    A filter that cannot be decided from here (a monitor, a pin, a serial number) counts as not
    applying.

    :param folder: where the boot partition is mounted
    :param tryboot: whether to read as the firmware does on the one trial of a new system
    """
    found, filters, ours = {}, {}, models(files)
    for line in _lines(files, folder, NAME, set()):
        if line.startswith("[") and line.endswith("]"):
            _apply(line[1:-1], filters, ours, tryboot)
            continue
        name, equals, value = line.partition("=")
        if equals and all(filters.values()):
            found[name] = value
    return found


def _apply(name: str, filters: dict[str, bool], ours: frozenset[str], tryboot: bool) -> None:
    """Set a filter: it replaces one of its own kind and adds to the others; all clears them."""
    if name == "all":
        filters.clear()
    elif name == "tryboot":
        filters["tryboot"] = tryboot
    elif _MODEL_FILTER.fullmatch(name):
        filters["model"] = name in ours
    else:
        filters["undecided"] = False


def _lines(files: Files, folder: str, name: str, seen: set[str]) -> Iterator[str]:
    """Yield the lines of a file and, in their place, those of the files that it includes."""
    path = inside(folder, name)
    if path is None or path in seen:
        return
    seen.add(path)
    for line in (files.text(path) or "").split("\n"):
        line = line.strip()
        if line.startswith("include "):
            yield from _lines(files, folder, line[len("include ") :].strip(), seen)
        elif not line.startswith("#"):
            yield line


def inside(folder: str, name: str) -> str | None:
    """Return the path of a file of the boot partition, None where the name leads out of it."""
    path = posixpath.normpath(f"{folder}/{name}")
    return path if path.startswith(f"{folder}/") and "\0" not in path else None
