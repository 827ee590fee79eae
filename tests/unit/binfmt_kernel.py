# SPDX-License-Identifier: GPL-3.0-or-later
"""Stories of handlers in the kernel's own binfmt_misc, of which a user namespace has its own.

Started in a namespace it tells the story that it is given, with programs of this machine in the
place of QEMU: one ends as a program that was emulated does, and one does not.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.arm64.docker.plugins.module_utils import _binfmt
from ansible_collections.arm64.docker.plugins.module_utils._binfmt import Handler
from ansible_collections.arm64.docker.plugins.module_utils._binfmt_apply import (
    Outcome,
    Request,
    configure,
)
from ansible_collections.arm64.docker.plugins.module_utils._binfmt_machine import BINFMT, Machine
from ansible_collections.arm64.docker.plugins.module_utils._binfmt_plan import ABSENT, Wish
from ansible_collections.arm64.docker.plugins.module_utils._elf import exit_program
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._execute import STATUS
from ansible_collections.arm64.docker.plugins.module_utils._observe._emulation import read_emulation
from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform
from ansible_collections.arm64.docker.plugins.module_utils._process import Runner
from ansible_collections.arm64.docker.tests.unit.binfmt import handler

OWN = Platform.parse(platform.machine()).architecture

# Where a kernel has no binfmt_misc for a user namespace (before 6.7), or no namespace for a user.
UNAVAILABLE = 77

# What an instance of binfmt_misc holds in which nothing is registered.
_EMPTY = ["register", "status"]

NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc")


class Kernel:
    """The kernel of this machine, as it shows itself in the namespace."""

    def __init__(self, folder: Path) -> None:
        self.good, self.bad = str(folder / "good"), str(folder / "bad")
        for path, status in ((self.good, STATUS), (self.bad, 1)):
            Path(path).write_bytes(exit_program(OWN, status))
            os.chmod(path, 0o755)
        self.machine = Machine(Runner())

    def register(self, name: str, interpreter: str, flags: str = "FO") -> Handler:
        one = replace(handler("s390x", interpreter, flags), name=name)
        self.machine.register(_binfmt.render(one))
        return one

    def do(self, **options: Any) -> list[str]:
        check = options.pop("check", False)
        wish = Wish("s390x", persistent=False, **options)
        outcome: Outcome = configure(Request(wish, host=OWN, check=check), self.machine)
        return [str(action) for action in outcome.actions]

    def held(self) -> dict[str, str]:
        return {one.name: one.interpreter for one in self.machine.handlers()}

    def works(self) -> dict[str, bool | None]:
        handlers = read_emulation(Host("/", Runner(), 30))["handlers"]
        return {one["name"]: one["works"] for one in handlers}


def tell_registration(kernel: Kernel) -> None:
    """A handler is registered, proven, left alone, given credentials and taken away."""
    wish = {"interpreter": kernel.good}
    assert kernel.do(**wish, check=True) == ["register qemu-s390x"]
    assert kernel.held() == {}
    assert kernel.do(**wish) == ["register qemu-s390x"]
    assert kernel.do(**wish) == []
    assert kernel.works() == {"qemu-s390x": True}
    assert kernel.do(**wish, credentials=True) == ["unregister qemu-s390x", "register qemu-s390x"]
    (one,) = kernel.machine.handlers()
    assert one == handler("s390x", kernel.good, "CFO")
    assert kernel.do(state=ABSENT) == ["unregister qemu-s390x"]
    assert kernel.held() == {}


def tell_failure(kernel: Kernel) -> None:
    """What does not work is taken back, and what was there is there."""
    for _there in range(2):
        before = kernel.held()
        with pytest.raises(DockerHostError, match="does not work: it ended with status 1"):
            kernel.do(interpreter=kernel.bad)
        assert kernel.held() == before
        if not before:
            kernel.register("qemu-s390x", kernel.good)


def tell_newest(kernel: Kernel) -> None:
    """The kernel asks the newest handler, also where an older one was off in between."""
    kernel.register("mine", kernel.bad)
    _wait()
    kernel.register("qemu-s390x", kernel.good)
    assert kernel.works() == {"mine": None, "qemu-s390x": True}
    for value in ("0", "1"):
        _wait()
        kernel.machine.set("mine", value)
    assert kernel.works() == {"mine": None, "qemu-s390x": True}
    kernel.machine.set("qemu-s390x", "0")
    assert kernel.works() == {"mine": False, "qemu-s390x": None}


def tell_leftover(kernel: Kernel) -> None:
    """What a killed run left does not stand in the way."""
    kernel.register("qemu-s390x", kernel.bad)
    kernel.register("arm64-docker-trial", kernel.good)
    assert kernel.do(interpreter=kernel.good)[0] == "unregister arm64-docker-trial"
    assert kernel.held() == {"qemu-s390x": kernel.good}


def tell_inactive(kernel: Kernel) -> None:
    """A kernel that asks no handler at all is told to, and again not to where that fails."""
    kernel.register("qemu-s390x", kernel.good)
    kernel.machine.set("status", "0")
    assert kernel.works() == {"qemu-s390x": False}
    assert kernel.do() == ["activate binfmt_misc"]
    assert kernel.works() == {"qemu-s390x": True}


def _wait() -> None:
    """Wait until files get a later time: the kernel's clock for them has steps of up to 10 ms."""
    with tempfile.TemporaryDirectory() as folder:
        before = os.stat(folder).st_mtime_ns
        while True:
            with tempfile.NamedTemporaryFile(dir=folder) as file:
                if os.fstat(file.fileno()).st_mtime_ns > before:
                    return


def main(story: str, device: str) -> int:
    """Tell a story in the namespace; ``device`` is the machine's own binfmt_misc, left alone."""
    mount = ("mount", "-t", "binfmt_misc", "binfmt_misc", BINFMT)
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    if not mounted or str(os.stat(BINFMT).st_dev) == device or sorted(os.listdir(BINFMT)) != _EMPTY:
        return UNAVAILABLE
    with tempfile.TemporaryDirectory() as folder:
        globals()[f"tell_{story}"](Kernel(Path(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
