# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from ansible_collections.arm64.docker.tests.unit.running import run_module


def test_an_archive_is_written_and_in_check_mode_none(tmp_path: Path) -> None:
    place = tmp_path / "archive.tar.gz"
    given = {"path": str(place), "name": "pi/1", "timeout": 20}
    foreseen = run_module("docker_diagnostics", given, check_mode=True)
    assert (foreseen["changed"], foreseen["path"]) == (True, None)
    assert not place.exists()
    done = run_module("docker_diagnostics", given)
    assert done["path"] == str(place)
    with tarfile.open(place) as archive:
        assert archive.getnames() == [f"pi_1/{name}" for name in done["files"]]
    assert done["files"][0] == "index.md"


@pytest.mark.parametrize("option", ["timeout", "log_lines", "containers", "max_bytes"])
def test_bounds_are_numbers_from_one_on(option: str) -> None:
    answer = run_module("docker_diagnostics", {option: 0})
    assert answer["failed"] is True
    assert option in answer["msg"]


def test_a_place_that_is_none_is_an_error_that_names_it() -> None:
    answer = run_module("docker_diagnostics", {"path": "/no/such/folder/a.tar.gz", "timeout": 20})
    assert "/no/such/folder/a.tar.gz" in answer["msg"]
