# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which values of a configuration are secrets, and texts of other programs without them."""

from __future__ import annotations

import functools
import json
import re
from typing import Any, Iterable, Iterator

from ansible_collections.arm64.docker.plugins.module_utils._secrets import mark, mask, mask_text

# A shorter password is not looked for on its own: it would be found everywhere.
_LEAST_PASSWORD = 4

# How Go's encoding/json writes three characters that JSON allows as they are.
_GO = {"&": r"\u0026", "<": r"\u003c", ">": r"\u003e"}


def values(document: Any) -> set[str]:
    """Return every text and number of a document as Ansible keeps those of a no_log option."""
    leaves = (leaf for leaf in _leaves(document) if not isinstance(leaf, (bool, type(None))))
    return {str(leaf) for leaf in leaves} - {""}


def secrets(document: Any) -> set[str]:
    """Return the values in a document that hold a secret, and the secret parts of addresses."""
    found = set()
    for leaf, masked in zip(_leaves(document), _leaves(mask(document))):
        if leaf == masked:
            continue
        text = str(leaf)
        user_info = text.rpartition("@")[0].rpartition("//")[2]
        password = user_info.partition(":")[2]
        found.update({text, user_info})
        if len(password) >= _LEAST_PASSWORD:
            found.add(password)
    return found - {""}


def censored(no_log_values: Iterable[str], document: Any) -> set[str]:
    """Return what Ansible shall censor of a no_log option that is not a secret as a whole.

    :param no_log_values: what it censors, with every value of the option: of log-opts also "10m"
    """
    hidden = secrets(document)
    return (set(no_log_values) - values(document)) | hidden


def scrub(text: str, hidden: Iterable[str]) -> str:
    """Replace secrets by markers in what another program said, in every form that JSON has."""
    for secret in sorted(hidden, key=len, reverse=True):
        for form in _forms(secret):
            if form in text:
                text = text.replace(form, mark(secret))
    return mask_text(text)


# The texts of a large document are asked for the same secrets one after the other.
@functools.lru_cache(maxsize=4096)
def _forms(secret: str) -> tuple[str, ...]:
    quoted = json.dumps(secret, ensure_ascii=False)[1:-1]
    go = re.sub("[&<>]", lambda found: _GO[found[0]], quoted)
    return tuple(dict.fromkeys((secret, quoted, go)))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value
