# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role docker_engine decides: its variables, from the facts of machines."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.arm64.docker.plugins.module_utils._findings import findings
from ansible_collections.arm64.docker.plugins.module_utils._observe._packages import PACKAGES
from ansible_collections.arm64.docker.tests.unit import hosts

ROLE = Path(__file__).resolve().parents[3] / "roles/docker_engine"
DESKTOP = ROLE.with_name("docker_desktop") / "tasks"
DEBIAN, UBUNTU = "debian-13-arm64", "ubuntu-24.04-arm64"
SUITE = "https://download.docker.com/linux/debian trixie stable"
KEY, SOURCES = "/etc/apt/keyrings/docker.asc", "/etc/apt/sources.list.d/docker.sources"
LIST = "/etc/apt/sources.list.d/docker.list"
DROPIN = "/etc/systemd/system/docker.service.d/arm64-docker.conf"
DOCKER_CE = {
    "docker.io": None,
    "docker-cli": None,
    "docker-buildx": None,
    "docker-compose": None,
    "docker-compose-v2": None,
    "containerd": None,
    "runc": None,
    "docker-ce": "5:28.5.1-1~debian.13~trixie",
    "docker-ce-cli": "5:28.5.1-1~debian.13~trixie",
    "containerd.io": "1.7.28-1~debian.13~trixie",
    "docker-buildx-plugin": "0.29.1-1~debian.13~trixie",
    "docker-compose-plugin": "2.40.1-1~debian.13~trixie",
}

Ask = Callable[..., Any]


