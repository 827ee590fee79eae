# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of plays as what they are."""

from __future__ import annotations

from typing import Any, Mapping

from ansible.parsing.vault import EncryptedString


def plain(value: Any) -> Any:
    """Return what templating hands over lazily as dictionaries with texts as keys, and lists.

    Texts that a vault keeps are texts like others; ansible-core 2.19 writes them encrypted in YAML.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (str, EncryptedString)):
        # Decrypted it still has the mark of its vault, and only a copy has none.
        return str(str(value))
    return value
