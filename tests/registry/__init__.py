# SPDX-License-Identifier: GPL-3.0-or-later
"""Registries on the loopback, open and with logins, with images of several architectures."""

from __future__ import annotations

from .errors import RegistryError
from .lifecycle import Registries, Registry

__all__ = ["Registries", "Registry", "RegistryError"]
