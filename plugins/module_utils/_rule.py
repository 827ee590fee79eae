# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rule is: facts in, a finding or nothing out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

ERROR, WARNING, INFO = "error", "warning", "info"


@dataclass(frozen=True)
class Rule:
    """One thing that can be wrong with a host.

    ``check`` gets the facts and returns the evidence in words, or None where all is well. It is
    asked only where every group in ``needs`` was read.
    """

    id: str
    severity: str
    summary: str
    remedy: str
    needs: tuple
    check: Callable[[dict[str, Any]], str | None]
