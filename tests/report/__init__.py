# SPDX-License-Identifier: GPL-3.0-or-later
"""Diagnostics and reports of this machine and its real Docker daemon, and the page in a browser."""
