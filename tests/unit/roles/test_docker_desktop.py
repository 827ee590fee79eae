# SPDX-License-Identifier: GPL-3.0-or-later
"""What docker_desktop does with the data of its users, and whom it checks, without a host."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.arm64.docker.tests.unit.playing import COLLECTION, run_play

ROLE = COLLECTION / "roles/docker_desktop"

# Each account has its home below one folder, and a profile that says something.
RUNUSER = """\
#!/bin/sh
HOME={homes}/$2
test -d "$HOME" || {{ echo "runuser: user $2 does not exist" >&2; exit 1; }}
export HOME
printf 'welcome '
exec sh -c "$4"
"""


@pytest.fixture
def play(tmp_path: Path):
    """Return what runs a file of the role's tasks here, with homes of accounts in `tmp_path`."""
    programs, homes = tmp_path / "bin", tmp_path / "homes"
    programs.mkdir()
    (programs / "runuser").write_text(RUNUSER.format(homes=homes))
    (programs / "runuser").chmod(0o755)

    def run(name: str, *options: str, **variables: Any) -> str:
        tasks = yaml.safe_load((ROLE / "tasks" / name).read_text(encoding="utf-8"))
        return run_play(
            tmp_path / "play.yml",
            ROLE.name,
            [{"ansible.builtin.set_fact": variables}, *tasks],
            *options,
            folder=tmp_path,
            environment={"PATH": f"{programs}:{os.environ['PATH']}"},
        )

    run.homes = homes
    return run


def changed(said: str) -> int:
    return int(re.search(r"changed=(\d+)", said)[1])


def test_the_data_of_those_who_have_any_is_deleted_once(play) -> None:
    machine = play.homes / "ada/.docker/desktop"
    machine.mkdir(parents=True)
    (play.homes / "bob").mkdir()
    users = ["ada", "bob", "gone"]
    said = play("delete.yml", "--check", docker_desktop_users=users)
    assert "Would delete the virtual machines of ada." in said
    assert (changed(said), machine.exists()) == (1, True)
    assert changed(play("delete.yml", docker_desktop_users=users)) == 1
    assert not machine.exists()
    assert (play.homes / "ada/.docker").exists()
    assert changed(play("delete.yml", docker_desktop_users=users)) == 0


def test_nobody_named_has_nothing_to_delete(play) -> None:
    assert changed(play("delete.yml", docker_desktop_users=[])) == 0


def steps(name: str) -> list[dict[str, Any]]:
    """Return the tasks of a file in order, those of blocks among them."""
    found, waiting = [], yaml.safe_load((ROLE / "tasks" / name).read_text(encoding="utf-8"))
    while waiting:
        step = waiting.pop(0)
        found.append(step)
        waiting[:0] = step.get("block", [])
    return found


def test_data_goes_whether_or_not_there_is_something_to_remove() -> None:
    included = {
        step["ansible.builtin.include_tasks"]["file"]: step["when"]
        for step in steps("main.yml")
        if "ansible.builtin.include_tasks" in step
    }
    assert list(included).index("remove.yml") < list(included).index("delete.yml")
    assert included["delete.yml"] == [
        "docker_desktop_state == 'absent'",
        "docker_desktop_remove_data | bool",
    ]
    # What is checked comes before what is changed.
    assert list(included).index("check.yml") < list(included).index("act.yml")
    assert included["check.yml"] == "__docker_desktop_must_check"
