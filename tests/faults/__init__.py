# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts that are not as they should be get: a message with cause and remedy, and no change."""
