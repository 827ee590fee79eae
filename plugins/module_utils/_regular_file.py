# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read small files from folders that others may fill as they like."""

from __future__ import annotations

import os
import stat

# Certificates and what docker keeps of a context are far smaller.
_LIMIT = 1024 * 1024


def read_regular(path: str, links: bool = False) -> bytes | None:
    """Read a regular file, 1 MiB of it at most; None where there is none.

    A pipe would never end, and a link may lead anywhere.

    :param links: whether a link is followed
    :raises OSError: where it may not be read
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | (0 if links else os.O_NOFOLLOW)
    try:
        number = os.open(path, flags)
    except OSError:
        if os.path.islink(path) or not os.path.lexists(path):
            return None
        raise
    try:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            return None
        with open(number, "rb", closefd=False) as stream:
            return stream.read(_LIMIT)
    finally:
        os.close(number)
