# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.arm64.docker.tests.unit.hosts import FIXTURES
from ansible_collections.arm64.docker.tests.unit.running import run_module, script

UP = FIXTURES / "docker_version/docker-desktop-4.40.0-arm64.json"
DOWN = FIXTURES / "docker_version/docker-debian13-26.1.5-arm64-down.json"
PODMAN = FIXTURES / "docker_version/podman-4.3.1-amd64.json"
NO_DAEMON = "Cannot connect to the Docker daemon. Is the docker daemon running?"

Command = Callable[[str], str]


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Make a docker command from a line of shell; it writes its arguments to `asked`."""
    return lambda text: str(
        script(tmp_path / "docker", f"printf '%s\\n' \"$@\" >{tmp_path}/asked\n{text}")
    )


def run(**arguments: Any) -> dict[str, Any]:
    return run_module("docker_version_facts", arguments)


@pytest.mark.parametrize("check_mode", [False, True])
def test_facts_carry_the_prefix_that_ansible_strips(command: Command, check_mode: bool) -> None:
    answer = run_module(
        "docker_version_facts", {"docker_cli": command(f"cat {UP}")}, check_mode=check_mode
    )
    assert answer["changed"] is False
    assert list(answer["ansible_facts"]) == ["ansible_docker_version"]
    facts = answer["ansible_facts"]["ansible_docker_version"]
    assert facts["platform"] == "linux/arm64"
    assert facts["server"]["desktop"] == {"version": "4.40.0", "build": "187762"}
    assert facts["table"][0]["version"] == "Docker Desktop 4.40.0"
    assert "problem" not in answer


def test_a_missing_command_is_an_error_that_names_it_and_the_remedy() -> None:
    answer = run(docker_cli="/opt/none/docker")
    assert answer["failed"] is True
    assert "'/opt/none/docker'" in answer["msg"]
    assert "arm64.docker.docker_engine" in answer["msg"]
    assert answer["problem"]["id"] == "docker_missing"


def test_a_missing_command_can_be_allowed() -> None:
    answer = run(docker_cli="/opt/none/docker", required=False)
    assert answer.get("failed", False) is False
    assert answer["changed"] is False
    assert answer["ansible_facts"]["ansible_docker_version"] == {
        "client": None,
        "server": None,
        "platform": None,
        "table": [],
    }
    assert answer["problem"]["id"] == "docker_missing"


def test_a_daemon_that_is_down_is_an_error(command: Command) -> None:
    answer = run(docker_cli=command(f"cat {DOWN}; echo {NO_DAEMON} >&2; exit 1"))
    assert answer["failed"] is True
    assert NO_DAEMON in answer["msg"]
    assert "systemctl status docker" in answer["msg"]
    assert answer["problem"]["id"] == "daemon_unreachable"


def test_a_daemon_that_is_down_can_be_allowed_and_leaves_the_client(command: Command) -> None:
    line = f"cat {DOWN}; echo {NO_DAEMON} >&2; exit 1"
    answer = run(docker_cli=command(line), required=False)
    facts = answer["ansible_facts"]["ansible_docker_version"]
    assert facts["client"]["version"] == "26.1.5+dfsg1"
    assert (facts["server"], facts["platform"], facts["table"]) == (None, None, [])
    assert answer["problem"]["id"] == "daemon_unreachable"


def test_a_daemon_that_hangs_costs_no_more_than_the_timeout(command: Command) -> None:
    start = time.monotonic()
    answer = run(docker_cli=command("sleep 60 & sleep 60"), timeout=1)
    assert time.monotonic() - start < 10
    assert answer["failed"] is True
    assert answer["problem"]["id"] == "daemon_silent"
    assert "did not answer in time" in answer["problem"]["message"]


@pytest.mark.parametrize("required", [True, False])
def test_podman_is_an_error_either_way(command: Command, required: bool) -> None:
    answer = run(docker_cli=command(f"cat {PODMAN}"), required=required)
    assert answer["failed"] is True
    assert "Podman" in answer["msg"]
    assert answer["problem"]["id"] == "docker_is_podman"


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        ({}, []),
        ({"docker_host": "tcp://192.0.2.7:2375"}, ["--host", "tcp://192.0.2.7:2375"]),
        ({"docker_context": "field"}, ["--context", "field"]),
        (
            {
                "docker_host": "tcp://pi:2376",
                "tls_ca_cert": "/ca.pem",
                "tls_client_cert": "/cert.pem",
                "tls_client_key": "/key.pem",
            },
            [
                *("--host", "tcp://pi:2376", "--tlsverify", "--tlscacert", "/ca.pem"),
                *("--tlscert", "/cert.pem", "--tlskey", "/key.pem"),
            ],
        ),
    ],
)
def test_the_daemon_of_the_options_is_asked(
    command: Command, tmp_path: Path, arguments: dict[str, str], asked: list[str]
) -> None:
    run(docker_cli=command(f"cat {UP}"), **arguments)
    words = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    assert words == [*asked, "version", "--format", "{{json .}}"]


def test_messages_name_the_daemon_that_was_asked(command: Command) -> None:
    line = command(f"cat {DOWN}; echo {NO_DAEMON} >&2; exit 1")
    assert "tcp://192.0.2.7:2375" in run(docker_cli=line, docker_host="tcp://192.0.2.7:2375")["msg"]
    assert "the context field" in run(docker_cli=line, docker_context="field")["msg"]
    assert "the default address" in run(docker_cli=line)["msg"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"docker_host": "tcp://pi:2375", "docker_context": "field"}, "mutually exclusive"),
        ({"tls_client_cert": "/cert.pem"}, "required together"),
        ({"timeout": 0}, "timeout is 0"),
        ({"timeout": -5}, "timeout is -5"),
        ({"timeout": "soon"}, "timeout"),
        ({"required": "perhaps"}, "required"),
        ({"banana": True}, "banana"),
    ],
)
def test_options_that_make_no_sense_are_an_error_that_names_them(
    arguments: dict[str, Any], words: str
) -> None:
    answer = run(docker_cli="/opt/none/docker", **arguments)
    assert answer["failed"] is True
    assert words in answer["msg"]
