# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.arm64.docker.tests.unit.buildx import RECORDS
from ansible_collections.arm64.docker.tests.unit.running import run_module, script

RELEASE = "buildx-debian13-0.13.1-amd64"
CONTEXTS = RECORDS / "docker-28.2.2-amd64-contexts.txt"
FARM = {
    "platforms": ["armhf"],
    "driver_opts": {"network": "host", "env.NO_PROXY": 'localhost,"quoted"'},
    "nodes": [
        {"name": "near", "endpoint": "unix:///run/docker.sock", "platforms": ["i386"]},
        {"name": "pi", "endpoint": "ssh://pilot@pi.example.org", "platforms": ["aarch64"]},
    ],
}


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Run the module with a docker command that has the recorded farm, without configuration."""
    instances = tmp_path / "config/buildx/instances"
    instances.mkdir(parents=True)
    record = (RECORDS / f"{RELEASE}-farm.json").read_text(encoding="utf-8")
    start = record.index('"Files":{') + len('"Files":{')
    (instances / "farm").write_text(record[:start] + record[record.index("}", start) :])
    docker = script(
        tmp_path / "docker",
        f"""shift 2
case "$*" in
    "context ls"*) cat {CONTEXTS} ;;
    "buildx inspect farm") cat {RECORDS}/{RELEASE}-farm.txt ;;
    "buildx inspect") cat {RECORDS}/{RELEASE}-default.txt ;;
    "buildx inspect default") cat {RECORDS}/{RELEASE}-default-down.txt ;;
    "buildx inspect "*) cat {RECORDS}/{RELEASE}-missing.stderr >&2; exit 1 ;;
    *) echo "$*" >>{tmp_path}/changes ;;
esac""",
    )

    def call(check_mode: bool = False, **arguments: Any) -> dict[str, Any]:
        given = {"docker_cli": str(docker), "docker_config": str(tmp_path / "config"), **arguments}
        answer = run_module("buildx_builder", given, check_mode=check_mode)
        if check_mode:
            assert not (tmp_path / "changes").exists()
        return answer

    return call


def test_a_farm_that_is_as_wanted_is_returned_and_left_alone(run: Callable) -> None:
    answer = run(name="farm", **FARM)
    assert (answer["changed"], answer["actions"]) == (False, [])
    assert (answer["status"], answer["driver"]) == ("error", "docker-container")
    assert answer["platforms"] == ["linux/arm/v7", "linux/386", "linux/arm64"]
    assert [node["status"] for node in answer["nodes"]] == ["inactive", "inactive", "error"]
    assert answer["nodes"][2]["fixed_platforms"] == ["linux/arm64"]


@pytest.mark.parametrize("check_mode", [True, False])
def test_using_it_is_a_change_of_its_own(run: Callable, check_mode: bool) -> None:
    answer = run(check_mode, name="farm", use=True, **FARM)
    assert answer["changed"] is True
    assert answer["actions"] == ["use builder farm"]
    assert (answer["diff"]["before"]["current"], answer["diff"]["after"]["current"]) == (
        False,
        True,
    )


def test_what_would_be_done_is_told_in_check_mode(run: Callable) -> None:
    answer = run(True, name="farm")
    assert answer["actions"][0].startswith("remove builder farm, keeping its build state (")
    assert list(answer["diff"]["after"]["nodes"]) == ["farm0"]
    answer = run(True, name="new", platforms=["arm64"])
    assert answer["actions"] == ["create builder new with node new0"]
    assert (answer["status"], answer["nodes"]) == ("absent", [])


def test_a_builder_that_shall_go_needs_no_more_than_its_name(run: Callable) -> None:
    assert run(True, name="farm", state="absent", driver="remote")["actions"] == [
        "remove builder farm"
    ]
    assert run(True, name="new", state="absent")["changed"] is False


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"driver": "banana"}, "banana"),
        ({"driver": "kubernetes"}, "docker-container"),
        ({"driver": "remote"}, "has no endpoint"),
        ({"name": "no name"}, "'no name' is no name of a builder"),
        ({"name": "default"}, "a docker context has that name"),
        ({"name": "default", "driver": "docker"}, "does not answer"),
        ({"state": "absent", "name": "default"}, "does not remove"),
        ({"platforms": ["banana"]}, "'banana' is not a platform"),
        ({"nodes": [{"name": "pi"}]}, "endpoint"),
        ({"timeout": 0}, "timeout is 0"),
        ({"docker_cli": "/opt/none/docker"}, "no docker command ('/opt/none/docker')"),
        ({"buildkitd_config": "/opt/none.toml"}, "no file /opt/none.toml"),
    ],
)
def test_options_that_make_no_sense_are_an_error_that_names_them(
    run: Callable, arguments: dict[str, Any], words: str
) -> None:
    answer = run(True, **{"name": "b", **arguments})
    assert answer["failed"] is True
    assert words in answer["msg"]


def test_a_docker_that_hangs_costs_no_more_than_the_timeout(tmp_path: Path) -> None:
    docker = script(tmp_path / "docker", "sleep 60 & sleep 60")
    answer = run_module("buildx_builder", {"name": "b", "docker_cli": str(docker), "timeout": 1})
    assert "did not come to an end within 1 s" in answer["msg"]


@pytest.mark.parametrize("endpoint", ["http://u:hunter2@example.org", "ssh://u:hunter2@pi"])
def test_secrets_are_in_no_answer_and_everything_else_is(run: Callable, endpoint: str) -> None:
    opts = {"env.HTTP_PROXY": "http://u:hunter2@proxy.example.org", "network": "host"}
    near = {"name": "near", "endpoint": "ssh://pilot@pi.example.org", "driver_opts": opts}
    far = {"name": "far", "endpoint": endpoint}
    answers = [
        run(True, name="b", driver_opts=opts, nodes=[near, far]),
        run(True, name="b", driver="remote", endpoint=endpoint, nodes=[near]),
    ]
    assert [answer.get("failed", False) for answer in answers] == [
        False,
        endpoint.startswith("http"),
    ]
    assert "hunter2" not in json.dumps(answers)
    shown = answers[0]["diff"]["after"]["nodes"]["near"]
    assert (shown["endpoint"], shown["driver_opts"]["network"]) == (
        "ssh://pilot@pi.example.org",
        "host",
    )
