# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role docker_verify says of images; modules of the test stand for community.docker's."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.arm64.docker.tests.unit.playing import COLLECTION, run_play
from ansible_collections.arm64.docker.tests.unit.running import script

TASKS = COLLECTION / "roles/docker_verify/tasks"
MODULES = (
    "docker_image_info",
    "docker_image_load",
    "docker_image_remove",
    "docker_container",
    "docker_container_info",
)
IMAGE = "example.org/sensor:3"
STATUS = 42
REFUSED = {"failed": True, "msg": "Error connecting: Connection refused"}


RUNS = {"container": {"State": {"Running": True, "ExitCode": 0}}}


@pytest.fixture
def play(tmp_path: Path):
    """Run one of the role's files of tasks with what modules answer.

    Returns what was printed, the lines about the image, and the options of the calls.
    """
    modules = tmp_path / "collections/ansible_collections/community/docker/plugins/modules"
    calls = tmp_path / "calls"
    script(
        tmp_path / "bin/docker",
        'test "$DOCKER_CONTEXT" = default || exit 0\n'
        f'echo "docker {{\\"argv\\": \\"$*\\"}}" >>{calls}\n'
        'test $1 != image || { echo $REMOVAL >&2; test -z "$REMOVAL"; exit; }; echo it swapped',
    )
    tasks = [
        {
            "environment": {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"},
            "vars": {
                "docker_verify_timeout": 2,
                "__docker_verify_archive": str(tmp_path / "image.tar"),
                "__docker_verify_host": {"platform": {"platform": "linux/arm64"}},
                "__docker_verify_results": [],
            },
            "block": [{"ansible.builtin.include_tasks": str(TASKS / "{{ file }}")}],
            "rescue": [{"ansible.builtin.debug": {"msg": "Last: {{ ansible_failed_result.msg }}"}}],
        },
        {"ansible.builtin.copy": {"content": "{{ results }}", "dest": str(tmp_path / "results")}},
    ]
    results = "{{ __docker_verify_results | default([]) | to_json }}"

    def run(file: str, item: dict[str, Any], **answers: Any) -> tuple[str, list, list]:
        for name in MODULES:
            answer = json.dumps(answers.get(name, {"images": [], "status": STATUS}))
            # WANT_JSON is Ansible's sign that a module takes a file of options.
            script(
                modules / f"{name}.py",
                f"# WANT_JSON\nprintf '%s ' {name} >>{calls}; tr -d '\\n' <\"$1\" >>{calls}; "
                f"echo >>{calls}\necho '{answer}'",
            )
        calls.write_text("", encoding="utf-8")
        given = {"file": file, "results": results, "__docker_verify_item": item}
        said = run_play(
            tmp_path / "play.yml",
            "docker_verify",
            [{**task, "vars": {**task.get("vars", {}), **given}} for task in tasks],
            folder=tmp_path,
        )
        written = json.loads((tmp_path / "results").read_text(encoding="utf-8"))
        options = [
            json.loads(line.partition(" ")[2])
            for line in calls.read_text(encoding="utf-8").splitlines()
        ]
        return said, [(one["good"], one["line"].strip()) for one in written], options

    return run


def test_a_container_that_still_runs_when_its_time_is_up_is_no_error(play) -> None:
    said, lines, _options = play("image.yml", IMAGE, docker_container_info=RUNS)
    assert lines == [(True, f"{IMAGE}: running")]
    assert "ERROR" not in said


def test_a_container_stays_until_its_end_was_read_and_one_that_is_gone_is_said_to_be(play) -> None:
    item = {"image": IMAGE, "auto_remove": True}
    gone = {"exists": False, "container": None}
    _said, lines, options = play("image.yml", item, docker_container_info=gone)
    assert lines == [(False, f"{IMAGE}: its container is gone; it said: it swapped")]
    assert [one["auto_remove"] for one in options if "auto_remove" in one] == [False]


def test_what_cannot_be_removed_hides_neither_the_reason_nor_the_other_images(play) -> None:
    _said, lines, _options = play(
        "image.yml", IMAGE, docker_container_info=REFUSED, docker_image_remove=REFUSED
    )
    assert lines == [
        (False, f"{IMAGE}: {REFUSED['msg']}; it said: it swapped"),
        (False, f"{IMAGE}: not all of it could be removed: {REFUSED['msg']}"),
    ]


@pytest.mark.parametrize(
    ("run", "last"),
    [({"failed": True, "msg": "The daemon fell."}, "The daemon fell."), ({"status": STATUS}, "")],
)
def test_the_reason_why_no_container_runs_is_said_last(play, run, last) -> None:
    said, _lines, _options = play(
        "static.yml", IMAGE, docker_container=run, docker_image_remove=REFUSED
    )
    reason = said.partition("Last: ")[2]
    assert f"does not run containers. {last}" in reason if last else REFUSED["msg"] in reason


@pytest.mark.parametrize(
    ("before", "removal", "told"),
    [
        ([], "conflict: image is being used", ["conflict: image is being used"]),
        ([{"Id": "sha256:b"}], "", []),
    ],
)
def test_an_image_that_is_named_by_a_digest_is_removed_unless_it_was_there(
    play, monkeypatch: pytest.MonkeyPatch, before, removal, told
) -> None:
    monkeypatch.setenv("REMOVAL", removal)
    digest = f"sha256:{'a' * 64}"
    item = f"registry.example.org:5000/sensor:3@{digest}"
    ended = {"container": {"State": {"Running": False, "ExitCode": 0}}}
    _said, lines, options = play(
        "image.yml", item, docker_image_info={"images": before}, docker_container_info=ended
    )
    known = f"registry.example.org:5000/sensor@{digest}"
    assert options[0]["name"] == known
    assert [one["image"] for one in options if "image" in one] == [known]
    assert [one["argv"] for one in options if "argv" in one] == (
        [] if before else [f"image rm {known}"]
    )
    assert lines == [
        (True, f"{item}: exit status 0"),
        *((False, f"{item}: not all of it could be removed: {words}") for words in told),
    ]
