# SPDX-License-Identifier: GPL-3.0-or-later
"""Handlers of foreign programs."""

from __future__ import annotations

import errno
import os
from typing import Any, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._elf import exit_program
from ansible_collections.arm64.docker.plugins.module_utils._observe._emulation import read_emulation
from ansible_collections.arm64.docker.plugins.module_utils._process import Result
from ansible_collections.arm64.docker.tests.unit.binfmt import RECORD
from ansible_collections.arm64.docker.tests.unit.fakes import said, silent
from ansible_collections.arm64.docker.tests.unit.hosts import Machine

Build = Callable[[str], Machine]
BINFMT = "/proc/sys/fs/binfmt_misc"

HANDLER = """\
enabled
interpreter /usr/libexec/qemu-binfmt/aarch64-binfmt-P
flags: {flags}
offset 0
magic 7f454c460201010000000000000000000200b700
mask ffffffffffffff00fffffffffffffffffeffffff
"""


FOREIGN = """\
enabled
interpreter /usr/bin/qemu-x86_64-static
flags: OF
offset 0
magic 7f454c4602010100000000000000000002003e00
mask fffffffffffefefcfffffffffffffffffeffffff
"""

HANDLED = {
    "name": "qemu-aarch64",
    "architecture": "arm64",
    "enabled": True,
    "interpreter": "/usr/libexec/qemu-binfmt/aarch64-binfmt-P",
    "flags": ["F", "O", "P"],
    "fix_binary": True,
    "offset": 0,
    "magic": "7f454c460201010000000000000000000200b700",
    "mask": "ffffffffffffff00fffffffffffffffffeffffff",
}

# As binfmt.d(5) writes them: magic and mask.
MAGICS = {
    "x86_64": r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x3e\x00:"
    r"\xff\xff\xff\xff\xff\xfe\xfe\xfc\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff",
    "i386": r"\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x03\x00:"
    r"\xff\xff\xff\xff\xff\xfe\xfe\xfc\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff",
}


def test_handlers_of_foreign_programs_are_read_from_the_kernel_and_tried(build: Build) -> None:
    machine = build("debian-12-amd64-build-host")
    machine.write(HANDLED["interpreter"], "")
    assert read_emulation(machine.host()) == {
        "mounted": True,
        "handlers": [
            {
                **HANDLED,
                "works": True,
                "failure": None,
                "interpreter_exists": True,
                "interpreter_dynamic": None,
            },
        ],
        "boot": [],
    }


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (said(rc=-11), "killed by SIGSEGV"),
        (said(rc=1, stderr="qemu: uncaught target signal"), "status 1 instead of 42: qemu"),
        (said(rc=126, stderr="[Errno 8] Exec format error"), "Exec format error"),
        (silent(), "time was up"),
        (Result((), None, missing=True), "interpreter is not there"),
    ],
)
def test_a_handler_that_does_not_work_says_why(machine: Machine, answer: Any, words: str) -> None:
    machine.write(f"{BINFMT}/qemu-x86_64", FOREIGN)
    machine.runner.answers["program"] = answer
    (handler,) = read_emulation(machine.host())["handlers"]
    assert (handler["works"], handler["architecture"]) == (False, "amd64")
    assert words in handler["failure"]


@pytest.mark.parametrize(
    ("moments", "works"), [((1, 2), [None, False]), ((2, 1), [False, None]), ((3, 3), [False] * 2)]
)
def test_of_several_handlers_the_newest_is_tried(
    machine: Machine, moments: tuple, works: list[bool | None]
) -> None:
    machine.runner.answers["program"] = said(rc=-11)
    for name, moment in zip(("mine", "qemu-x86_64"), moments):
        os.utime(machine.write(f"{BINFMT}/{name}", FOREIGN), (moment, 9))
    machine.write(f"{BINFMT}/off", FOREIGN.replace("enabled", "disabled"))
    seen = {one["name"]: one["works"] for one in read_emulation(machine.host())["handlers"]}
    assert seen == {"mine": works[0], "qemu-x86_64": works[1], "off": None}


@pytest.mark.parametrize("loader", [True, False])
def test_an_interpreter_that_looks_for_libraries_is_told_from_a_static_one(
    machine: Machine, loader: bool
) -> None:
    program = bytearray(exit_program("arm64", 0))
    program[64] = 3 if loader else 1
    machine.write("/usr/bin/qemu-x86_64-static", bytes(program))
    machine.write(f"{BINFMT}/qemu-x86_64", FOREIGN)
    (handler,) = read_emulation(machine.host())["handlers"]
    assert handler["interpreter_dynamic"] is loader


def test_a_kernel_that_executes_nothing_from_memory_leaves_open_what_works(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: Any) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "memfd_create", refuse)
    machine.write(f"{BINFMT}/qemu-x86_64", FOREIGN)
    (handler,) = read_emulation(machine.host())["handlers"]
    assert handler["works"] is None
    assert "No program can be tried" in handler["failure"]


