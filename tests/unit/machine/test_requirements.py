# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that cannot build or boot test machines is told what it lacks, and how to get it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.arm64.docker.tests.machine import requirements
from ansible_collections.arm64.docker.tests.machine.errors import MachineError


@pytest.mark.parametrize(
    ("arch", "emulator"),
    [
        ("arm64", "qemu-system-aarch64 is missing (Debian package qemu-system-arm)"),
        ("amd64", "qemu-system-x86_64 is missing (Debian package qemu-system-x86)"),
    ],
)
def test_everything_that_is_missing_is_named_at_once_with_its_package(
    arch: str, emulator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    lacking = requirements.missing_to_build(arch) + requirements.missing_to_run(arch)
    with pytest.raises(MachineError) as error:
        requirements.demand(lacking)
    message = str(error.value)
    assert emulator in message
    assert "debvm-create is missing (Debian package debvm)" in message
    assert "apt is missing: images are made on Debian" in message
    assert "tests/host/prepare machines" in message


def test_a_host_that_lacks_nothing_is_told_nothing() -> None:
    requirements.demand([])
