# SPDX-License-Identifier: GPL-3.0-or-later
"""Change what a built Go program holds in a string variable, such as its version."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from .errors import RepositoryError

PT_LOAD = 1


def replace(program: bytes, old: str, new: str) -> bytes:
    """Return the program with its one variable that holds `old` holding `new`.

    `program` is a little-endian ELF64 file. A Go string is the address of its bytes and their
    number, both 8 bytes wide (the Go runtime's stringStruct); the linker writes them side by side,
    in position-independent programs too. Raises RepositoryError where `new` is longer than `old`,
    or not exactly one variable is found.
    """
    was, now = old.encode(), new.encode()
    if len(now) > len(was):
        raise RepositoryError(f"{new!r} does not fit in the place of {old!r}")
    found = [
        (text, header)
        for text in _positions(program, was)
        for address in _addresses(program, text)
        for header in _positions(program, struct.pack("<QQ", address, len(was)))
    ]
    if len(found) != 1:
        raise RepositoryError(f"{len(found)} variables of the program hold {old!r}, one was wanted")
    changed = bytearray(program)
    ((text, header),) = found
    changed[text : text + len(now)] = now
    changed[header + 8 : header + 16] = struct.pack("<Q", len(now))
    return bytes(changed)


def _positions(data: bytes, wanted: bytes) -> Iterator[int]:
    return (match.start() for match in re.finditer(re.escape(wanted), data))


def _addresses(program: bytes, position: int) -> Iterator[int]:
    """Yield where the byte at `position` of the file lies once the program is loaded."""
    # The fields e_phoff, e_phentsize and e_phnum of the file's header: elf(5).
    (table,) = struct.unpack_from("<Q", program, 32)
    size, count = struct.unpack_from("<HH", program, 54)
    for index in range(count):
        kind, _, offset, address, _, length = struct.unpack_from(
            "<IIQQQQ", program, table + index * size
        )
        if kind == PT_LOAD and offset <= position < offset + length:
            yield address + position - offset
