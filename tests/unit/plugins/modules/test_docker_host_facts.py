# SPDX-License-Identifier: GPL-3.0-or-later
"""The module on the machine that runs the tests, whatever that is: the contract of its answer."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._observe._look import GROUPS
from ansible_collections.arm64.docker.tests.unit.hosts import FIXTURES
from ansible_collections.arm64.docker.tests.unit.running import run_module, script


def run(**arguments: Any) -> dict[str, Any]:
    return run_module("docker_host_facts", arguments)


def facts_of(answer: dict[str, Any]) -> dict[str, Any]:
    assert answer["changed"] is False
    assert list(answer["ansible_facts"]) == ["ansible_docker_host"]
    return answer["ansible_facts"]["ansible_docker_host"]


@pytest.fixture
def path(tmp_path: Path) -> dict[str, str]:
    """An environment whose docker command is one of the test's own."""
    script(
        tmp_path / "bin/docker",
        f'printf "%s\\n" "$DOCKER_HOST/$DOCKER_CONTEXT" "$*" >>{tmp_path}/asked\n'
        f"cat {FIXTURES}/docker_version/docker-debian13-26.1.5-arm64-down.json",
    )
    return {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}


@pytest.mark.parametrize("check_mode", [False, True])
def test_every_group_is_returned_with_the_findings(path: dict[str, str], check_mode: bool) -> None:
    answer = run_module("docker_host_facts", {}, check_mode=check_mode, environment=path)
    facts = facts_of(answer)
    assert set(facts) == {*GROUPS, "findings"}
    for finding in facts["findings"]:
        assert set(finding) == {"id", "severity", "summary", "evidence", "remedy"}
    assert facts["kernel"]["release"] == os.uname().release
    assert facts["docker"]["client"]["version"] == "26.1.5+dfsg1"


@pytest.mark.parametrize(
    ("gather", "groups"),
    [
        (["memory"], {"memory"}),
        (["apt", "packages"], {"apt", "packages"}),
        (["memory", "all"], set(GROUPS)),
        ([], set()),
    ],
)
def test_only_the_groups_that_were_asked_for_are_returned(
    path: dict[str, str], gather: list[str], groups: set[str]
) -> None:
    facts = facts_of(run_module("docker_host_facts", {"gather": gather}, environment=path))
    assert set(facts) == {*groups, "findings"}


def test_the_hosts_own_engine_is_meant_whatever_the_login_points_at(
    path: dict[str, str], tmp_path: Path
) -> None:
    foreign = {"DOCKER_HOST": "tcp://192.0.2.7:2375", "DOCKER_CONTEXT": "field"}
    run_module("docker_host_facts", {"gather": ["docker"]}, environment={**path, **foreign})
    variables, words = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()[:2]
    assert variables == "/"
    assert words.startswith("--host unix:///")


def test_a_docker_command_that_hangs_costs_no_more_than_the_timeout(
    path: dict[str, str], tmp_path: Path
) -> None:
    script(tmp_path / "bin/docker", "sleep 60 & sleep 60")
    start = time.monotonic()
    arguments = {"gather": ["docker", "memory"], "timeout": 1}
    facts = facts_of(run_module("docker_host_facts", arguments, environment=path))
    assert time.monotonic() - start < 10
    assert facts["docker"] is None
    assert facts["memory"] is not None
    assert "daemon_silent" in [finding["id"] for finding in facts["findings"]]


def test_without_root_there_is_a_finding_and_facts_all_the_same(path: dict[str, str]) -> None:
    before = "import os; os.geteuid = lambda: 1000"
    answer = run_module(
        "docker_host_facts", {"gather": ["kernel"]}, environment=path, before=before
    )
    facts = facts_of(answer)
    assert facts["kernel"]["release"] == os.uname().release
    (finding,) = [finding for finding in facts["findings"] if finding["id"] == "not_root"]
    assert finding["severity"] == "error"
    assert "1000" in finding["evidence"]
    assert "become" in finding["remedy"]


def test_names_that_are_not_utf_8_are_written_out(path: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "etc/docker"
    folder.mkdir(parents=True)
    os.close(os.open(os.fsencode(folder) + b"/caf\xe9", os.O_CREAT))
    os.symlink(b"/caf\xe9", folder / "link")
    before = (
        "from ansible_collections.arm64.docker.plugins.module_utils._observe import _files\n"
        f"_files.FOLDERS = ({str(folder)!r},)"
    )
    answer = run_module("docker_host_facts", {"gather": ["files"]}, environment=path, before=before)
    files = facts_of(answer)["files"]
    assert set(files) == {f"{folder}/caf\\udce9", f"{folder}/link"}
    assert files[f"{folder}/link"]["link"] == "/caf\\udce9"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"timeout": 0}, "timeout is 0"),
        ({"gather": ["banana"]}, "banana"),
        ({"packages": {"a": 1}}, "packages"),
        ({"banana": True}, "banana"),
    ],
)
def test_options_that_make_no_sense_are_an_error_that_names_them(
    arguments: dict[str, Any], words: str
) -> None:
    answer = run(**arguments)
    assert answer["failed"] is True
    assert words in answer["msg"]