@functools.cache
def variables() -> dict[str, Any]:
    """Return the defaults and variables of the role, as templates, to be read only."""
    found = {"ansible_check_mode": False, "inventory_hostname": "board"}
    for path in (ROLE / "defaults/main.yml", *sorted((ROLE / "vars/main").iterdir())):
        found.update(DataLoader().load_from_file(str(path), trusted_as_template=True))
    return found


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Return a function that says what a variable of the role is on a machine.

    It takes the name without its prefix, packages and files that the machine has beside its own
    (None takes one away), and variables of the play.
    """
    number = iter(range(100))

    def says(
        name: str,
        packages: dict[str, Any] | None = None,
        files: dict[str, str | None] | None = None,
        machine: str = DEBIAN,
        **given: Any,
    ) -> Any:
        built = hosts.build(machine, tmp_path / str(next(number)))
        built.install(packages)
        for path, content in (files or {}).items():
            built.write(path, content)
        facts = hosts.settle(built.observe()[0])
        known = {**variables(), **given}
        known["ansible_facts"] = {"docker_host": {**facts, "findings": findings(facts, [])}}
        template = known[f"__docker_engine_{name}"]
        return Templar(loader=DataLoader(), variables=known).template(template)

    return says


@pytest.mark.parametrize("provider", ["distribution", "docker_ce"])
@pytest.mark.parametrize("machine", hosts.names())
def test_every_package_that_may_be_asked_for_is_observed(
    ask: Ask, machine: str, provider: str
) -> None:
    given = {"machine": machine, "docker_engine_provider": provider}
    wanted = ask("packages", files={"/sys/module/apparmor/parameters/enabled": "Y\n"}, **given)
    assert [name for name in wanted if name not in PACKAGES] == []
    assert ("apparmor" in wanted) is (
        provider == "distribution" and ask("release", **given) == "debian-12"
    )


@pytest.mark.parametrize(
    ("path", "content", "stays"),
    [
        (LIST, f"deb [arch=arm64 signed-by={KEY}] {SUITE}\n", True),
        (LIST, f"deb [signed-by=/etc/apt/keyrings/other.gpg] {SUITE}\n", False),
        (SOURCES, f"Types: deb\nURIs: https://example.org\nSigned-By: {KEY}\n", False),
        (f"{LIST}.arm64-docker.disabled", f"deb [signed-by={KEY}] {SUITE}\n", False),
    ],
    ids=["of somebody's list", "of another key", "of our own source", "of a list moved aside"],
)
def test_a_key_is_not_taken_from_under_a_source_that_stays(
    ask: Ask, path: str, content: str, stays: bool
) -> None:
    removed = ask("removable_files", files={KEY: "a key", path: content})
    assert (KEY not in removed) is stays


def test_what_an_interrupted_run_left_is_removed_with_the_rest(ask: Ask) -> None:
    left = [
        "/etc/docker/.daemon.json.undo",
        "/etc/docker/daemon.json.4711.2026-11-21@21:14:03~",
        f"{DROPIN}.4711.2026-11-21@21:14:03~",
    ]
    others = ["/etc/docker/daemon.json.mine", f"{DROPIN}.d", "/etc/docker/.daemon.json"]
    removed = ask("removable_files", files=dict.fromkeys([*left, *others, DROPIN], "{}"))
    assert sorted(removed) == sorted([DROPIN, *left])


@pytest.mark.parametrize("machine", [DEBIAN, UBUNTU])
def test_a_program_by_the_name_of_docker_compose_stays_beside_any_engine(
    ask: Ask, machine: str
) -> None:
    packages = {**DOCKER_CE, "docker-compose": "1.29.2-6", "docker-doc": "26.1.5+dfsg1-9"}
    given = {"docker_engine_provider": "docker_ce", "docker_engine_hold": True}
    assert ask("other_provider", packages, machine=machine, **given) == []
    assert "docker-compose" not in ask("removable_packages", packages, machine=machine)
    assert ask("held_packages", packages, machine=machine, **given) == [
        "docker-ce",
        "docker-ce-cli",
        "docker-buildx-plugin",
        "docker-compose-plugin",
        "containerd.io",
    ]
    newer = {**packages, "docker-compose": "2.26.1-4"}
    assert ask("other_provider", newer, machine=machine, **given) == ["docker-compose"]
    assert "docker-compose" in ask("removable_packages", newer, machine=machine)


@pytest.mark.parametrize(
    ("failed", "updated", "said"),
    [
        (
            {"msg": "non-zero return code", "cmd": ["apt-get"], "stderr": "E: No room\n"},
            {},
            "E: No room",
        ),
        ({"msg": "Timed out", "cmd": ["dpkg"], "stderr": ""}, {}, "Timed out"),
        ({"msg": "E: No room", "stderr": "E: No room"}, {}, "E: No room"),
        (
            {"msg": "Failed to update apt cache: "},
            {"stderr": "Reading\nE: No route\nW: Old\n"},
            "Failed to update apt cache: E: No route W: Old",
        ),
    ],
    ids=["a command", "a command that says nothing", "a module", "lists"],
)
def test_what_apt_said_is_told_whoever_called_it(
    ask: Ask, failed: dict[str, Any], updated: dict[str, Any], said: str
) -> None:
    given = {"ansible_failed_result": failed, "__docker_engine_update": updated}
    assert ask("apt_said", **given).split() == said.split()


def test_another_role_is_told_of_its_own_options_where_apt_failed(ask: Ask) -> None:
    own = "\n".join(cause["remedy"] for cause in ask("apt_causes"))
    assert "docker_engine_lock_timeout says how long" in own
    assert "Run 'dpkg --configure -a', or set docker_engine_finish_dpkg and have that done." in own
    (step,) = [
        one
        for one in tasks(yaml.safe_load((DESKTOP / "install.yml").read_text(encoding="utf-8")))
        if one.get("ansible.builtin.include_role", {}).get("tasks_from") == "explain_apt.yml"
    ]
    options = {key: one for key, one in step["vars"].items() if key.startswith("__")}
    desktop = "\n".join(cause["remedy"] for cause in ask("apt_causes", **options))
    assert "docker_desktop_lock_timeout says how long" in desktop
    assert "Run 'dpkg --configure -a'." in desktop
    assert "docker_engine" not in desktop


@pytest.mark.parametrize(
    ("failed", "said"),
    [
        ({"failed": True, "msg": "It is masked."}, "It is masked."),
        (
            {
                "failed": True,
                "msg": "One or more items failed",
                "results": [
                    {"failed": False, "msg": "fine"},
                    {"msg": "also fine"},
                    {"failed": True, "msg": "It is masked."},
                ],
            },
            "It is masked.",
        ),
        (
            {
                "msg": "One or more items failed",
                "results": [
                    {
                        "failed": True,
                        "msg": "non-zero return code",
                        "cmd": ["docker"],
                        "stderr": "a\n",
                    },
                    {"failed": True, "msg": "Timed out", "cmd": ["docker"]},
                ],
            },
            "a Timed out",
        ),
        ({}, ""),
    ],
    ids=["a task", "a loop", "a loop of commands", "nothing"],
)
def test_why_something_failed_is_told_of_each_item(
    ask: Ask, failed: dict[str, Any], said: str
) -> None:
    assert ask("failure", ansible_failed_result=failed) == said


def tasks(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the tasks of a file, also those in blocks."""
    for entry in entries:
        yield entry
        for part in ("block", "rescue", "always"):
            yield from tasks(entry.get(part, []))


