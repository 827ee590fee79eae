# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registrations of binfmt_misc: QEMU's formats, parsing, rendering, comparing.

By the kernel's Documentation/admin-guide/binfmt-misc.rst.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any, Iterable, Mapping

from ansible_collections.arm64.docker.plugins.module_utils._elf import exit_program
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

# fs/binfmt_misc.c: MAX_REGISTER_LENGTH, and the interpreter has to fit into BINPRM_BUF_SIZE.
LINE_LIMIT = 1920
INTERPRETER_LIMIT = 127

FIX_BINARY, CREDENTIALS, OPEN, PRESERVE = "F", "C", "O", "P"

_HANDLERS = {
    "arm64": "aarch64",
    "arm": "arm",
    "amd64": "x86_64",
    "386": "i386",
    "riscv64": "riscv64",
    "s390x": "s390x",
    "ppc64le": "ppc64le",
    "mips64le": "mips64el",
    "loong64": "loongarch64",
}
ARCHITECTURES = tuple(_HANDLERS)

# scripts/qemu-binfmt-conf.sh of QEMU 10.0: 20 bytes of the header count, of which identification
# and type may differ in what a mask leaves open.
_HEADER_SIZE = 20
_MASKS = {
    "amd64": "fffffffffffefefcfffffffffffffffffeffffff",
    "386": "fffffffffffefefcfffffffffffffffffeffffff",
    "s390x": "fffffffffffffffcfffffffffffffffffffeffff",
    "ppc64le": "fffffffffffffffcfffffffffffffffffeffff00",
    "mips64le": "ffffffffffffff0000fffffffffffffffeffffff",
    "loong64": "fffffffffffffffc00fffffffffffffffeffffff",
}
_MASK = "ffffffffffffff00fffffffffffffffffeffffff"

_ORDER, _BIG_ENDIAN = 5, 2
_OSABI, _GNU = 7, 3
_TYPE, _SHARED_OBJECT = 16, 3
_DELIMITERS = ":,;|!"
_NUMBER = re.compile(r"\d{1,9}")
_ESCAPE = re.compile(rb"\\x([0-9A-Fa-f]{2})|\\(.)", re.DOTALL)


@dataclass(frozen=True)
class Handler:
    """One registration. ``magic`` and ``mask`` are hexadecimal, ``flags`` sorted letters.

    One that goes by a file's ending has an empty magic, which no executable of ours bears.
    """

    name: str
    interpreter: str
    flags: str
    offset: int
    magic: str
    mask: str
    enabled: bool = True

    @property
    def fix_binary(self) -> bool:
        """Whether the kernel holds the interpreter open, so that containers can use it."""
        return FIX_BINARY in self.flags

    def accepts(self, header: bytes) -> bool:
        """Tell whether the kernel gives a program with this beginning to the handler."""
        size = len(self.magic) // 2
        part = header[self.offset : self.offset + size]
        if not size or len(part) < size or (self.mask and len(self.mask) < len(self.magic)):
            return False
        bits = int(self.mask[: 2 * size] or "ff" * size, 16)
        return (int.from_bytes(part, "big") ^ int(self.magic, 16)) & bits == 0


def handler_name(architecture: str) -> str:
    """Return the name that QEMU's handler of an architecture (GOARCH) has everywhere."""
    return f"qemu-{_HANDLERS[architecture]}"


def emulator_name(architecture: str) -> str:
    """Return what QEMU calls an architecture (GOARCH)."""
    return _HANDLERS[architecture]


def magic(architecture: str) -> str:
    """Return how executables of an architecture begin, 20 bytes in hexadecimal digits."""
    return exit_program(architecture, 0)[:_HEADER_SIZE].hex()


def mask(architecture: str) -> str:
    """Return the bits of ``magic`` that count, in hexadecimal digits."""
    return _MASKS.get(architecture, _MASK)


def serves(handler: Handler, architecture: str) -> bool:
    """Tell whether programs of an architecture go to a handler, static and dynamic ones."""
    return all(handler.accepts(header) for header in _headers(architecture))


def exact(handler: Handler, architecture: str) -> bool:
    """Tell whether all programs of an architecture go to a handler, and none of another one.

    Static programs that choose functions as they start are marked as GNU's (elf(5), EI_OSABI).
    """
    marked = (
        header[:_OSABI] + bytes((_GNU,)) + header[_OSABI + 1 :] for header in _headers(architecture)
    )
    others = (name for name in ARCHITECTURES if name != architecture)
    return (
        serves(handler, architecture)
        and all(handler.accepts(header) for header in marked)
        and not any(serves(handler, name) for name in others)
    )


