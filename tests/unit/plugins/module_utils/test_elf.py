# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import platform
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._elf import (
    Header,
    exit_program,
    read_header,
    uname_program,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform

# elf(5) and include/uapi/linux/elf-em.h: bits, byte order and e_machine by architecture.
MACHINES = {
    "arm64": (64, "<", 183),
    "arm": (32, "<", 40),
    "amd64": (64, "<", 62),
    "386": (32, "<", 3),
    "riscv64": (64, "<", 243),
    "s390x": (64, ">", 22),
    "ppc64le": (64, "<", 21),
    "mips64le": (64, "<", 8),
    "loong64": (64, "<", 258),
}
# What QEMU calls them, and how uname -m begins there.
QEMU = {
    "arm64": ("aarch64", "aarch64"),
    "arm": ("arm", "armv"),
    "amd64": ("x86_64", "x86_64"),
    "386": ("i386", "i686"),
    "riscv64": ("riscv64", "riscv64"),
    "s390x": ("s390x", "s390x"),
    "ppc64le": ("ppc64le", "ppc64le"),
    "mips64le": ("mips64el", "mips64"),
    "loong64": ("loongarch64", "loongarch64"),
}
EXECUTABLE, LOADED, READ_AND_EXECUTE = 2, 1, 5


def segment(program: bytes, bits: int, order: str) -> dict[str, int]:
    """Return the fields of the one segment's header."""
    if bits == 64:
        names = ("kind", "rights", "offset", "address", "physical", "in_file", "in_memory", "align")
        return dict(zip(names, struct.unpack_from(f"{order}IIQQQQQQ", program, 64)))
    names = ("kind", "offset", "address", "physical", "in_file", "in_memory", "rights", "align")
    return dict(zip(names, struct.unpack_from(f"{order}8I", program, 52)))


@pytest.mark.parametrize("make", [lambda name: exit_program(name, 0), uname_program])
@pytest.mark.parametrize(("architecture", "machine"), MACHINES.items())
def test_the_header_is_that_of_a_static_executable(
    make: Callable[[str], bytes], architecture: str, machine: tuple
) -> None:
    program = make(architecture)
    bits, order, number = machine
    assert program[:7] == b"\x7fELF" + bytes((bits // 32, 1 if order == "<" else 2, 1))
    assert struct.unpack_from(f"{order}HHI", program, 16) == (EXECUTABLE, number, 1)
    word, at = ("Q", 24) if bits == 64 else ("I", 24)
    entry, segments = struct.unpack_from(f"{order}{word}{word}", program, at)
    size = 64 if bits == 64 else 52
    one = segment(program, bits, order)
    assert segments == size
    assert (one["kind"], one["rights"], one["offset"]) == (LOADED, READ_AND_EXECUTE, 0)
    assert one["in_file"] == one["in_memory"] == len(program)
    assert one["address"] == one["physical"]
    assert entry == one["address"] + size + (56 if bits == 64 else 32)


@pytest.mark.parametrize("architecture", MACHINES)
def test_the_segment_is_aligned_for_the_largest_pages_of_arm64(architecture: str) -> None:
    bits, order, _number = MACHINES[architecture]
    one = segment(exit_program(architecture, 0), bits, order)
    assert one["align"] == 65536
    assert one["address"] % one["align"] == 0


@pytest.mark.parametrize("architecture", MACHINES)
def test_the_programs_are_tiny(architecture: str) -> None:
    assert len(exit_program(architecture, 0)) < 150
    assert len(uname_program(architecture)) < 250


def run(place: Path, program: bytes, architecture: str) -> subprocess.CompletedProcess:
    """Run a program: as it is on its own machine, elsewhere by QEMU's name for it."""
    place.write_bytes(program)
    place.chmod(0o755)
    own = Platform.parse(platform.machine()).architecture == architecture
    argv = [str(place)] if own else [f"qemu-{QEMU[architecture][0]}", str(place)]
    try:
        return subprocess.run(argv, capture_output=True, timeout=10, check=False)
    except FileNotFoundError:
        pytest.skip(f"this machine has no {argv[0]}")


@pytest.mark.parametrize("status", [0, 1, 42, 255])
@pytest.mark.parametrize("architecture", MACHINES)
def test_the_program_exits_with_its_status(tmp_path: Path, architecture: str, status: int) -> None:
    done = run(tmp_path / "program", exit_program(architecture, status), architecture)
    assert (done.returncode, done.stdout, done.stderr) == (status, b"", b"")


@pytest.mark.parametrize("architecture", MACHINES)
def test_the_other_program_says_what_the_machine_is_called(
    tmp_path: Path, architecture: str
) -> None:
    done = run(tmp_path / "program", uname_program(architecture), architecture)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().startswith(QEMU[architecture][1])
    assert done.stdout.count(b"\n") == 1
    assert done.stdout.endswith(b"\n")


@pytest.mark.parametrize("architecture", ["mips", "aarch64", "", "banana"])
@pytest.mark.parametrize("make", [lambda name: exit_program(name, 0), uname_program])
def test_an_architecture_without_a_program_is_an_error_that_names_it(
    make: Callable[[str], bytes], architecture: str
) -> None:
    with pytest.raises(DockerHostError) as error:
        make(architecture)
    assert f"'{architecture}'" in error.value.message
    assert "amd64, arm, arm64" in error.value.remedy


@pytest.mark.parametrize("status", [-1, 256, 100000])
def test_what_is_no_exit_status_is_an_error_that_names_it(status: int) -> None:
    with pytest.raises(DockerHostError) as error:
        exit_program("arm64", status)
    assert str(status) in error.value.message


@pytest.mark.parametrize("architecture", MACHINES)
def test_a_header_says_what_the_program_is_for(architecture: str) -> None:
    assert read_header(exit_program(architecture, 0)) == Header(architecture, dynamic=False)


def test_a_program_with_a_loader_is_dynamic() -> None:
    header = read_header(Path(shutil.which("python3") or "python3").resolve().read_bytes())
    assert header == Header(Platform.parse(platform.machine()).architecture, dynamic=True)


def test_a_program_for_another_kind_of_machine_is_known_as_that() -> None:
    program = bytearray(exit_program("arm64", 0))
    program[18] = 200
    assert read_header(bytes(program)) == Header(None, dynamic=False)


@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda data: b"\x7fELF" + data))
def test_any_file_has_a_header_or_none(data: bytes) -> None:
    header = read_header(data)
    assert header is None or isinstance(header.dynamic, bool)


@pytest.mark.parametrize("size", [0, 3, 16, 63, 67])
def test_a_header_that_ends_early_is_none(size: int) -> None:
    assert read_header(exit_program("arm64", 0)[:size]) is None
