# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import ctypes
import os
import time
from typing import Any, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._observe._system import (
    read_clock,
    read_kernel,
    read_memory,
    read_os,
    read_platform,
    read_reboot_required,
)
from ansible_collections.arm64.docker.tests.unit.hosts import Machine

Build = Callable[[str], Machine]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("raspberry-pi-4-bookworm", ("aarch64", "arm64", "linux/arm64", 64, False)),
        ("raspberry-pi-4-raspbian-32bit", ("aarch64", "armhf", "linux/arm/v7", 32, True)),
        ("jetson-orin-nano-jetpack-6", ("aarch64", "arm64", "linux/arm64", 64, False)),
        ("debian-12-amd64-build-host", ("x86_64", "amd64", "linux/amd64", 64, False)),
    ],
)
def test_the_userland_is_dpkgs_and_not_unames(build: Build, name: str, expected: tuple) -> None:
    platform = read_platform(build(name).host())
    keys = ("kernel_machine", "userland", "platform", "bits", "mixed_userland")
    assert tuple(platform[key] for key in keys) == expected


@pytest.mark.parametrize(
    ("machine_name", "userland", "mixed"),
    [
        ("aarch64", "arm64", False),
        ("aarch64", "armhf", True),
        ("aarch64", "armel", True),
        ("armv7l", "armhf", False),
        ("armv8l", "armhf", False),
        ("x86_64", "i386", True),
        ("x86_64", "amd64", False),
    ],
)
def test_a_32_bit_userland_on_a_64_bit_kernel_is_mixed(
    machine: Machine, machine_name: str, userland: str, mixed: bool
) -> None:
    machine.uname["machine"] = machine_name
    machine.install({"dpkg": {"version": "1.22", "architecture": userland}})
    assert read_platform(machine.host())["mixed_userland"] is mixed


def test_whether_the_cores_have_aarch32_is_asked_of_arm64_kernels_only(machine: Machine) -> None:
    assert isinstance(read_platform(machine.host())["aarch32"], bool)
    machine.uname["machine"] = "x86_64"
    assert read_platform(machine.host())["aarch32"] is None


@pytest.mark.parametrize(
    ("sysctl", "parameters", "runs"),
    [("1\n", "ro", True), (None, "ro", False), ("1\n", "ro ia32_emulation=off", False)],
)
def test_whether_32_bit_programs_run_is_asked_of_x86_64_kernels_only(
    machine: Machine, sysctl: str | None, parameters: str, runs: bool
) -> None:
    if sysctl is not None:
        machine.write("/proc/sys/abi/vsyscall32", sysctl)
    machine.write("/proc/cmdline", parameters)
    assert read_platform(machine.host())["ia32"] is None
    machine.uname["machine"] = "x86_64"
    assert read_platform(machine.host())["ia32"] is runs


def test_asking_for_aarch32_leaves_the_process_as_it_was(machine: Machine) -> None:
    libc = ctypes.CDLL(None)
    before = libc.personality(ctypes.c_ulong(0xFFFFFFFF))
    read_platform(machine.host())
    assert libc.personality(ctypes.c_ulong(0xFFFFFFFF)) == before


@pytest.mark.parametrize(
    "gone", [{"dpkg": None}, {"dpkg": {"version": "1", "architecture": "z80"}}]
)
def test_a_host_that_is_not_dpkgs_is_an_error_with_a_remedy(
    machine: Machine, gone: dict[str, Any]
) -> None:
    machine.install(gone)
    with pytest.raises(DockerHostError) as error:
        read_platform(machine.host())
    assert error.value.remedy


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("debian-13-arm64", ("debian", [], "13", "trixie", "Debian GNU/Linux 13 (trixie)")),
        (
            "raspberry-pi-4-raspbian-32bit",
            ("raspbian", ["debian"], "12", "bookworm", "Raspbian GNU/Linux 12 (bookworm)"),
        ),
        (
            "rockpro64-armbian-bookworm",
            ("debian", [], "12", "bookworm", "Armbian 25.5.1 bookworm"),
        ),
        ("ubuntu-22.04-arm64", ("ubuntu", ["debian"], "22.04", "jammy", "Ubuntu 22.04 LTS")),
        ("ubuntu-24.04-arm64", ("ubuntu", ["debian"], "24.04", "noble", "Ubuntu 24.04 LTS")),
        ("ubuntu-26.04-arm64", ("ubuntu", ["debian"], "26.04", "resolute", "Ubuntu 26.04 LTS")),
        (
            "jetson-xavier-nx-jetpack-5",
            ("ubuntu", ["debian"], "20.04", "focal", "Ubuntu 20.04.6 LTS"),
        ),
    ],
)
def test_the_release_is_that_of_os_release(build: Build, name: str, expected: tuple) -> None:
    found = read_os(build(name).host())
    assert (
        found["id"], found["like"], found["version_id"], found["codename"], found["pretty_name"],
    ) == expected  # fmt: skip


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("", "id", "linux"),
        ("ID='debian'\n", "id", "debian"),
        ("ID=debian\r\n", "id", "debian"),
        ("# ID=ubuntu\nID=debian\n", "id", "debian"),
        ('ID="deb\nVERSION_ID=13', "version_id", "13"),
        ('PRETTY_NAME="It\\"s"', "pretty_name", 'It"s'),
        ("ID_LIKE='ubuntu debian'\n", "like", ["ubuntu", "debian"]),
        ("no equals sign\n", "codename", ""),
        ("VERSION_ID=\n", "version_id", ""),
    ],
)
def test_os_release_is_read_as_a_shell_would(
    machine: Machine, text: str, key: str, value: Any
) -> None:
    machine.write("/etc/os-release", text)
    assert read_os(machine.host())[key] == value


