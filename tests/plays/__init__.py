# SPDX-License-Identifier: GPL-3.0-or-later
"""Run playbooks of the installed collection against test machines, and measure what they cost."""
