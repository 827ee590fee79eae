# SPDX-License-Identifier: GPL-3.0-or-later
"""Builders of the real docker buildx on this machine, made by the real module."""
