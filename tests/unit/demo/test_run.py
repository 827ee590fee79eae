# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make demo` does with its machine; programs of the test stand for it and for Ansible."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Callable

import pytest

from ansible_collections.arm64.docker.plugins.module_utils import _errors
from ansible_collections.arm64.docker.tests.unit.running import script

RUN = Path(_errors.__file__).parents[2] / "tests/demo/run"

Demo = Callable[..., subprocess.CompletedProcess]


@pytest.fixture
def demo(tmp_path: Path) -> Demo:
    place = tmp_path / "tests/demo/run"
    place.parent.mkdir(parents=True)
    shutil.copy(RUN, place)
    for name in ("host/prepare", "controllers/install"):
        script(tmp_path / "tests" / name, "exit 0")
    script(tmp_path / "tests/controllers/run", 'exit "$STATUS"')
    machine = script(tmp_path / "machine", 'shift; echo "machine $*" >&2')

    def run(status: int = 0, **variables: str) -> subprocess.CompletedProcess:
        environment = {**os.environ, "PYTHON": str(machine), "STATUS": str(status), **variables}
        return subprocess.run(
            ["bash", str(place)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.mark.parametrize("status", [0, 3])
def test_the_machine_ends_with_the_demonstration(demo: Demo, status: int) -> None:
    done = demo(status)
    assert done.returncode == status
    assert "machine start demo --owner" in done.stderr
    assert "machine stop --discard demo" in done.stderr
    assert "keeps running" not in done.stdout


@pytest.mark.parametrize("status", [0, 3])
def test_a_machine_that_is_kept_says_how_to_end_it_also_after_a_failure(
    demo: Demo, status: int
) -> None:
    done = demo(status, KEEP="1")
    assert done.returncode == status
    assert "machine stop" not in done.stderr
    assert "--owner" not in done.stderr
    assert done.stdout.endswith("end it:   make demo-stop\n")


def test_a_machine_of_the_users_own_is_neither_started_nor_ended(
    demo: Demo, tmp_path: Path
) -> None:
    done = demo(3, KEEP="1", DEMO_HOST="pi@192.0.2.7")
    assert done.returncode == 3
    assert "machine" not in done.stderr
    assert "demo-stop" not in done.stdout
    inventory = (tmp_path / "build/demo/inventory.yml").read_text(encoding="utf-8")
    assert 'ansible_host: "192.0.2.7"' in inventory
    assert 'ansible_user: "pi"' in inventory
