# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.arm64.docker.tests.unit import fleets
from ansible_collections.arm64.docker.tests.unit.running import run_module


def run(place: Path, *, check_mode: bool = False, **arguments: Any) -> dict[str, Any]:
    given = {"directory": str(place), "hosts": fleets.hosts(3), **arguments}
    return run_module("docker_report", given, check_mode=check_mode, diff_mode=True)


def test_check_mode_foresees_the_files_and_writes_none(tmp_path: Path) -> None:
    place = tmp_path / "new"
    foreseen = run(place, check_mode=True)
    assert not place.exists()
    done = run(place)
    assert foreseen["actions"] == done["actions"]
    assert sorted(path.name for path in place.iterdir()) == [
        "report.csv",
        "report.html",
        "report.json",
    ]
    assert done["changed"] is True
    assert [one["before"] for one in done["diff"]] == ["", "", ""]


def test_formats_can_be_names_with_commas(tmp_path: Path) -> None:
    run(tmp_path, format="prometheus,json")
    assert {path.name for path in tmp_path.iterdir()} == {"report.json", "arm64_docker.prom"}


def test_the_report_that_is_written_over_can_be_the_earlier_one(tmp_path: Path) -> None:
    run(tmp_path)
    previous = str(tmp_path / "report.json")
    done = run(tmp_path, previous=previous, hosts=fleets.hosts(3)[:2])
    assert done["changes"] == [
        {
            "host": fleets.MARKUP,
            "what": "host",
            "before": "in the fleet",
            "after": "gone",
        }
    ]
    assert json.loads(Path(previous).read_text())["changes"] == done["changes"]


def test_the_first_run_has_no_earlier_report_and_says_so(tmp_path: Path) -> None:
    done = run(tmp_path, previous=str(tmp_path / "report.json"))
    assert done["changes"] == []
    assert "There is no report" in str(done["warnings"])
    assert (tmp_path / "report.json").exists()


UNHEARD_OF = {"id": "x", "severity": "fatal", "summary": "", "remedy": "", "evidence": ""}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"previous": "/proc/version"}, "/proc/version is no JSON"),
        ({"hosts": [{"name": "x"}]}, "report_record"),
        ({"hosts": [{**fleets.host("a"), "findings": [UNHEARD_OF]}]}, "report_record"),
        ({"format": ["pdf"]}, "pdf"),
        ({"directory": "/proc/none"}, "/proc/none"),
    ],
)
def test_what_cannot_be_is_an_error_that_names_it(
    tmp_path: Path, arguments: dict[str, Any], words: str
) -> None:
    answer = run(tmp_path, **arguments)
    assert answer["failed"] is True
    assert words in answer["msg"]
