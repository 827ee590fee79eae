# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._observe._boot import read_boot
from ansible_collections.arm64.docker.tests.unit.boot_files import GENERATED
from ansible_collections.arm64.docker.tests.unit.hosts import Machine

Build = Callable[[str], Machine]
PI = "raspberry-pi-4-bookworm"
CMDLINE_TXT = "/boot/firmware/cmdline.txt"
CONFIG_TXT = "/boot/firmware/config.txt"


@pytest.mark.parametrize(
    ("name", "loader", "path"),
    [
        ("raspberry-pi-4-bookworm", "raspberrypi", "/boot/firmware/cmdline.txt"),
        ("jetson-orin-nano-jetpack-6", "extlinux", "/boot/extlinux/extlinux.conf"),
        ("rockpro64-armbian-bookworm", "armbian", "/boot/armbianEnv.txt"),
        ("debian-13-arm64", "grub", "/etc/default/grub"),
    ],
)
def test_the_boot_loader_is_known_by_its_file(
    build: Build, name: str, loader: str, path: str
) -> None:
    machine = build(name)
    boot = read_boot(machine.host())
    assert (boot["loader"], boot["path"]) == (loader, path)
    assert boot["content"] == machine.path(path).read_text()
    assert boot["running"] == machine.path("/proc/cmdline").read_text().strip()


def test_an_older_pi_has_its_parameters_in_boot(build: Build) -> None:
    pi = build("raspberry-pi-4-bookworm")
    pi.remove("/boot/firmware")
    assert read_boot(pi.host())["path"] == "/boot/cmdline.txt"


def test_a_host_without_a_known_boot_loader_has_none(machine: Machine) -> None:
    machine.remove("/etc/default/grub")
    machine.remove("/proc/cmdline")
    assert read_boot(machine.host()) == {
        "loader": None,
        "path": None,
        "content": None,
        "running": "",
        "paths": [],
        "parameters": [],
        "generator": None,
        "generator_advice": None,
        "config": None,
    }


@pytest.mark.parametrize(
    ("name", "paths", "last"),
    [
        (PI, [CMDLINE_TXT], "rootwait"),
        ("jetson-orin-nano-jetpack-6", ["/boot/extlinux/extlinux.conf"], "rootwait"),
        ("debian-13-arm64", ["/etc/default/grub.d/arm64-docker.cfg"], "quiet"),
    ],
)
def test_the_files_to_edit_and_what_they_give_are_told(
    build: Build, name: str, paths: list[str], last: str
) -> None:
    boot = read_boot(build(name).host())
    assert boot["paths"] == paths
    assert boot["parameters"][-1] == last
    assert boot["generator"] is None


def test_the_settings_of_a_pi_are_those_that_apply_to_it(build: Build) -> None:
    pi = build(PI)
    assert read_boot(pi.host())["config"] is None
    text = "arm_64bit=1\n[pi5]\nkernel=kernel_2712.img\n[pi4]\nkernel=kernel8.img\n"
    pi.write(CONFIG_TXT, text)
    assert read_boot(pi.host())["config"] == {
        "path": CONFIG_TXT,
        "content": text,
        "kernel": "kernel8.img",
        "os_prefix": None,
        "cmdline": None,
        "arm_64bit": True,
    }
    pi.write(CONFIG_TXT, "arm_64bit=0\n")
    assert read_boot(pi.host())["config"]["arm_64bit"] is False


def test_a_pi_that_tries_a_new_system_has_two_files(build: Build) -> None:
    pi = build(PI)
    pi.write(CONFIG_TXT, "os_prefix=current/\n[tryboot]\nos_prefix=new/\n")
    pi.write("/boot/firmware/current/cmdline.txt", "root=/dev/mmcblk0p2 current\n")
    pi.write("/boot/firmware/new/cmdline.txt", "root=/dev/mmcblk0p2 new\n")
    boot = read_boot(pi.host())
    assert boot["paths"] == [f"/boot/firmware/{name}/cmdline.txt" for name in ("current", "new")]
    assert boot["path"] == boot["paths"][0]
    assert boot["parameters"] == ["root=/dev/mmcblk0p2", "current"]
    assert boot["config"]["os_prefix"] == "current/"


def test_a_generated_file_is_told(build: Build) -> None:
    jetson = build("jetson-orin-nano-jetpack-6")
    jetson.write("/boot/extlinux/extlinux.conf", GENERATED)
    boot = read_boot(jetson.host())
    assert boot["generator"] == "u-boot-menu"
    assert boot["generator_advice"] == (
        "put the parameters into U_BOOT_PARAMETERS in /etc/default/u-boot, then run u-boot-update"
    )


def test_no_secret_can_be_read(build: Build) -> None:
    pi = build(PI)
    for path in (CMDLINE_TXT, CONFIG_TXT, "/proc/cmdline"):
        pi.write(path, "root=x nfs.password=hunter2 url=http://field:hunter2@host.example.org/\n")
    boot = read_boot(pi.host())
    assert len(boot["parameters"]) == 3
    assert "hunter2" not in repr(boot)


def test_no_program_is_started(build: Build) -> None:
    pi = build(PI)
    read_boot(pi.host())
    assert pi.runner.asked == []


WORDS = st.lists(
    st.sampled_from(
        ["root=x", "[pi4]", "[all]", "kernel=", "os_prefix=", "LABEL ", "APPEND ", "extraargs="]
        + ["GRUB_CMDLINE_LINUX=", "$", '"', "\n", "\r", " ", "../", "a", "include a\n"]
    )
).map("".join)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (PI, CMDLINE_TXT),
        (PI, CONFIG_TXT),
        ("jetson-orin-nano-jetpack-6", "/boot/extlinux/extlinux.conf"),
        ("rockpro64-armbian-bookworm", "/boot/armbianEnv.txt"),
        ("debian-13-arm64", "/etc/default/grub"),
    ],
)
@given(content=st.binary() | WORDS)
def test_any_content_is_read(build: Build, name: str, path: str, content: bytes | str) -> None:
    machine = build(name)
    machine.write(path, content)
    boot = read_boot(machine.host())
    assert boot["loader"] is not None
    assert all(isinstance(word, str) for word in boot["parameters"])
