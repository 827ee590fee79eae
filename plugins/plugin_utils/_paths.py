# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where files and folders that users name are on the controller."""

from __future__ import annotations

import os
from typing import Any, Mapping

from ansible.plugins.lookup import LookupBase


def controller_path(lookup: LookupBase, variables: Mapping[str, Any] | None, path: str) -> str:
    """Return the whole path of a file or folder, which need not be there.

    A relative one is looked for where ansible.builtin.copy looks for its src, then in the folder
    that Ansible was started in.
    """
    named = os.path.expanduser(path)
    if os.path.isabs(named) or not named or "\0" in named:
        return named
    found = lookup.find_file_in_search_path(variables or {}, "files", named, ignore_missing=True)
    return os.path.abspath(found or named)
