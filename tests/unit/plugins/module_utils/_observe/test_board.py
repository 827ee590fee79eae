# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Callable

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._observe._board import read_board
from ansible_collections.arm64.docker.tests.unit.hosts import Machine

BOARDS = [
    (
        "raspberry-pi-4-bookworm",
        {
            "vendor": "raspberrypi",
            "family": "bcm2711",
            "model": "Raspberry Pi 4 Model B Rev 1.4",
            "compatible": ["raspberrypi,4-model-b", "brcm,bcm2711"],
            "release": "2025-05-13",
            "image": {"path": "/etc/rpi-issue", "vendor": "raspberrypi"},
        },
    ),
    (
        "raspberry-pi-5-bookworm-16k",
        {
            "vendor": "raspberrypi",
            "family": "bcm2712",
            "model": "Raspberry Pi 5 Model B Rev 1.0",
            "compatible": ["raspberrypi,5-model-b", "brcm,bcm2712"],
            "release": "2025-05-13",
            "image": {"path": "/etc/rpi-issue", "vendor": "raspberrypi"},
        },
    ),
    (
        "jetson-orin-nano-jetpack-6",
        {
            "vendor": "nvidia",
            "family": "tegra234",
            "model": "NVIDIA Jetson Orin Nano Developer Kit",
            "compatible": ["nvidia,p3768-0000+p3767-0005", "nvidia,p3767-0005", "nvidia,tegra234"],
            "release": "36.4.3",
            "image": {"path": "/etc/nv_tegra_release", "vendor": "nvidia"},
        },
    ),
    (
        "jetson-xavier-nx-jetpack-5",
        {
            "vendor": "nvidia",
            "family": "tegra194",
            "model": "NVIDIA Jetson Xavier NX Developer Kit",
            "compatible": ["nvidia,p3509-0000+p3668-0000", "nvidia,tegra194"],
            "release": "35.4.1",
            "image": {"path": "/etc/nv_tegra_release", "vendor": "nvidia"},
        },
    ),
    (
        "rockpro64-armbian-bookworm",
        {
            "vendor": "rockchip",
            "family": "rk3399",
            "model": "Pine64 RockPro64 v2.1",
            "compatible": ["pine64,rockpro64-v2.1", "pine64,rockpro64", "rockchip,rk3399"],
            "release": "25.5.1",
            "image": {"path": "/etc/armbian-release", "vendor": "rockchip"},
        },
    ),
    (
        "debian-13-arm64",
        {
            "vendor": "generic",
            "family": "dummy-virt",
            "model": "linux,dummy-virt",
            "compatible": ["linux,dummy-virt"],
            "release": None,
            "image": None,
        },
    ),
    (
        "debian-12-amd64-build-host",
        {
            "vendor": "generic",
            "family": None,
            "model": "PowerEdge R640",
            "compatible": [],
            "release": None,
            "image": None,
        },
    ),
]


@pytest.mark.parametrize(("name", "board"), BOARDS, ids=[row[0] for row in BOARDS])
def test_boards_are_known_by_their_device_tree(
    build: Callable[[str], Machine], name: str, board: dict[str, Any]
) -> None:
    assert read_board(build(name).host()) == {**board, "throttled": None}


def test_the_device_tree_is_found_in_sysfs_too(machine: Machine) -> None:
    machine.remove("/proc/device-tree")
    machine.write("/sys/firmware/devicetree/base/compatible", b"pine64,rock64\0rockchip,rk3328\0")
    machine.write("/sys/firmware/devicetree/base/model", b"Pine64 Rock64\0")
    board = read_board(machine.host())
    assert (board["vendor"], board["family"], board["model"]) == (
        "rockchip",
        "rk3328",
        "Pine64 Rock64",
    )


def test_a_machine_that_tells_nothing_about_itself_is_generic(machine: Machine) -> None:
    machine.remove("/proc/device-tree")
    assert read_board(machine.host()) == {
        "vendor": "generic",
        "family": None,
        "model": None,
        "compatible": [],
        "release": None,
        "image": None,
        "throttled": None,
    }


@pytest.mark.parametrize(
    "compatible",
    [b"", b"\0", b"\0\0\0", b"no-comma\0", b",\0", b"\xff\xfe\0\xff", b"a,b", b"a,b\n\0c,d\n\0"],
)
def test_odd_strings_in_the_device_tree_are_no_error(machine: Machine, compatible: bytes) -> None:
    machine.write("/proc/device-tree/compatible", compatible)
    assert read_board(machine.host())["vendor"] == "generic"


@pytest.mark.parametrize("text", ["", "# R (release)", "R36", "\0", "REVISION: 4.3"])
def test_a_release_file_of_another_shape_gives_no_release(
    build: Callable[[str], Machine], text: str
) -> None:
    jetson = build("jetson-orin-nano-jetpack-6")
    jetson.write("/etc/nv_tegra_release", text)
    assert read_board(jetson.host())["release"] is None


@pytest.mark.parametrize(
    ("family", "vendor"),
    [("rk35xx", "rockchip"), ("rockchip-rk3588", "rockchip"), ("bcm2711", "raspberrypi")],
)
def test_an_image_of_armbian_names_its_family(machine: Machine, family: str, vendor: str) -> None:
    machine.write("/etc/armbian-release", f'BOARD=some\nLINUXFAMILY="{family}"\n')
    image = {"path": "/etc/armbian-release", "vendor": vendor}
    assert read_board(machine.host())["image"] == image


@pytest.mark.parametrize("text", ["", "LINUXFAMILY=meson64\n", "LINUXFAMILY=\n", "\0"])
def test_an_image_that_names_no_known_family_is_nobodys(machine: Machine, text: str) -> None:
    machine.write("/etc/armbian-release", text)
    assert read_board(machine.host())["image"] is None


def test_a_file_of_another_vendor_does_not_change_what_the_board_is(
    build: Callable[[str], Machine],
) -> None:
    pi = build("raspberry-pi-4-bookworm")
    pi.write("/etc/nv_tegra_release", "# R36 (release), REVISION: 4.3, GCID: 38968081\n")
    board = read_board(pi.host())
    assert board["vendor"] == "raspberrypi"
    assert board["image"] == {"path": "/etc/nv_tegra_release", "vendor": "nvidia"}


def test_a_pi_with_another_system_has_no_release_of_raspberry_pi_os(
    build: Callable[[str], Machine],
) -> None:
    pi = build("raspberry-pi-4-bookworm")
    pi.remove("/etc/rpi-issue")
    assert read_board(pi.host())["release"] is None