@functools.lru_cache(maxsize=None)
def _headers(architecture: str) -> tuple[bytes, bytes]:
    """Return how static and dynamic programs of an architecture begin."""
    static = exit_program(architecture, 0)
    dynamic = bytearray(static)
    dynamic[_TYPE + (1 if static[_ORDER] == _BIG_ENDIAN else 0)] = _SHARED_OBJECT
    return static, bytes(dynamic)


def architecture_of(handler: Handler) -> str | None:
    """Return the architecture (GOARCH) whose programs go to a handler, None for a foreign one."""
    return next((name for name in ARCHITECTURES if serves(handler, name)), None)


def asked(
    handlers: Iterable[Handler], architecture: str, since: Mapping[str, int]
) -> list[Handler]:
    """Return the handler that the kernel gives programs of an architecture to, the newest one.

    Those that were registered in the same moment are all returned, none where none is enabled.

    :param since: when each handler was registered, by its name; what is missing came and went
    """
    serving = [one for one in handlers if one.enabled and serves(one, architecture)]
    newest = max((since.get(one.name, 0) for one in serving), default=0)
    return [one for one in serving if since.get(one.name, 0) == newest]


def facts(handler: Handler) -> dict[str, Any]:
    """Return a registration as facts and results show it."""
    return {
        "name": handler.name,
        "architecture": architecture_of(handler),
        "enabled": handler.enabled,
        "interpreter": handler.interpreter,
        "flags": list(handler.flags),
        "fix_binary": handler.fix_binary,
        "offset": handler.offset,
        "magic": handler.magic,
        "mask": handler.mask,
    }


def parse_entry(name: str, text: str) -> Handler:
    """Read what the kernel shows of a registration in /proc/sys/fs/binfmt_misc.

    :raises ValueError: where it is no such text
    """
    lines = text.splitlines()
    fields = dict(line.split(" ", 1) for line in lines[1:] if " " in line)
    handler = Handler(
        name=name,
        interpreter=fields.get("interpreter", ""),
        flags="".join(sorted(set(fields.get("flags:", "").strip()))),
        offset=int(fields.get("offset", "0")),
        magic=fields.get("magic", ""),
        mask=fields.get("mask", ""),
        enabled=lines[:1] == ["enabled"],
    )
    bytes.fromhex(handler.magic + handler.mask)
    return handler


def parse_line(line: str) -> Handler | None:
    """Read a line for the kernel's file ``register`` (binfmt.d(5)); None if it is none.

    The first character says what separates the fields.
    """
    fields = line[1:].split(line[0]) if line else []
    if len(fields) < 7 or fields[1] not in ("M", "E"):
        return None
    name, kind, offset, beginning, bits, interpreter, flags = fields[:7]
    if kind == "E":
        offset, beginning, bits = "", "", ""
    if offset and not _NUMBER.fullmatch(offset):
        return None
    return Handler(
        name=name,
        interpreter=interpreter,
        flags="".join(sorted(set(flags.strip()))),
        offset=int(offset or "0"),
        magic=_unescape(beginning).hex(),
        mask=_unescape(bits).hex(),
    )


def render(handler: Handler) -> str:
    """Return the line that registers a handler.

    :raises DockerHostError: where the kernel would not take it
    """
    delimiter = next((mark for mark in _DELIMITERS if mark not in handler.interpreter), None)
    size = len(handler.interpreter.encode("utf-8", "surrogateescape"))
    if delimiter is None or size > INTERPRETER_LIMIT or not handler.interpreter.startswith("/"):
        raise DockerHostError(
            f"The kernel takes no interpreter '{handler.interpreter}'.",
            f"Give an absolute path of at most {INTERPRETER_LIMIT} bytes without "
            f"{' '.join(_DELIMITERS)}, such as a symbolic link to it.",
        )
    line = delimiter + delimiter.join(
        (
            handler.name,
            "M",
            str(handler.offset or ""),
            _escape(handler.magic),
            _escape(handler.mask),
            handler.interpreter,
            handler.flags,
        )
    )
    if len(line.encode("utf-8", "surrogateescape")) > LINE_LIMIT:
        raise DockerHostError(
            f"The registration of {handler.name} is longer than the {LINE_LIMIT} bytes that the "
            "kernel takes.",
            "Shorten its name or its interpreter's path.",
        )
    return line


def _escape(digits: str) -> str:
    return "".join(f"\\x{digits[start : start + 2]}" for start in range(0, len(digits), 2))


def _unescape(text: str) -> bytes:
    """Return the bytes of a field: ``\\x`` and two digits are one byte, all else is itself."""

    def byte(match: re.Match) -> bytes:
        return bytes((int(match.group(1), 16),)) if match.group(1) else match.group(2)

    return _ESCAPE.sub(byte, text.encode("utf-8", "surrogateescape"))
