# SPDX-License-Identifier: GPL-3.0-or-later
"""The one exception of this package."""

from __future__ import annotations


class RegistryError(Exception):
    """Something a person can read and act on."""
