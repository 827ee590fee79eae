# SPDX-License-Identifier: GPL-3.0-or-later
"""Handlers, and a machine whose kernel takes registrations as the real one does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ansible_collections.arm64.docker.plugins.module_utils import _binfmt, _binfmt_machine
from ansible_collections.arm64.docker.plugins.module_utils._binfmt import Handler
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.tests.unit.fakes import FakeRunner


def handler(architecture: str, interpreter: str = "/usr/bin/qemu", flags: str = "FO") -> Handler:
    """Return QEMU's handler of an architecture."""
    return Handler(
        _binfmt.handler_name(architecture),
        interpreter,
        "".join(sorted(flags)),
        0,
        _binfmt.magic(architecture),
        _binfmt.mask(architecture),
    )


# What update-binfmts 2.2.2 keeps of what Debian 12's qemu-user-static registers.
RECORD = (
    "qemu-user-static\nmagic\n0\n"
    r"\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
    "\n"
    r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
    "\n/usr/libexec/qemu-binfmt/aarch64-binfmt-P\n\nno\nyes\nyes\n"
)


class FakeKernel(_binfmt_machine.Machine):
    """A machine with files in a folder and a kernel that holds handlers.

    ``broken`` are the interpreters that do not work, ``refused`` the names that the kernel does
    not take, and ``own`` the architectures that the cores run themselves.
    """

    def __init__(self, root: Path, *held: Handler) -> None:
        super().__init__(FakeRunner(), str(root))
        self.held = {one.name: one for one in held}
        self.is_mounted = self.is_active = True
        self.broken: set[str] = set()
        self.refused: set[str] = set()
        self.own = {"amd64", "386"}

    def mounted(self) -> bool:
        return self.is_mounted

    def active(self) -> bool:
        return self.is_active

    def mount(self) -> None:
        self.is_mounted = True

    def handlers(self) -> list[Handler]:
        return [self.held[name] for name in sorted(self.held)]

    def since(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.held)}

    def register(self, line: str) -> None:
        one = _binfmt.parse_line(line)
        if one.name in self.refused or one.name in self.held:
            raise DockerHostError(f"The kernel refuses {one.name}.", "Ask it why.")
        if "F" in one.flags and not self.exists(one.interpreter):
            raise DockerHostError(f"The kernel cannot open {one.interpreter}.", "Bring it back.")
        if "C" in one.flags:
            one = replace(one, flags="".join(sorted({*one.flags, "O"})))
        self.held[one.name] = one

    def set(self, name: str, value: str) -> None:
        if name == "status":
            self.is_active = value == _binfmt_machine.ON
        elif value == _binfmt_machine.AWAY:
            del self.held[name]
        else:
            self.held[name] = replace(self.held[name], enabled=value == _binfmt_machine.ON)

    def failure(self, architecture: str) -> str | None:
        serving = [one for one in self.held.values() if _binfmt.serves(one, architecture)]
        asked = [one for one in serving if one.enabled and self.is_active]
        if not asked:
            return None if architecture in self.own else "nothing executes it"
        broken = asked[-1].interpreter in self.broken
        return "it was killed by SIGSEGV" if broken else None
