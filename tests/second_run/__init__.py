# SPDX-License-Identifier: GPL-3.0-or-later
"""What a second run costs, and what verify proves, on one booted machine."""
