# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The smallest static executables, made from bytes, and what the header of any executable says.

The header by elf(5), the numbers of machines by include/uapi/linux/elf-em.h.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ansible_collections.arm64.docker.plugins.module_utils._elf_code import exit_code, uname_code
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

# What is read of a file to know its header and its segments' headers.
HEADER_LIMIT = 64 * 1024

_BASE, _ALIGNMENT = 0x400000, 0x10000
_MAGIC = b"\x7fELF"
_EXECUTABLE, _LOADED, _INTERPRETER, _READ_AND_EXECUTE = 2, 1, 3, 5
_IDENTITY_SIZE = 16


@dataclass(frozen=True)
class Machine:
    """How an architecture's executables are marked: bits, byte order, e_machine and e_flags."""

    bits: int
    order: str
    number: int
    flags: int = 0


# By GOARCH. The flags are those of the usual calling convention: EABI 5 (arm), ELF version 2
# (ppc64le), MIPS64 release 2, LP64 with doubles in registers (loong64).
MACHINES = {
    "arm64": Machine(64, "<", 183),
    "arm": Machine(32, "<", 40, 0x05000000),
    "amd64": Machine(64, "<", 62),
    "386": Machine(32, "<", 3),
    "riscv64": Machine(64, "<", 243),
    "s390x": Machine(64, ">", 22),
    "ppc64le": Machine(64, "<", 21, 2),
    "mips64le": Machine(64, "<", 8, 0x80000000),
    "loong64": Machine(64, "<", 258, 0x43),
}


@dataclass(frozen=True)
class Header:
    """What an executable says of itself; ``architecture`` is None where it is none of ours.

    ``dynamic`` tells whether another program, the dynamic loader, has to start it.
    """

    architecture: str | None
    dynamic: bool


def exit_program(architecture: str, status: int) -> bytes:
    """Return a program that exits with a status and does nothing else.

    :param architecture: GOARCH, one of ``MACHINES``
    :param status: 0 to 255
    :raises DockerHostError: where there is no such program
    """
    if not 0 <= status <= 255:
        raise DockerHostError(f"{status} is no exit status.", "Use a number from 0 to 255.")
    return _executable(_known(architecture), exit_code(architecture, status))


def uname_program(architecture: str) -> bytes:
    """Return a program that prints the machine's name and a line feed, as ``uname -m`` does.

    :param architecture: GOARCH, one of ``MACHINES``
    :raises DockerHostError: where there is no such program
    """
    return _executable(_known(architecture), uname_code(architecture))


def read_header(data: bytes) -> Header | None:
    """Read the beginning of a file, ``HEADER_LIMIT`` bytes of it; None where it is no executable.

    A header that ends early is none.
    """
    if len(data) < _IDENTITY_SIZE or data[:4] != _MAGIC or data[4] not in (1, 2):
        return None
    bits = 32 * data[4]
    order = ">" if data[5] == 2 else "<"
    try:
        number = struct.unpack_from(f"{order}H", data, 18)[0]
        if bits == 64:
            start, size, count = struct.unpack_from(f"{order}Q14xHH", data, 32)
        else:
            start, size, count = struct.unpack_from(f"{order}I10xHH", data, 28)
        kinds = [
            struct.unpack_from(f"{order}I", data, start + size * index)[0] for index in range(count)
        ]
    except struct.error:
        return None
    names = [
        name
        for name, machine in MACHINES.items()
        if (machine.bits, machine.order, machine.number) == (bits, order, number)
    ]
    return Header(names[0] if names else None, _INTERPRETER in kinds)


def _known(architecture: str) -> str:
    if architecture not in MACHINES:
        raise DockerHostError(
            f"There is no test program for the architecture '{architecture}'.",
            f"It exists for {', '.join(sorted(MACHINES))}.",
        )
    return architecture


def _executable(architecture: str, code: bytes) -> bytes:
    """Put machine code behind an ELF header with one segment that can be read and executed."""
    machine = MACHINES[architecture]
    wide = machine.bits == 64
    header_size, segment_size, section_size = (64, 56, 64) if wide else (52, 32, 40)
    size = header_size + segment_size + len(code)
    identity = _MAGIC + bytes((2 if wide else 1, 1 if machine.order == "<" else 2, 1)) + bytes(9)
    header = struct.pack(
        f"{machine.order}16sHHI{'QQQ' if wide else 'III'}IHHHHHH",
        identity,
        _EXECUTABLE,
        machine.number,
        1,
        _BASE + header_size + segment_size,
        header_size,
        0,
        machine.flags,
        header_size,
        segment_size,
        1,
        section_size,
        0,
        0,
    )
    place = (_BASE, _BASE, size, size)
    if wide:
        fields = (_LOADED, _READ_AND_EXECUTE, 0, *place, _ALIGNMENT)
        segment = struct.pack(f"{machine.order}IIQQQQQQ", *fields)
    else:
        fields = (_LOADED, 0, *place, _READ_AND_EXECUTE, _ALIGNMENT)
        segment = struct.pack(f"{machine.order}8I", *fields)
    return header + segment + code
