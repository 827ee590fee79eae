# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible runs it, in check mode on the machine that runs the tests."""

from __future__ import annotations

import platform
from typing import Any

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._elf import exit_program
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform
from ansible_collections.arm64.docker.tests.unit.running import run_module

OWN = Platform.parse(platform.machine()).architecture


def run(**arguments: Any) -> dict[str, Any]:
    return run_module("binfmt_handler", arguments, check_mode=True, diff_mode=True)


def test_an_unknown_architecture_is_refused_with_those_that_are_known() -> None:
    answer = run(arch="sparc64")
    assert answer["failed"] is True
    assert "sparc64" in answer["msg"]
    assert "riscv64" in answer["msg"]


def test_the_machines_own_architecture_is_refused() -> None:
    answer = run(arch=OWN)
    assert answer["failed"] is True
    assert "itself" in answer["msg"]


@pytest.mark.parametrize("path", ["/nowhere/qemu", "program"])
def test_an_interpreter_that_cannot_work_is_refused(tmp_path: Any, path: str) -> None:
    (tmp_path / "program").write_bytes(exit_program("s390x", 0))
    answer = run(arch="riscv64", interpreter=str(tmp_path / path))
    assert answer["failed"] is True
    assert ("is a program for s390x" if path == "program" else "does not exist") in answer["msg"]


def test_check_mode_predicts_and_changes_nothing(tmp_path: Any) -> None:
    program = tmp_path / "qemu"
    program.write_bytes(exit_program(OWN, 0))
    program.chmod(0o755)
    answer = run(arch="loong64", interpreter=str(program), verify=False)
    assert answer["changed"] is True
    assert "register qemu-loongarch64" in answer["actions"]
    assert answer["handlers"][0]["interpreter"] == str(program)
    assert answer["works"] is None
    assert str(program) in answer["diff"]["after"]
    again = run(arch="loong64", interpreter=str(program), verify=False)
    assert again["diff"] == answer["diff"]


def test_others_are_not_both_disabled_and_left_alone() -> None:
    answer = run(arch="riscv64", state="absent", replace=True, keep_others=True)
    assert answer["failed"] is True
    assert "set one of them" in answer["msg"]
