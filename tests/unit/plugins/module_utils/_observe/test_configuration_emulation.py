# SPDX-License-Identifier: GPL-3.0-or-later
"""Handlers of foreign programs."""

from __future__ import annotations

from typing import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._observe._configuration import (
    read_emulation,
)
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


def test_handlers_of_foreign_programs_are_read_from_the_kernel(build: Build) -> None:
    assert read_emulation(build("debian-12-amd64-build-host").host()) == {
        "mounted": True,
        "handlers": [
            {
                "name": "qemu-aarch64",
                "enabled": True,
                "interpreter": "/usr/libexec/qemu-binfmt/aarch64-binfmt-P",
                "flags": ["F", "O", "P"],
                "fix_binary": True,
                "offset": 0,
                "magic": "7f454c460201010000000000000000000200b700",
                "mask": "ffffffffffffff00fffffffffffffffffeffffff",
            }
        ],
    }


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
    assert read_emulation(machine.host()) == {"mounted": False, "handlers": []}


@given(
    st.text()
    | st.lists(st.sampled_from(["enabled", "flags:", "offset", " ", "\n", "0", "x"])).map("".join)
)
def test_any_handler_is_read_or_passed_over(machine: Machine, text: str) -> None:
    machine.write(f"{BINFMT}/odd", text)
    assert len(read_emulation(machine.host())["handlers"]) <= 1
