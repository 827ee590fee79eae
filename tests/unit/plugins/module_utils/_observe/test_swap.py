# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._observe._swap import read_swap
from ansible_collections.arm64.docker.tests.unit.hosts import Machine

HEADER = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"


def swaps(machine: Machine, *lines: str) -> None:
    machine.write("/proc/swaps", HEADER + "".join(f"{line}\n" for line in lines))


def mount(machine: Machine, path: str, source: str) -> None:
    table = machine.path("/proc/self/mountinfo")
    table.write_text(f"{table.read_text()}40 22 8:1 / {path} rw - ext4 {source} rw\n")


def test_a_host_without_swap_has_no_areas(machine: Machine) -> None:
    assert read_swap(machine.host()) == []
    swaps(machine)
    assert read_swap(machine.host()) == []


@pytest.mark.parametrize(
    ("device", "on_card"),
    [
        ("/dev/mmcblk0p3", True),
        ("/dev/mmcblk1p1", True),
        ("/dev/zram0", False),
        ("/dev/sda2", False),
        ("/dev/nvme0n1p3", False),
        ("/dev/dm-1", False),
    ],
)
def test_a_partition_is_on_a_card_by_its_device(
    machine: Machine, device: str, on_card: bool
) -> None:
    swaps(machine, f"{device}   partition\t2097148\t\t0\t\t-2")
    assert read_swap(machine.host()) == [{"path": device, "mb": 2047, "on_card": on_card}]


def test_a_file_is_on_a_card_where_its_file_system_is(machine: Machine) -> None:
    swaps(machine, "/var/swap  file\t\t524272\t\t1024\t\t-2", "/mnt/ssd/swap file 1024 0 -3")
    mount(machine, "/", "/dev/mmcblk0p2")
    mount(machine, "/mnt/ssd", "/dev/sda1")
    assert read_swap(machine.host()) == [
        {"path": "/var/swap", "mb": 511, "on_card": True},
        {"path": "/mnt/ssd/swap", "mb": 1, "on_card": False},
    ]


def test_a_file_whose_file_system_cannot_be_told_is_on_no_card(machine: Machine) -> None:
    swaps(machine, "/var/swap file 524272 0 -2")
    machine.remove("/proc/self/mountinfo")
    assert read_swap(machine.host()) == [{"path": "/var/swap", "mb": 511, "on_card": False}]


def test_signs_that_the_kernel_escapes_are_put_back(machine: Machine) -> None:
    swaps(machine, r"/my\040disk/swap file 1024 0 -2")
    assert [area["path"] for area in read_swap(machine.host())] == ["/my disk/swap"]


@given(st.text() | st.text(" \\\t\n/09file"))
def test_any_list_of_areas_is_read(machine: Machine, text: str) -> None:
    machine.write("/proc/swaps", HEADER + text)
    for area in read_swap(machine.host()):
        assert set(area) == {"path", "mb", "on_card"}
