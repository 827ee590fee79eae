# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._elf import (
    exit_program,
    uname_program,
)
from ansible_collections.arm64.docker.tests.unit.running import run_module


def run(**arguments: Any) -> dict[str, Any]:
    return run_module("static_image", arguments)


def test_the_image_holds_a_program_of_the_platform(tmp_path: Path) -> None:
    place = tmp_path / "image.tar"
    answer = run(path=str(place), platform="aarch64", exit_status=7, reference="test/x:1")
    assert answer["changed"] is True
    assert (answer["reference"], answer["platform"]) == ("test/x:1", "linux/arm64")
    assert answer["exit_status"] == 7
    with tarfile.open(place) as archive:
        (image,) = json.load(archive.extractfile("manifest.json"))
        layer = archive.extractfile(image["Layers"][0]).read()
    assert image["RepoTags"] == ["test/x:1"]
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        assert archive.extractfile("exit").read() == exit_program("arm64", 7)


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    place = tmp_path / "image.tar"
    run(path=str(place))
    before = (place.stat().st_ino, place.stat().st_mtime_ns)
    assert run(path=str(place))["changed"] is False
    assert (place.stat().st_ino, place.stat().st_mtime_ns) == before
    assert run(path=str(place), exit_status=1)["changed"] is True


def test_check_mode_says_what_would_be_and_writes_nothing(tmp_path: Path) -> None:
    place = tmp_path / "image.tar"
    said = run_module("static_image", {"path": str(place)}, check_mode=True, diff_mode=True)
    assert said["changed"] is True
    assert said["diff"]["before"] == ""
    assert not place.exists()
    done = run_module("static_image", {"path": str(place)}, diff_mode=True)
    assert {key: said[key] for key in ("changed", "diff", "reference", "platform")} == {
        key: done[key] for key in ("changed", "diff", "reference", "platform")
    }
    again = run_module("static_image", {"path": str(place)}, check_mode=True)
    assert again["changed"] is False


def test_the_mode_of_the_file_can_be_set(tmp_path: Path) -> None:
    place = tmp_path / "image.tar"
    assert run(path=str(place), mode="0600")["changed"] is True
    assert place.stat().st_mode & 0o777 == 0o600
    assert run(path=str(place), mode="0600")["changed"] is False


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"platform": "banana"}, "'banana'"),
        ({"platform": "windows/amd64"}, "windows/amd64"),
        ({"exit_status": 256}, "256"),
        ({"path": "/no/such/folder/image.tar"}, "/no/such/folder/image.tar"),
        ({"path": "/tmp"}, "/tmp is a folder"),
    ],
)
def test_what_cannot_be_made_is_an_error_that_names_it(
    tmp_path: Path, arguments: dict[str, Any], words: str
) -> None:
    answer = run(**{"path": str(tmp_path / "image.tar"), **arguments})
    assert answer["failed"] is True
    assert words in answer["msg"]
    assert os.listdir(tmp_path) == []


def test_an_image_can_say_what_its_machine_is_called(tmp_path: Path) -> None:
    place = tmp_path / "image.tar"
    run(path=str(place), platform="linux/riscv64", program="uname")
    with tarfile.open(place) as archive:
        (image,) = json.load(archive.extractfile("manifest.json"))
        config = json.load(archive.extractfile(image["Config"]))
        layer = archive.extractfile(image["Layers"][0]).read()
    assert config["architecture"] == "riscv64"
    assert config["config"]["Cmd"] == ["/bin/uname", "-m"]
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        assert archive.extractfile("bin/uname").read() == uname_program("riscv64")


def test_the_program_can_be_had_alone(tmp_path: Path) -> None:
    place = tmp_path / "uname"
    answer = run(path=str(place), platform="arm64", program="uname", format="program", mode="0755")
    assert answer["changed"] is True
    assert place.read_bytes() == uname_program("arm64")
    assert os.stat(place).st_mode & 0o777 == 0o755
    again = run(path=str(place), platform="arm64", program="uname", format="program", mode="0755")
    assert again["changed"] is False
