# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The board: what the device tree, the firmware or the vendor's files say this machine is."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host
from ansible_collections.arm64.docker.plugins.module_utils._observe._power import read_throttled

# Prefixes of a device tree's compatible strings that name a vendor whose images have faults of
# their own.
_VENDORS = ("raspberrypi", "nvidia", "rockchip")

_L4T = re.compile(r"R(\d+) \(release\), REVISION: ([\d.]+)")

# What a vendor's image says it is made for.
_L4T_RELEASE = "/etc/nv_tegra_release"
_PI_ISSUE = "/etc/rpi-issue"
_ARMBIAN_RELEASE = "/etc/armbian-release"

# Armbian's names of families of boards, from their first letters on.
_ARMBIAN_FAMILIES = {"rockchip": "rockchip", "rk3": "rockchip", "bcm2711": "raspberrypi"}


def read_board(host: Host) -> dict[str, Any]:
    """Return vendor, family (the chip), model, the compatible strings, and the image's release.

    ``throttled`` is what the firmware noticed about power and heat, None where it is not asked.
    ``image`` is the file of /etc that says whose boards the image is made for, and that vendor,
    None where there is no such file. A machine without a device tree is generic; its model is the
    firmware's product name.
    """
    compatible = _strings(host, "compatible")
    model = _strings(host, "model")
    vendor, family = _identify(compatible)
    return {
        "vendor": vendor,
        "family": family,
        "model": model[0] if model else _product(host),
        "compatible": compatible,
        "release": _release(host, vendor),
        "image": _image(host),
        "throttled": read_throttled(host),
    }


def _strings(host: Host, name: str) -> list[str]:
    """Read a property of the device tree's root: strings, each closed by a NUL."""
    for folder in ("/proc/device-tree", "/sys/firmware/devicetree/base"):
        try:
            text = host.text(f"{folder}/{name}")
        except OSError:
            continue
        return [part.strip() for part in text.split("\0") if part.strip()]
    return []


def _identify(compatible: list[str]) -> tuple[str, str | None]:
    """Find the vendor among the makers, and the chip: the last, most general entry names it."""
    makers = [entry.partition(",")[0] for entry in compatible]
    vendor = next((maker for maker in reversed(makers) if maker in _VENDORS), "generic")
    chip = compatible[-1].partition(",")[2] if compatible else ""
    return vendor, chip or None


def _product(host: Host) -> str | None:
    try:
        return host.text("/sys/class/dmi/id/product_name").strip() or None
    except OSError:
        return None


def _release(host: Host, vendor: str) -> str | None:
    """Return the release of the vendor's image: L4T's 36.4.3, or the date of a Pi's image."""
    if vendor == "nvidia":
        found = _L4T.search(host.text(_L4T_RELEASE, ""))
        return f"{found.group(1)}.{found.group(2)}" if found else None
    if vendor == "raspberrypi":
        found = re.search(r"\d{4}-\d\d-\d\d", host.text(_PI_ISSUE, ""))
        return found.group(0) if found else None
    return _armbian(host, "VERSION")


def _image(host: Host) -> dict[str, str] | None:
    """Return the path of a vendor's release file, and the vendor that it names."""
    for path, vendor in ((_L4T_RELEASE, "nvidia"), (_PI_ISSUE, "raspberrypi")):
        if host.text(path, "").strip():
            return {"path": path, "vendor": vendor}
    family = _armbian(host, "LINUXFAMILY") or ""
    for start, vendor in _ARMBIAN_FAMILIES.items():
        if family.startswith(start):
            return {"path": _ARMBIAN_RELEASE, "vendor": vendor}
    return None


def _armbian(host: Host, name: str) -> str | None:
    """Return a variable of Armbian's release file."""
    found = re.search(rf"^{name}=(\S+)", host.text(_ARMBIAN_RELEASE, ""), re.MULTILINE)
    return found.group(1).strip("'\"") if found else None
