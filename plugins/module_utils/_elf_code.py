# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machine code of two programs for Linux, by architecture (GOARCH).

Instructions by each architecture's manual; system call numbers by the kernel's
include/uapi/asm-generic/unistd.h (arm64, riscv64, loong64) and the tables of the others,
arch/*/kernel/syscalls/*.tbl and arch/*/entry/syscalls/*.tbl.
"""

from __future__ import annotations

import struct

# write(1, machine, length) after uname(), with a line feed put in the place of the NUL that ends
# the machine's name, and exit(0):
#
#     reserve 400 bytes of stack       struct utsname has 390: six fields of 65
#     uname(stack)
#     base = stack + 260, n = 0        the fifth field is the machine
#     while base[n] != 0: n += 1
#     base[n] = 10, n += 1
#     write(1, base, n)
#     exit(0)
_UNAME = {
    "arm64": (
        "ff4306d1e0030091081480d2010000d4e1130491020080d22368623863000034"
        "42040091fdffff17430180522368223842040091200080d2080880d2010000d4"
        "000080d2a80b80d2010000d4"
    ),
    "arm": (
        "19de4de20d00a0e17a70a0e3000000ef411f8de20020a0e30230d1e7000053e3"
        "0100000a012082e2faffffea0a30a0e30230c1e7012082e20100a0e30470a0e3"
        "000000ef0000a0e30170a0e3000000ef"
    ),
    "amd64": (
        "4881ec900100004889e7b83f0000000f05488db4240401000031d2803c160074"
        "04ffc2ebf6c604160affc2bf01000000b8010000000f0531ffb83c0000000f05"
    ),
    "386": (
        "81ec9001000089e3b87a000000cd808d8c240401000031d2803c1100740342eb"
        "f7c604110a42bb01000000b804000000cd8031dbb801000000cd80"
    ),
    "riscv64": (
        "130101e7130501009308000a730000009305411013060000b386c50003c70600"
        "63060700130616006ff01fff1307a0002380e600130616001305100093080004"
        "73000000130500009308d00573000000"
    ),
    "s390x": (
        "a7fbfe70b904002f0a7a4130f104a74900004154300095005000a7840006a74b"
        "0001a7f4fff8920a5000a74b0001a72900010a04a72900000a01"
    ),
    "ppc64le": (
        "70fe2138780b237c7a00003802000044040181380000a038ae28c47c0000062c"
        "0c0082410100a538f0ffff4b0a00c038ae29c47c0100a5380100603804000038"
        "02000044000060380100003802000044"
    ),
    "mips64le": (
        "70febd672520a003c51302240c0000000401a567000006242d38a6000000e890"
        "04000011000000000100c664faff0010000000000a0008240000e8a00100c664"
        "01000424891302240c00000000000424c21302240c000000"
    ),
    "loong64": (
        "63c0f9026400c0020b80820300002b006510c40206008003a7981000e800002a"
        "000d0040c604c002fff3ff5308288003e8000029c604c002040480030b008103"
        "00002b00040080030b74810300002b00"
    ),
}


def uname_code(architecture: str) -> bytes:
    """Return the code of a program that prints what ``uname -m`` prints."""
    return bytes.fromhex(_UNAME[architecture])


def exit_code(architecture: str, status: int) -> bytes:
    """Return the code of a program that does nothing but exit with a status, 0 to 255."""
    if architecture == "arm64":
        return _words(
            "<",
            0xD2800000 | status << 5,  # mov x0, #status
            0xD2800000 | 93 << 5 | 8,  # mov x8, #93 (exit)
            0xD4000001,  # svc #0
        )
    if architecture == "arm":
        return _words(
            "<",
            0xE3A00000 | status,  # mov r0, #status
            0xE3A07001,  # mov r7, #1 (exit)
            0xEF000000,  # svc #0
        )
    if architecture == "amd64":
        code = b"\xbf" + _words("<", status)  # mov edi, status
        code += b"\xb8" + _words("<", 60)  # mov eax, 60 (exit)
        return code + b"\x0f\x05"  # syscall
    if architecture == "386":
        code = b"\xbb" + _words("<", status)  # mov ebx, status
        code += b"\xb8" + _words("<", 1)  # mov eax, 1 (exit)
        return code + b"\xcd\x80"  # int 0x80
    if architecture == "riscv64":
        return _words(
            "<",
            0x00000513 | status << 20,  # li a0, status
            0x00000893 | 93 << 20,  # li a7, 93 (exit)
            0x00000073,  # ecall
        )
    if architecture == "s390x":
        return struct.pack(
            ">3H",
            0xA729,  # lghi %r2, status
            status,
            0x0A01,  # svc 1 (exit)
        )
    if architecture == "ppc64le":
        return _words(
            "<",
            0x38600000 | status,  # li r3, status
            0x38000001,  # li r0, 1 (exit)
            0x44000002,  # sc
        )
    if architecture == "mips64le":
        return _words(
            "<",
            0x24040000 | status,  # li $a0, status
            0x24020000 | 5058,  # li $v0, 5058 (exit)
            0x0000000C,  # syscall
        )
    return _words(
        "<",
        0x03800004 | status << 10,  # ori $a0, $zero, status (loong64)
        0x0380000B | 93 << 10,  # ori $a7, $zero, 93 (exit)
        0x002B0000,  # syscall 0
    )


def _words(order: str, *words: int) -> bytes:
    return struct.pack(f"{order}{len(words)}I", *words)
