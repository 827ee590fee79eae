# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """What a module of this collection supports, in the words that they share."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description:
      - Can run in C(check_mode) and predict what would change, without changing the target.
  diff_mode:
    description:
      - Returns what has changed, or in C(check_mode) would change, when in diff mode.
  platform:
    description:
      - The operating systems that it works on.
    platforms: debian
    support: full
"""

    FACTS = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - This module reads and never changes anything.
  diff_mode:
    support: N/A
    details:
      - This module never changes anything.
  facts:
    description:
      - Returns a dictionary that becomes part of C(ansible_facts).
    support: full
"""