def test_os_release_is_found_in_usr_lib_too(machine: Machine) -> None:
    machine.remove("/etc/os-release")
    machine.write("/usr/lib/os-release", "ID=debian\nVERSION_ID=13\n")
    assert read_os(machine.host())["id"] == "debian"


def test_an_image_that_is_being_built_in_a_chroot_is_no_machine(machine: Machine) -> None:
    machine.link("/proc/1/root", str(machine.root))
    assert read_os(machine.host())["container"] is None
    machine.remove("/proc/1/root")
    machine.folder("/proc/1/root")
    assert read_os(machine.host())["container"] == "chroot"
    assert read_kernel(machine.host())["modules_present"] is None


@pytest.mark.parametrize(
    ("path", "content", "container"),
    [
        ("/run/systemd/container", "lxc\n", "lxc"),
        ("/.dockerenv", "", "docker"),
        ("/run/.containerenv", "", "podman"),
    ],
)
def test_the_manager_of_a_container_around_the_system_is_named(
    machine: Machine, path: str, content: str, container: str
) -> None:
    assert read_os(machine.host())["container"] is None
    machine.write(path, content)
    assert read_os(machine.host())["container"] == container


def test_the_kernel_has_a_page_size_in_bytes(build: Build) -> None:
    kernel = read_kernel(build("raspberry-pi-5-bookworm-16k").host())
    assert kernel["release"] == "6.12.25+rpt-rpi-2712"
    assert kernel["page_size"] == 16384
    assert kernel["modules_present"] is True


def test_the_kernel_tells_whether_apparmor_is_on(machine: Machine) -> None:
    switch = "/sys/module/apparmor/parameters/enabled"
    assert read_kernel(machine.host())["apparmor"] is False
    machine.write(switch, "N\n")
    assert read_kernel(machine.host())["apparmor"] is False
    machine.write(switch, "Y\n")
    assert read_kernel(machine.host())["apparmor"] is True
    machine.write("/.dockerenv", "")
    assert read_kernel(machine.host())["apparmor"] is None


def test_the_kernel_tells_what_it_was_built_with(machine: Machine) -> None:
    kernel = read_kernel(machine.host())
    assert kernel["features"]["VETH"] == "module"
    assert kernel["features_source"] == "modules"
    machine.remove("/lib/modules")
    kernel = read_kernel(machine.host())
    assert (kernel["features"], kernel["features_source"]) == (None, None)


def test_a_kernel_that_was_upgraded_and_not_rebooted_has_no_modules(machine: Machine) -> None:
    machine.uname["release"] = "6.12.41+deb13-arm64"
    assert read_kernel(machine.host())["modules_present"] is False


def test_there_are_no_modules_to_look_for_without_support_or_in_a_container(
    machine: Machine,
) -> None:
    machine.remove(f"/lib/modules/{machine.uname['release']}")
    machine.write("/.dockerenv", "")
    assert read_kernel(machine.host())["modules_present"] is None
    machine.remove("/.dockerenv")
    machine.remove("/proc/modules")
    assert read_kernel(machine.host())["modules_present"] is None


@pytest.mark.parametrize(
    ("name", "megabytes"),
    [("raspberry-pi-4-bookworm", 1848), ("raspberry-pi-5-bookworm-16k", 8053)],
)
def test_memory_is_in_mib(build: Build, name: str, megabytes: int) -> None:
    assert read_memory(build(name).host()) == {"total_mb": megabytes, "swap": []}


def test_meminfo_without_a_total_is_an_error_with_a_remedy(machine: Machine) -> None:
    machine.write("/proc/meminfo", "MemFree: 1 kB\n")
    with pytest.raises(DockerHostError):
        read_memory(machine.host())


def test_a_clock_behind_files_of_this_system_is_implausible(machine: Machine) -> None:
    assert read_clock(machine.host())["plausible"] is True
    ahead = time.time() + 7200
    os.utime(machine.path("/var/lib/dpkg/status"), (ahead, ahead))
    assert read_clock(machine.host())["plausible"] is False


def test_a_clock_without_files_to_compare_with_is_plausible(machine: Machine) -> None:
    machine.remove("/var/lib/dpkg/status")
    assert read_clock(machine.host())["plausible"] is True


def test_the_clock_tells_the_time_in_utc_and_whether_it_is_steered(machine: Machine) -> None:
    clock = read_clock(machine.host())
    assert isinstance(clock["synchronized"], bool)
    told = time.strptime(clock["utc"], "%Y-%m-%dT%H:%M:%SZ")
    assert abs(time.mktime(told) - time.mktime(time.gmtime())) < 60


@pytest.mark.parametrize("path", ["/run/reboot-required", "/var/run/reboot-required"])
def test_a_pending_reboot_is_seen(machine: Machine, path: str) -> None:
    assert read_reboot_required(machine.host()) is False
    machine.write(path, "*** System restart required ***\n")
    assert read_reboot_required(machine.host()) is True


@given(st.text())
def test_any_os_release_is_read(machine: Machine, text: str) -> None:
    machine.write("/etc/os-release", text)
    assert all(
        isinstance(value, (str, list, type(None))) for value in read_os(machine.host()).values()
    )
