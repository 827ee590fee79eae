# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import platform
import struct
import subprocess
from pathlib import Path

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._elf import exit_program
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform

# elf(5) and include/uapi/linux/elf-em.h: e_machine by architecture.
MACHINES = {"arm64": 183, "amd64": 62}
EXECUTABLE, LOADED, READ_AND_EXECUTE = 2, 1, 5


@pytest.mark.parametrize(("architecture", "machine"), MACHINES.items())
def test_the_header_is_that_of_a_static_executable(architecture: str, machine: int) -> None:
    program = exit_program(architecture, 0)
    assert program[:7] == b"\x7fELF\x02\x01\x01"
    kind, found, version, entry, segments = struct.unpack_from("<HHIQQ", program, 16)
    size, segment_size, count = struct.unpack_from("<HHH", program, 52)
    assert (kind, found, version) == (EXECUTABLE, machine, 1)
    assert (segments, size, segment_size, count) == (64, 64, 56, 1)
    segment = struct.unpack_from("<IIQQQQQQ", program, segments)
    loaded, rights, offset, address, physical, in_file, in_memory, alignment = segment
    assert (loaded, rights, offset) == (LOADED, READ_AND_EXECUTE, 0)
    assert (in_file, in_memory) == (len(program), len(program))
    assert address == physical
    assert entry == address + 64 + 56


@pytest.mark.parametrize("architecture", MACHINES)
def test_the_segment_is_aligned_for_the_largest_pages_of_arm64(architecture: str) -> None:
    address, alignment = struct.unpack_from("<Q24xQ", exit_program(architecture, 0), 64 + 16)
    assert alignment == 65536
    assert address % alignment == 0


@pytest.mark.parametrize("architecture", MACHINES)
def test_the_program_is_tiny(architecture: str) -> None:
    assert len(exit_program(architecture, 0)) < 200


@pytest.mark.parametrize("status", [0, 1, 42, 255])
@pytest.mark.parametrize("architecture", MACHINES)
def test_the_program_exits_with_its_status(tmp_path: Path, architecture: str, status: int) -> None:
    program = tmp_path / "program"
    program.write_bytes(exit_program(architecture, status))
    program.chmod(0o755)
    try:
        done = subprocess.run([str(program)], capture_output=True, timeout=10, check=False)
    except OSError as error:
        if Platform.parse(platform.machine()).architecture == architecture:
            raise
        pytest.skip(f"this machine does not run programs for {architecture}: {error}")
    assert (done.returncode, done.stdout, done.stderr) == (status, b"", b"")


@pytest.mark.parametrize("architecture", ["arm", "riscv64", "aarch64", "", "banana"])
def test_an_architecture_without_a_program_is_an_error_that_names_it(architecture: str) -> None:
    with pytest.raises(DockerHostError) as error:
        exit_program(architecture, 0)
    assert f"'{architecture}'" in error.value.message
    assert "amd64, arm64" in error.value.remedy


@pytest.mark.parametrize("status", [-1, 256, 100000])
def test_what_is_no_exit_status_is_an_error_that_names_it(status: int) -> None:
    with pytest.raises(DockerHostError) as error:
        exit_program("arm64", status)
    assert str(status) in error.value.message
