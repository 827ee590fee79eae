# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The smallest static executables, made from bytes: no compiler, no libc, no network.

Machine code by the instruction set manuals; the ELF header by elf(5); system call numbers by
include/uapi/asm-generic/unistd.h (arm64) and arch/x86/entry/syscalls/syscall_64.tbl (amd64).
"""

from __future__ import annotations

import struct

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

_BASE, _HEADERS = 0x400000, 64 + 56
_MACHINES = {"arm64": 183, "amd64": 62}


def exit_program(architecture: str, status: int) -> bytes:
    """Return a program that exits with a status and does nothing else.

    :param architecture: GOARCH: arm64 or amd64
    :param status: 0 to 255
    """
    if not 0 <= status <= 255:
        raise DockerHostError(f"{status} is no exit status.", "Use a number from 0 to 255.")
    if architecture == "arm64":
        code = struct.pack(
            "<3I",
            0xD2800000 | status << 5,  # mov x0, #status
            0xD2800000 | 93 << 5 | 8,  # mov x8, #93 (exit)
            0xD4000001,  # svc #0
        )
    elif architecture == "amd64":
        code = b"\xbf" + struct.pack("<I", status)  # mov edi, status
        code += b"\xb8" + struct.pack("<I", 60)  # mov eax, 60 (exit)
        code += b"\x0f\x05"  # syscall
    else:
        raise DockerHostError(
            f"There is no test program for the architecture '{architecture}'.",
            f"It exists for {', '.join(sorted(_MACHINES))}.",
        )
    return _executable(architecture, code)


def _executable(architecture: str, code: bytes) -> bytes:
    """Put machine code behind an ELF header with one segment that can be read and executed."""
    size = _HEADERS + len(code)
    identity = b"\x7fELF" + bytes((2, 1, 1)) + bytes(9)
    header = struct.pack(
        "<16sHHIQQQIHHHHHH",
        identity,
        2,
        _MACHINES[architecture],
        1,
        _BASE + _HEADERS,
        64,
        0,
        0,
        64,
        56,
        1,
        64,
        0,
        0,
    )
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 0x10000)
    return header + segment + code
