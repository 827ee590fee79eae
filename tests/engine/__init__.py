# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of an engine on booted arm64 machines: configured, upgraded, replaced, removed."""
