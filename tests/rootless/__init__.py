# SPDX-License-Identifier: GPL-3.0-or-later
"""Daemons of users' own on a booted arm64 machine: refused, brought, kept, taken back."""