def test_a_handler_that_is_off_is_not_tried(machine: Machine) -> None:
    machine.write(f"{BINFMT}/qemu-x86_64", FOREIGN.replace("enabled", "disabled"))
    (handler,) = read_emulation(machine.host())["handlers"]
    assert (handler["works"], handler["failure"]) == (None, None)
    assert machine.runner.asked == []


def test_the_registrations_of_the_next_boot_are_those_that_systemd_would_read(
    machine: Machine,
) -> None:
    for folder, name in (("/usr/lib", "x86_64"), ("/usr/lib", "i386"), ("/etc", "i386")):
        line = f":qemu-{name}:M::{MAGICS[name]}:/usr/bin/qemu-{name}-static:OF"
        machine.write(f"{folder}/binfmt.d/qemu-{name}.conf", f"# a comment\n{line}\n")
    machine.link("/etc/binfmt.d/qemu-arm.conf", "/dev/null")
    machine.write("/usr/lib/binfmt.d/python3.conf", ":python3:M::\\xa7\\x0d::/usr/bin/python3:\n")
    machine.write("/usr/bin/qemu-x86_64-static", "")
    boot = read_emulation(machine.host())["boot"]
    seen = [
        (one["path"], one["masked"], one.get("architecture"), one.get("interpreter_exists"))
        for one in boot
    ]
    assert seen == [
        ("/etc/binfmt.d/qemu-arm.conf", True, None, None),
        ("/etc/binfmt.d/qemu-i386.conf", False, "386", False),
        ("/usr/lib/binfmt.d/qemu-x86_64.conf", False, "amd64", True),
    ]
    machine.link("/etc/systemd/system/systemd-binfmt.service", "/dev/null")
    assert read_emulation(machine.host())["boot"] == []


def test_the_next_boot_has_what_binfmt_support_registers(machine: Machine) -> None:
    machine.write("/usr/sbin/update-binfmts", "")
    unit = "/lib/systemd/system/binfmt-support.service"
    machine.link("/etc/systemd/system/multi-user.target.wants/binfmt-support.service", unit)
    machine.write("/var/lib/binfmts/qemu-aarch64", RECORD)
    machine.write("/var/lib/binfmts/python3.11", "python3.11\nmagic\n0\n\\xa7\x0d\n\n/py\n\n\n\n\n")
    (held,) = read_emulation(machine.host())["boot"]
    assert (held["path"], held["masked"]) == ("/var/lib/binfmts/qemu-aarch64", False)
    assert (held["architecture"], held["flags"]) == ("arm64", ["F", "P"])
    machine.link("/etc/systemd/system/systemd-binfmt.service", "/dev/null")
    assert read_emulation(machine.host())["boot"] == [held]
    machine.link("/etc/systemd/system/binfmt-support.service", "/dev/null")
    assert read_emulation(machine.host())["boot"] == []


@pytest.mark.parametrize(
    ("flags", "found", "fixed"),
    [
        ("", [], False),
        ("OC", ["C", "O"], False),
        ("F", ["F"], True),
        ("FPO", ["F", "O", "P"], True),
        ("POCFTLDX", ["C", "D", "F", "L", "O", "P", "T", "X"], True),
    ],
)
def test_flags_are_a_set_in_which_new_ones_do_no_harm(
    machine: Machine, flags: str, found: list[str], fixed: bool
) -> None:
    machine.write(f"{BINFMT}/qemu-aarch64", HANDLER.format(flags=flags))
    (handler,) = read_emulation(machine.host())["handlers"]
    assert (handler["flags"], handler["fix_binary"]) == (found, fixed)


def test_a_handler_can_be_disabled_or_go_by_the_name_of_the_file(machine: Machine) -> None:
    machine.write(f"{BINFMT}/cli", "disabled\ninterpreter /usr/bin/cli\nflags: \nextension .exe\n")
    (handler,) = read_emulation(machine.host())["handlers"]
    assert (handler["name"], handler["enabled"], handler["magic"]) == ("cli", False, "")


def test_a_handler_that_cannot_be_read_does_not_hide_the_others(machine: Machine) -> None:
    machine.write(f"{BINFMT}/qemu-aarch64", HANDLER.format(flags="F"))
    machine.write(f"{BINFMT}/qemu-arm", "enabled\noffset many\n")
    machine.folder(f"{BINFMT}/qemu-odd")
    handlers = read_emulation(machine.host())["handlers"]
    assert [handler["name"] for handler in handlers] == ["qemu-aarch64"]


def test_a_host_without_binfmt_misc_has_no_handlers(machine: Machine) -> None:
    machine.remove(f"{BINFMT}/status")
    assert read_emulation(machine.host()) == {"mounted": False, "handlers": [], "boot": []}


@given(
    st.text()
    | st.lists(st.sampled_from(["enabled", "flags:", "offset", " ", "\n", "0", "x"])).map("".join)
)
def test_any_handler_is_read_or_passed_over(machine: Machine, text: str) -> None:
    machine.write(f"{BINFMT}/odd", text)
    assert len(read_emulation(machine.host())["handlers"]) <= 1
