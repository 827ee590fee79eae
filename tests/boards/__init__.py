# SPDX-License-Identifier: GPL-3.0-or-later
"""Boards beyond Molecule's Raspberry Pi 4: their repairs, and how they are undone."""
