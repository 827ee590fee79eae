# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.arm64.docker.tests.unit import dind
from ansible_collections.arm64.docker.tests.unit.running import run_module, script


def look(folder: Path, answer: str, *instances: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Run the module with a docker command that gives one answer to everything."""
    # The first two words are how the host's daemon is reached.
    command = script(folder / "docker", f"shift 2; {answer}")
    arguments = {
        "instances": list(instances),
        "docker_cli": str(command),
        "platform": "linux/arm64",
    }
    return run_module("dind_info", arguments, **more)


@pytest.mark.parametrize("check_mode", [False, True])
def test_of_a_new_instance_it_names_the_image_to_pull(tmp_path: Path, check_mode: bool) -> None:
    answer = look(tmp_path, "echo '[]'; exit 1", dind.instance(), check_mode=check_mode)
    assert answer["changed"] is False
    assert answer["to_pull"] == ["arm64v8/docker:dind"]
    assert answer["refusals"] == []
    assert answer["instances"]["ci"]["container"] is None


def test_the_port_of_another_container_is_a_refusal(tmp_path: Path) -> None:
    row = '{"Names": "web", "Ports": "0.0.0.0:2376->80/tcp"}'
    answers = f"case $1 in ps) echo '{row}' ;; *) echo '[]'; exit 1 ;; esac"
    answer = look(tmp_path, answers, dind.instance(port=2376))
    assert "by the container web" in answer["refusals"][0]


def test_the_port_of_an_instance_that_goes_is_free(tmp_path: Path) -> None:
    row = '{"Names": "old", "Ports": "0.0.0.0:2376->2376/tcp"}'
    state = '{"Running": true, "Restarting": false, "StartedAt": "2026-11-22T10:00:00Z"}'
    labels = f'{{"Labels": {{"{dind.LABEL}": "old"}}}}'
    found = f'[{{"Name": "/old", "Image": "sha256:1", "Config": {labels}, "State": {state}}}]'
    answers = (
        f"case \"$1 $2\" in ps*) echo '{row}' ;; container*) echo '{found}' ;;"
        " *) echo '[]'; exit 1 ;; esac"
    )
    instances = dind.instance(port=2376), dind.instance("old", state="absent")
    assert look(tmp_path, answers, *instances)["refusals"] == []


def test_a_daemon_that_does_not_run_is_an_error_with_its_remedy(tmp_path: Path) -> None:
    answer = look(tmp_path, f"echo '{dind.NO_DAEMON}' >&2; exit 1", dind.instance())
    assert answer["failed"] is True
    assert "systemctl status docker" in answer["msg"]
