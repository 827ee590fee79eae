# SPDX-License-Identifier: GPL-3.0-or-later
"""Real test machines: Debian images made by debvm and booted in QEMU."""

from __future__ import annotations

from .errors import MachineError
from .lifecycle import Machine

__all__ = ["Machine", "MachineError"]
