# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.arm64.docker.tests.unit.boot_files import CMDLINE
from ansible_collections.arm64.docker.tests.unit.running import run_module

# No kernel was started with it.
NEW = "arm64_docker_test=1"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    place = tmp_path / "cmdline.txt"
    place.write_text(CMDLINE)
    return place


def run(place: Path, mode: str = "", **options: Any) -> dict[str, Any]:
    return run_module(
        "boot_parameters",
        {"path": str(place), **options},
        check_mode="check" in mode,
        diff_mode="diff" in mode,
    )


def test_parameters_are_added_and_removed(place: Path) -> None:
    answer = run(place, present=[NEW], absent=["console"])
    (copy,) = answer["backup_files"]
    assert answer["changed"] is True
    assert answer["actions"] == [f"keep a copy of {place}", f"write {place}"]
    assert answer["bootloader"] == "raspberrypi"
    assert answer["paths"] == answer["changed_files"] == [str(place)]
    assert answer["reboot_required"] is True
    assert Path(copy).read_text() == CMDLINE
    after = f"root=PARTUUID=4e639091-02 rootfstype=ext4 rootwait {NEW}\n"
    assert place.read_text() == after
    assert answer["diff"] == [
        {
            "before": CMDLINE,
            "after": after,
            "before_header": str(place),
            "after_header": str(place),
        }
    ]


def test_a_second_run_changes_nothing_and_the_reboot_is_still_due(place: Path) -> None:
    run(place, present=[NEW], backup=False)
    before = (place.stat().st_ino, place.stat().st_mtime_ns)
    answer = run(place, present=[NEW])
    assert (answer["changed"], answer["actions"], answer["diff"]) == (False, [], [])
    assert (answer["changed_files"], answer["backup_files"]) == ([], [])
    assert answer["reboot_required"] is True
    assert (place.stat().st_ino, place.stat().st_mtime_ns) == before


def test_nothing_wanted_is_nothing_done(place: Path) -> None:
    answer = run(place)
    assert (answer["changed"], answer["reboot_required"]) == (False, False)


def test_check_mode_says_what_would_be_and_writes_nothing(place: Path) -> None:
    said = run(place, "check diff", present=[NEW])
    assert place.read_text() == CMDLINE
    assert [path.name for path in place.parent.iterdir()] == ["cmdline.txt"]
    done = run(place, "diff", present=[NEW])
    for key in ("changed", "actions", "diff", "changed_files", "paths", "reboot_required"):
        assert said[key] == done[key], key


def test_the_kind_of_a_file_can_be_named(tmp_path: Path) -> None:
    place = tmp_path / "boot.conf"
    place.write_text("LABEL a\n  LINUX /a\n")
    assert run(place, bootloader="extlinux", present=[NEW])["bootloader"] == "extlinux"
    assert place.read_text() == f"LABEL a\n  APPEND {NEW}\n  LINUX /a\n"


def test_secrets_and_bytes_that_are_no_text_can_be_in_the_file(place: Path) -> None:
    place.write_bytes(b"root=x a=\xff nfs.password=hunter2\n")
    answer = run(place, "diff", present=[NEW])
    assert "hunter2" not in str(answer)
    assert answer["diff"][0]["before"].startswith("root=x a=\ufffd nfs.password=sha256:")
    assert place.read_bytes() == f"root=x a=\udcff nfs.password=hunter2 {NEW}\n".encode(
        "utf-8", "surrogateescape"
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"present": ["a\nb"]}, "line end"),
        ({"absent": ["a b"]}, "'a b' is not one kernel parameter"),
        ({"present": ["a"], "absent": ["a"]}, "'a' is in present and in absent"),
        ({"bootloader": "lilo"}, "lilo"),
        ({"path": "/nowhere/extlinux.conf"}, "/nowhere/extlinux.conf does not exist"),
        ({"absent": ["root"]}, "would name no root file system"),
    ],
)
def test_what_cannot_be_is_an_error_that_names_it(
    place: Path, options: dict[str, Any], words: str
) -> None:
    answer = run(place, **options)
    assert answer["failed"] is True
    assert words in answer["msg"]
    assert place.read_text() == CMDLINE
