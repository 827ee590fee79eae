# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the firmware of a Raspberry Pi noticed about its power supply and its temperature."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host

PROGRAM = "/usr/bin/vcgencmd"
THROTTLED_ARGV = ("vcgencmd", "get_throttled")

_ANSWER = re.compile(r"^throttled=(0x[0-9a-fA-F]{1,8})$", re.MULTILINE)

# Bits of the answer: what is so now, and what has been so since the boot. Source: Raspberry Pi's
# documentation of vcgencmd.
_BITS = {
    "undervoltage_now": 0,
    "undervoltage_seen": 16,
    "frequency_capped_now": 1,
    "frequency_capped_seen": 17,
    "throttled_now": 2,
    "throttled_seen": 18,
    "temperature_limit_now": 3,
    "temperature_limit_seen": 19,
}


def read_throttled(host: Host) -> dict[str, Any] | None:
    """Return what ``vcgencmd get_throttled`` says: its value, and what its bits mean.

    The value is the firmware's own hexadecimal number. None where there is no vcgencmd, or where
    the firmware did not answer it.
    """
    answer = host.result("throttled")
    found = _ANSWER.search(answer.stdout) if answer and answer.ok else None
    if found is None:
        return None
    value = int(found.group(1), 16)
    return {
        "value": found.group(1),
        **{name: bool(value >> bit & 1) for name, bit in _BITS.items()},
    }