def test_no_start_of_the_service_is_waited_for_without_end() -> None:
    starts = [
        task
        for path in sorted((ROLE / "tasks").iterdir())
        for task in tasks(yaml.safe_load(path.read_text(encoding="utf-8")))
        if "state" in task.get("ansible.builtin.systemd_service", {})
    ]
    assert len(starts) >= 4
    assert {task.get("timeout") for task in starts} == {"{{ __docker_engine_start_seconds }}"}


def test_a_start_may_take_longer_than_a_stop_and_a_disk_that_is_waited_for(ask: Ask) -> None:
    assert int(ask("start_seconds", docker_engine_health_timeout="20")) == 200


@pytest.mark.parametrize(
    ("said", "gone"),
    [
        ("Error: No such object: 3f2a\n", True),
        ("error: no such object: 3f2a\nerror: no such object: 77b0\n", True),
        (
            "Error response from daemon: No such container: 3f2a\n"
            "Error: failed to start containers: 3f2a\n",
            True,
        ),
        ("Error: No such object: 3f2a\nCannot connect to the Docker daemon\n", False),
        ("Error response from daemon: port is already allocated\n", False),
        ("Error: failed to start containers: 3f2a\n", False),
        ("", False),
    ],
)
def test_a_container_that_somebody_removed_is_no_failure_of_an_upgrade(
    ask: Ask, said: str, gone: bool
) -> None:
    assert ask("only_gone", __docker_engine_said=said) is gone


def test_packages_that_did_not_come_back_are_named_beside_the_first_cause(ask: Ask) -> None:
    given = {"docker_engine_provider": "docker_ce"}
    assert ask("not_put_back", **given) == ""
    assert ask("not_put_back", __docker_engine_put_back={"changed": True}, **given) == ""
    said = ask("not_put_back", __docker_engine_put_back={"msg": "no mirror answered"}, **given)
    assert said.startswith("docker.io")
    assert "could not be put back: no mirror answered" in said
    assert "apt-get install docker.io" in said


def test_a_switch_changes_nothing_before_the_new_packages_are_there() -> None:
    found = list(tasks(yaml.safe_load((ROLE / "tasks/switch.yml").read_text(encoding="utf-8"))))
    names = [task["name"] for task in found]
    fetched = names.index("Fetch the new packages before anything stops")
    asks = [task for task in found[:fetched] if task.get("changed_when") is False]
    refuses = [task for task in found[:fetched] if "ansible.builtin.fail" in task]
    assert len(asks) + len(refuses) == len(
        [task for task in found[:fetched] if "block" not in task]
    )
    assert "--allow-change-held-packages" in found[fetched]["ansible.builtin.command"]["argv"]


@pytest.mark.parametrize(
    ("wanted", "ran", "stops"),
    [(False, False, True), (False, True, False), (True, False, False), ("false", False, True)],
)
def test_an_upgrade_leaves_an_engine_stopped_that_shall_not_run(
    ask: Ask, wanted: Any, ran: bool, stops: bool
) -> None:
    given = {"docker_engine_started": wanted, "__docker_engine_before": {"active": ran}}
    assert ask("stays_stopped", **given) is stops
