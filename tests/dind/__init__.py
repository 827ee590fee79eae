# SPDX-License-Identifier: GPL-3.0-or-later
"""Engines in containers of this machine's Docker, made by the real role."""
