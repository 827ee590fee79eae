# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of other architectures on booted machines: found, proven, mended, taken back."""
