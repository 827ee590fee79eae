# SPDX-License-Identifier: GPL-3.0-or-later
"""A signed apt repository that stands for Docker's own: Debian's engine under Docker's names."""

from __future__ import annotations

from .errors import RepositoryError
from .lifecycle import FROM_MACHINES, Repository

__all__ = ["FROM_MACHINES", "Repository", "RepositoryError"]
