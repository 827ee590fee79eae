# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role docker_engine decides: its variables, from the facts of machines."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from ansible_collections.arm64.docker.plugins.module_utils._findings import findings
from ansible_collections.arm64.docker.plugins.module_utils._observe._packages import PACKAGES
from ansible_collections.arm64.docker.tests.unit import hosts
from ansible_collections.arm64.docker.tests.unit.playing import run_play

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
    (None takes one away), parts of the observation to replace, and variables of the play.
    """
    number = iter(range(100))

    def says(
        name: str,
        packages: dict[str, Any] | None = None,
        files: dict[str, str | None] | None = None,
        machine: str = DEBIAN,
        host: dict[str, Any] | None = None,
        **given: Any,
    ) -> Any:
        built = hosts.build(machine, tmp_path / str(next(number)))
        built.install(packages)
        for path, content in (files or {}).items():
            built.write(path, content)
        facts = hosts.settle(built.observe()[0])
        known = {**variables(), **given}
        facts = {**facts, "findings": findings(facts, []), **(host or {})}
        known["ansible_facts"] = {"docker_host": facts}
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
        provider == "distribution" and re.search("debian-12|bookworm", machine) is not None
    )


@pytest.mark.parametrize(
    ("machine", "engine", "plugins"),
    [
        ("debian-12-amd64-build-host", ["docker.io"], []),
        (DEBIAN, ["docker.io", "docker-cli"], ["docker-buildx", "docker-compose"]),
        *(
            (f"ubuntu-{release}-arm64", ["docker.io"], ["docker-buildx", "docker-compose-v2"])
            for release in ("22.04", "24.04", "26.04")
        ),
    ],
)
def test_each_release_has_its_own_names_and_what_it_lacks_is_told(
    ask: Ask, machine: str, engine: list[str], plugins: list[str]
) -> None:
    others = ["ca-certificates", "python3-requests"]
    assert ask("packages", machine=machine) == [*engine, *plugins, *others]
    assert ask("unavailable", machine=machine) == ([] if plugins else ["buildx", "compose"])
    (told,) = [
        task
        for task in yaml.safe_load((ROLE / "tasks/install.yml").read_text(encoding="utf-8"))
        if task.get("when") == "__docker_engine_unavailable | length > 0"
    ]
    assert "__docker_engine_unavailable | join" in told["ansible.builtin.debug"]["msg"]


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


@pytest.mark.parametrize(
    ("own", "containerd", "major", "moves"),
    [
        (False, False, 26, False),
        (False, True, 26, True),
        (False, True, 29, False),
        # What containerd has is then that of others, or of containers that run.
        (True, True, 26, False),
        (True, False, 29, False),
    ],
)
def test_a_stopped_engine_s_images_are_looked_for_before_another_comes(
    ask: Ask, own: bool, containerd: bool, major: int, moves: bool
) -> None:
    stores = ask("image_stores")
    assert [store["keeper"] for store in stores] == ["docker", "containerd"]
    results = [
        {"item": store, "stdout": "/one" if there else ""}
        for store, there in zip(stores, (own, containerd))
    ]
    given = {
        "__docker_engine_stores": {"results": results},
        "__docker_engine_resolved_major": major,
        "__docker_engine_next_config": {},
    }
    keeps, will = ask("keeps_in_containerd", **given), ask("will_keep_in_containerd", **given)
    assert (keeps != will) is moves
    assert len(ask("stored", **given)) == own + containerd


@pytest.mark.parametrize("by_containerd", [True, False])
def test_a_stopped_engine_keeps_its_images_where_its_configuration_says(
    ask: Ask, by_containerd: bool
) -> None:
    # Both have some, as where the image store was changed once.
    results = [{"item": store, "stdout": "/one"} for store in ask("image_stores")]
    results = results if by_containerd else results[1:]
    features = json.dumps({"features": {"containerd-snapshotter": by_containerd}})
    given = {
        "files": {"/etc/docker/daemon.json": features},
        "__docker_engine_stores": {"results": results},
    }
    assert ask("keeps_in_containerd", **given) is by_containerd
    assert (
        ask("keeps_in_containerd", **given, __docker_engine_driver={"stdout": "[[a b]]"}) is False
    )


def test_only_an_engine_s_images_are_looked_for_before_a_switch() -> None:
    found = list(tasks(yaml.safe_load((ROLE / "tasks/switch.yml").read_text(encoding="utf-8"))))
    looks = {task["register"]: task.get("when") for task in found if "register" in task}
    assert "__docker_engine_other_version != ''" in looks["__docker_engine_stores"]
    (elsewhere,) = [task for task in found if "look for the images elsewhere" in task["name"]]
    assert "not docker_engine_leave_data | bool" in elsewhere["when"]


def test_of_the_data_only_what_docker_makes_goes_whatever_its_names(
    ask: Ask, tmp_path: Path
) -> None:
    root = tmp_path / "a b-c+(x)" / "docker"
    for folder in ("overlay2/one", "volumes", "mine/volumes"):
        (root / folder).mkdir(parents=True)
    for name in (b"overlay2/one/\xff", b"volumes.bak", b"engine-id"):
        Path(os.fsdecode(bytes(root) + b"/" + name)).touch()
    removal = ask("data_removal", item=str(root))
    subprocess.run(removal, env={**os.environ, "LC_ALL": "C.UTF-8"}, check=True, timeout=60)
    left = sorted(str(path.relative_to(root)) for path in root.rglob("*"))
    assert left == ["mine", "mine/volumes", "volumes.bak"]


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
    ("found", "configuration", "deleted"),
    [
        ("/srv/ssd/docker/volumes/metadata.db", "{}", True),
        ("", "{}", False),
        # It never was the daemon's.
        ("/srv/ssd/docker/volumes/metadata.db", '{"data-root": "/opt/docker"}', False),
    ],
    ids=["of an earlier removal", "not Docker's", "another is configured"],
)
def test_data_is_found_whose_place_is_no_longer_configured(
    ask: Ask, found: str, configuration: str, deleted: bool
) -> None:
    given = {
        "files": {"/etc/docker/daemon.json": configuration},
        "docker_engine_data_root": "/srv/ssd/docker",
    }
    looks = ask("wanted_data", **given) != ""
    assert looks is (configuration == "{}")
    volumes = {"stdout": found} if looks else {"skipped": True}
    folders = ask("data", **given, __docker_engine_volumes=volumes)
    assert ("/srv/ssd/docker" in folders) is deleted


@pytest.mark.parametrize(
    ("place", "found"),
    [("", True), ("100000.100000/", True), ("other/", False), ("other/docker/", False)],
    ids=["its own", "of remapped users", "of a folder below", "of one further below"],
)
def test_a_folder_that_the_inventory_names_has_docker_s_data_itself(
    ask: Ask, tmp_path: Path, place: str, found: bool
) -> None:
    root = tmp_path / "a b-c+(x)"
    volumes = root / place / "volumes"
    volumes.mkdir(parents=True)
    (volumes / "metadata.db").touch()
    argv = ask("volumes_search", docker_engine_data_root=str(root))
    answer = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    assert answer.stdout == (f"{volumes}/metadata.db\n" if found else "")


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


def test_a_hold_that_is_in_the_way_is_named_with_what_to_do(ask: Ask) -> None:
    said = (
        "'/usr/bin/apt-get -y install docker.io' failed: E: Held packages were changed and -y was "
        "used without --allow-change-held-packages.\n"
    )
    causes = [cause for cause in ask("apt_causes") if re.search(cause["pattern"], said)]
    assert "docker_engine_hold" in causes[0]["remedy"]


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
                "msg": "non-zero return code",
                "cmd": ["timeout", "60", "docker", "ps"],
                "rc": 124,
                "stderr": "",
            },
            "it took longer than 60 s.",
        ),
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
    ids=["a task", "a command that was ended", "a loop", "a loop of commands", "nothing"],
)
def test_why_something_failed_is_told_of_each_item(
    ask: Ask, failed: dict[str, Any], said: str
) -> None:
    assert ask("failure", ansible_failed_result=failed) == said


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("https://download.docker.com/linux/raspbian", True),
        ("https://mirror.example.org/docker/raspbian/", True),
        ("https://raspbian.example.org/linux/debian", False),
        ("https://mirror.example.org/raspbian/docker/debian", False),
        ("", False),
    ],
)
def test_the_32_bit_repository_is_refused_on_a_64_bit_system(
    ask: Ask, url: str, refused: bool
) -> None:
    given = {"docker_engine_provider": "docker_ce", "docker_engine_repository_url": url}
    refusals = ask("refusable", **given)
    said = [one["message"] for one in refusals if one["when"] is True]
    assert any("ends in raspbian" in one for one in said) is refused


@pytest.mark.parametrize(
    ("version", "offered"),
    [("26.1.5+dfsg1-9", False), ("26.1.5+dfsg1-9+deb13u1", True)],
    ids=["only one that begins so", "it"],
)
def test_a_way_back_is_promised_to_a_version_that_is_offered(
    ask: Ask, version: str, offered: bool
) -> None:
    source = "https://mirror.example.org/debian trixie-security/main arm64 Packages"
    lines = [f" docker.io | 26.1.5+dfsg1-9+deb13u1 | {source}", "N: not a line of this kind"]
    given = {"docker.io": version, "docker-cli": version}
    said = {"stdout_lines": lines, "stdout": "\n".join(lines)}
    assert ask("still_offered", packages=given, __docker_engine_offered=said) is offered


def test_lists_may_be_given_on_the_command_line(ask: Ask) -> None:
    given = {"docker_engine_dns": "192.0.2.1, 192.0.2.2,", "docker_engine_registry_mirrors": []}
    assert ask("given_lists", **given) == {"dns": ["192.0.2.1", "192.0.2.2"]}


def test_each_option_becomes_its_key_of_daemon_json(ask: Ask) -> None:
    pools = [{"base": "10.80.0.0/16", "size": 24}]
    options = {
        "docker_engine_log_rotation": "never",
        "docker_engine_live_restore": "true",
        "docker_engine_ipv6": False,
        "docker_engine_registry_mirrors": ["https://mirror.example.org"],
        "docker_engine_insecure_registries": "registry.example.org:5000",
        "docker_engine_default_address_pools": pools,
        "docker_engine_min_api_version": 1.24,
        "docker_engine_metrics_address": "9323",
        "docker_engine_storage_driver": "overlay2",
        "docker_engine_containerd_image_store": False,
        "docker_engine_cgroup_driver": "systemd",
        "docker_engine_userns_remap": "default",
        "docker_engine_config": {"ipv6": True, "features": {"buildkit": True}},
    }
    assert ask("config", **options) == {
        "live-restore": True,
        "ipv6": True,
        "registry-mirrors": ["https://mirror.example.org"],
        "insecure-registries": ["registry.example.org:5000"],
        "default-address-pools": pools,
        "min-api-version": "1.24",
        "metrics-addr": "127.0.0.1:9323",
        "storage-driver": "overlay2",
        "features": {"containerd-snapshotter": False, "buildkit": True},
        "exec-opts": ["native.cgroupdriver=systemd"],
        "userns-remap": "default",
    }


@pytest.mark.parametrize(
    ("machine", "provider", "refused"),
    [
        ("raspberry-pi-4-raspbian-32bit", "docker_ce", True),
        ("raspberry-pi-4-raspbian-32bit", "distribution", False),
        ("raspberry-pi-4-bookworm", "docker_ce", False),
    ],
)
def test_docker_s_own_packages_are_refused_on_a_32_bit_system(
    ask: Ask, machine: str, provider: str, refused: bool
) -> None:
    said = ask("refusals", machine=machine, docker_engine_provider=provider)
    assert any("64-bit" in one for one in said) is refused


def test_a_folder_of_packages_may_lie_in_a_home(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert ask("packages_dir", docker_engine_packages_dir="~/debs/") == f"{tmp_path}/debs"
    assert ask("packages_dir") == ""


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


def test_the_host_s_own_engine_is_asked_whatever_the_client_is_pointed_at(
    ask: Ask, tmp_path: Path
) -> None:
    client = tmp_path / "docker"
    client.write_text('#!/bin/sh\necho "$@" "tls:$DOCKER_TLS_VERIFY"\n', encoding="utf-8")
    client.chmod(0o755)
    foreign = {"DOCKER_HOST": "tcp://other.example.org:2376", "DOCKER_TLS_VERIFY": "1"}
    answer = subprocess.run(
        [*ask("client"), "ps"],
        env={**os.environ, **foreign, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout == "--host unix:///var/run/docker.sock ps tls:\n"


def test_no_task_asks_another_engine() -> None:
    commands = [
        str(task["ansible.builtin.command"]["argv"])
        for path in sorted((ROLE / "tasks").iterdir())
        for task in tasks(yaml.safe_load(path.read_text(encoding="utf-8")))
        if "argv" in task.get("ansible.builtin.command", {})
    ]
    assert len([argv for argv in commands if "+ __docker_engine_client +" in argv]) >= 7
    assert [argv for argv in commands if "'docker', '" in argv] == []


@pytest.mark.parametrize(
    ("packages", "stops"),
    [
        ({"docker.io": "20.10.24+dfsg1-1+deb12u1"}, "TimeoutStopSec=200\n"),
        ({"docker.io": "26.1.5+dfsg1-9"}, ""),
        ({"docker.io": None}, ""),
    ],
)
def test_a_start_that_takes_too_long_ends_under_older_units_too(
    ask: Ask, packages: dict[str, Any], stops: str
) -> None:
    limits = ask("start_limits", packages=packages, docker_engine_health_timeout=20)
    assert limits == f"[Service]\nTimeoutStartSec=200\n{stops}"


def test_the_limit_of_a_start_goes_wherever_it_was_set() -> None:
    """Facts may change in between: a package that is half-configured counts as one that is new."""
    setters = {}
    for path in sorted((ROLE / "tasks").iterdir()):
        found = list(tasks(yaml.safe_load(path.read_text(encoding="utf-8"))))
        files = [task.get("ansible.builtin.include_tasks", {}).get("file") for task in found]
        if "bound_start.yml" in files:
            setters[path.name] = [
                always.get("when")
                for task in found
                for always in task.get("always", [])
                if always.get("ansible.builtin.include_tasks") == {"file": "unbound_start.yml"}
            ]
    goes = ["__docker_engine_bounded | default(false)"]
    assert setters == dict.fromkeys(
        ("finish_dpkg.yml", "install_packages.yml", "upgrade_packages.yml"), goes
    )


@pytest.mark.parametrize("file", ["install_packages.yml", "upgrade_packages.yml"])
def test_a_systemd_that_does_not_reload_keeps_nothing_else_from_being_put_right(file: str) -> None:
    found = list(tasks(yaml.safe_load((ROLE / "tasks" / file).read_text(encoding="utf-8"))))
    (always,) = [task["always"] for task in found if "unbound_start.yml" in str(task.get("always"))]
    assert always[-1]["ansible.builtin.include_tasks"] == {"file": "unbound_start.yml"}


def test_the_host_is_observed_without_the_limit_of_its_start() -> None:
    finish = yaml.safe_load((ROLE / "tasks/finish_dpkg.yml").read_text(encoding="utf-8"))
    names = [task["name"] for task in finish]
    assert names.index("Finish") < names.index("Observe what dpkg finished")


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


def test_why_containers_cannot_be_listed_is_told_before_anything_is_changed() -> None:
    path = ROLE / "tasks/list_containers.yml"
    (step,) = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert [task["register"] for task in step["block"]] == [
        "__docker_engine_running",
        "__docker_engine_containers",
    ]
    (said,) = step["rescue"]
    assert "{{ __docker_engine_failure }}" in said["ansible.builtin.fail"]["msg"]


def test_containers_that_do_not_start_after_a_restart_that_failed_are_named(ask: Ask) -> None:
    def start(item: str, rc: int, stderr: str) -> dict[str, Any]:
        return {"item": item, "rc": rc, "stderr": stderr}

    results = [
        start("a" * 64, 0, ""),
        start("b" * 64, 1, "Error response from daemon: port is already allocated\n"),
        start("c" * 64, 1, "Error response from daemon: No such container: cc\n"),
        start("d" * 64, 124, ""),
    ]
    assert ask("down", __docker_engine_start={"results": results}) == [
        "bbbbbbbbbbbb (Error response from daemon: port is already allocated)",
        "dddddddddddd (no answer in time)",
    ]
    assert ask("down", __docker_engine_start={"skipped": True}) == []
    steps = yaml.safe_load((ROLE / "tasks/start_containers.yml").read_text(encoding="utf-8"))
    assert "__docker_engine_down | length > 0" in steps[-1]["when"]


def test_containers_that_swarm_or_kubernetes_replace_are_left_to_them(ask: Ask) -> None:
    asked = ask("container_format")
    assert asked == (
        "{{.Id}}|{{.HostConfig.AutoRemove}}|"
        '{{with index .Config.Labels "com.docker.swarm.task.id"}}{{.}}{{end}}'
        '{{with index .Config.Labels "io.kubernetes.pod.uid"}}{{.}}{{end}}'
    )
    said = {"stdout_lines": ["new|false|", "job|true|", "task|false|k3x9", "old|false|"]}
    assert ask("ran", __docker_engine_containers=said) == ["old", "new"]


@pytest.mark.parametrize(
    ("given", "stops"),
    [
        ({}, False),
        ({"__docker_engine_config_drift": True}, True),
        ({"docker_engine_no_proxy": "localhost"}, True),
        ({"docker_engine_state": "latest"}, True),
        ({"__docker_engine_finishes_dpkg": True}, True),
        ({"__docker_engine_config_drift": True, "docker_engine_started": False}, False),
        ({"docker_engine_state": "latest", "docker_engine_provider": "docker_ce"}, True),
    ],
    ids=[
        "no drift",
        "daemon.json",
        "a drop-in",
        "an upgrade",
        "dpkg",
        "it shall stop",
        "a switch",
    ],
)
def test_containers_are_minded_where_the_daemon_may_restart(
    ask: Ask, given: dict[str, Any], stops: bool
) -> None:
    running = {"__docker_engine_answers": True, "__docker_engine_config_drift": False, **given}
    unlimited = {"/etc/docker/daemon.json": "{}"}
    assert ask("stops_containers", files=unlimited, **running) is stops
    surviving = {"/etc/docker/daemon.json": '{"live-restore": true}'}
    upgrades = "docker_engine_state" in given or "__docker_engine_finishes_dpkg" in given
    assert ask("stops_containers", files=surviving, **running) is (stops and upgrades)
    ending = {**running, "__docker_engine_next_config": {"live-restore": False}}
    assert ask("stops_containers", files=surviving, **ending) is stops
    silent = {**running, "__docker_engine_answers": False}
    assert ask("stops_containers", files=unlimited, **silent) is False


@pytest.mark.parametrize(
    "given",
    [
        {"docker_engine_state": "present"},
        {"ansible_check_mode": True},
        {"docker_engine_version": "26"},
        {"docker_engine_packages_dir": "/srv/packages"},
        {"__docker_engine_missing": ["docker-buildx"]},
        {"__docker_engine_repository_drift": True},
        {"__docker_engine_finishes_dpkg": True},
        {"docker_engine_provider": "docker_ce"},
    ],
    ids=str,
)
def test_apt_is_asked_for_anything_newer_where_nothing_else_is_to_be_done(
    ask: Ask, given: dict[str, Any]
) -> None:
    latest = {"docker_engine_state": "latest", "__docker_engine_missing": []}
    assert ask("asks_newer", **latest) is True
    assert ask("asks_newer", **{**latest, **given}) is False


def test_nothing_is_done_to_packages_where_apt_has_nothing_newer(ask: Ask) -> None:
    latest = {"docker_engine_state": "latest", "__docker_engine_missing": []}
    every = ask("all_packages")
    assert ask("packages_drift", **latest) == every
    assert ask("packages_drift", __docker_engine_is_newest=False, **latest) == every
    assert ask("packages_drift", __docker_engine_is_newest=True, **latest) == []
    # What an earlier play has asked counts in that play only.
    latest["__docker_engine_missing"] = ["docker-buildx"]
    assert ask("packages_drift", __docker_engine_is_newest=True, **latest) == every


@pytest.mark.parametrize(
    ("said", "newest"),
    [
        ({"changed": False, "cache_updated": False}, True),
        ({"changed": False, "stdout": "Inst docker-ce [5:26.1.4] (5:26.1.5)"}, False),
        ({"msg": "Unable to correct problems, you have held broken packages."}, False),
    ],
)
def test_what_apt_would_do_is_what_it_simulates(
    ask: Ask, said: dict[str, Any], newest: bool
) -> None:
    steps = yaml.safe_load((ROLE / "tasks/ask_newer.yml").read_text(encoding="utf-8"))
    fact = steps[-1]["ansible.builtin.set_fact"]["__docker_engine_is_newest"]
    known = {"__docker_engine_simulated": said}
    templar = Templar(loader=DataLoader(), variables=known)
    assert templar.template(trust_as_template(fact)) is newest
    assert (steps[1]["check_mode"], steps[1]["changed_when"]) == (True, False)


def test_containers_are_minded_where_the_daemon_has_not_read_yet_that_they_survive(
    ask: Ask,
) -> None:
    def stops(applied: bool | None) -> bool:
        config = {"content": {"live-restore": True}, "applied": applied}
        return ask(
            "stops_containers",
            host={"daemon_config": config},
            __docker_engine_answers=True,
            __docker_engine_config_drift=True,
        )

    assert [stops(applied) for applied in (True, None, False)] == [False, False, True]


def test_containers_come_back_whatever_becomes_of_a_restart() -> None:
    act = yaml.safe_load((ROLE / "tasks/act.yml").read_text(encoding="utf-8"))
    (work,) = [task for task in act if "always" in task]
    files = [task.get("ansible.builtin.include_tasks", {}).get("file") for task in work["block"]]
    restarting = {"finish_dpkg.yml", "install.yml", "configure.yml", "dropin.yml", "service.yml"}
    assert restarting <= set(files)
    (back,) = work["always"]
    assert back["ansible.builtin.include_tasks"]["file"] == "bring_back.yml"
    before = act[act.index(work) - 1]
    assert before["ansible.builtin.include_tasks"]["file"] == "list_containers.yml"
    text = (ROLE / "tasks/bring_back.yml").read_text(encoding="utf-8")
    start = next(
        task
        for task in tasks(yaml.safe_load(text))
        if task.get("ansible.builtin.include_tasks") == {"file": "start_containers.yml"}
    )
    # A job that ended while the same daemon ran is not done twice.
    assert start["when"] == (
        "__docker_engine_process_after.stdout != __docker_engine_process_before.stdout"
    )


def test_no_container_that_somebody_removed_is_in_the_way_of_a_task() -> None:
    goes_on = {}
    for path in sorted((ROLE / "tasks").iterdir()):
        for task in tasks(yaml.safe_load(path.read_text(encoding="utf-8"))):
            argv = str(task.get("ansible.builtin.command", {}).get("argv"))
            if any(f"['{verb}'" in argv for verb in ("inspect", "start", "stop")):
                goes_on[task["name"]] = "not __docker_engine_only_gone" in task["failed_when"]
    assert len(goes_on) == 3
    assert all(goes_on.values())


def test_packages_that_did_not_come_back_are_named_beside_the_first_cause(ask: Ask) -> None:
    """By then the host has been looked at again, and they are not there."""
    given = {
        "docker_engine_provider": "docker_ce",
        "packages": dict.fromkeys((*DOCKER_CE, "docker.io", "containerd", "runc")),
        "__docker_engine_displaced": ["docker.io", "runc"],
        "__docker_engine_displaced_holds": [],
    }
    assert ask("not_put_back", **given) == ""
    assert ask("not_put_back", __docker_engine_put_back={"changed": True}, **given) == ""
    given["__docker_engine_put_back"] = {"msg": "no mirror answered"}
    assert ask("not_put_back", **given) == (
        "docker.io, runc could not be put back: no mirror answered Once apt works again, "
        "'apt-get install docker.io runc' does that."
    )
    given["__docker_engine_displaced_holds"] = ["runc"]
    assert "'apt-mark hold runc' holds" in ask("not_put_back", **given)


@pytest.mark.parametrize("works", [True, False])
def test_what_a_failed_switch_removed_is_put_back_or_named(tmp_path: Path, works: bool) -> None:
    def apt(task: dict[str, Any], name: str, words: str) -> None:
        """Say what a module is asked for instead; it fails where apt does not work."""
        task["ansible.builtin.debug" if works else "ansible.builtin.fail"] = {
            "msg": f"{name}: {words}"
        }

    text = (ROLE / "tasks/install_packages.yml").read_text(encoding="utf-8")
    (work,) = [task for task in yaml.safe_load(text) if "rescue" in task]
    for task in tasks(work["rescue"]):
        if "ansible.builtin.apt" in task:
            wanted = task.pop("ansible.builtin.apt")
            names = str(wanted["name"]).strip("{} ")
            apt(task, wanted.get("state", "present"), f"{{{{ [{names}] | flatten | join(' ') }}}}")
        elif "ansible.builtin.dpkg_selections" in task:
            task.pop("ansible.builtin.dpkg_selections")
            apt(task, "hold", "{{ item }}")
        elif "ansible.builtin.include_tasks" in task:
            del task["ansible.builtin.include_tasks"]
            said = "{{ __docker_engine_apt_trouble }} {{ __docker_engine_not_put_back }}"
            task["ansible.builtin.debug"] = {"msg": f"explained: {said}"}
    there = {
        "packages": {
            "docker.io": {"version": "26.1", "hold": False, "state": "installed"},
            "runc": {"version": "1.1", "hold": True, "state": "installed"},
        },
    }
    said = run_play(
        tmp_path / "play.yml",
        ROLE.name,
        [
            {"ansible.builtin.set_fact": {"ansible_docker_host": there, "cacheable": True}},
            {"block": [{"ansible.builtin.fail": {"msg": "no room"}}], "rescue": work["rescue"]},
        ],
        "-e",
        json.dumps(
            {
                "docker_engine_provider": "docker_ce",
                "__docker_engine_leaving": ["docker.io", "mine", "runc"],
                "__docker_engine_missing": [
                    "docker-ce",
                    "docker-buildx-plugin",
                    "python3-requests",
                ],
            }
        ),
        folder=tmp_path,
    )
    cleared = re.findall(r'"absent: ([^"]*)"', said)
    assert [sorted(one.split()) for one in cleared] == [
        ["docker-buildx-plugin", "docker-ce"]
    ] * works
    assert "present: docker.io=26.1 runc=1.1 mine" in said
    assert ("present: docker.io runc" in said) is (not works)
    assert ("hold: runc" in said) is works
    assert "explained: no room" in said
    assert ("docker.io, runc could not be put back" in said) is (not works)


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
    changes = [task["name"] for task in found if task.get("changed_when") is True]
    assert changes == [names[fetched]]


@pytest.mark.parametrize(
    ("alone", "together", "entangled", "leaving"),
    [
        (["Remv docker.io [26]", "Remv runc [1]"], [], False, ["docker.io", "runc"]),
        ([], [], False, ["docker.io", "runc"]),
        # What depends on an engine of any provider stays, and what depends on this one goes.
        (
            ["Remv nvidia-docker2 [2]", "Remv docker.io [26] [mine:arm64 ]", "Remv runc [1]"],
            ["Remv docker.io [26] [nvidia-docker2:arm64 ]", "Remv runc [1]", "Inst docker-ce (27)"],
            True,
            ["docker.io", "runc"],
        ),
        (
            ["Remv mine [2]", "Remv docker.io [26]", "Inst docker-ce (29)", "Remv runc [1]"],
            ["Remv mine [2]", "Remv docker.io [26]", "Inst docker-ce (27)", "Remv runc [1]"],
            True,
            ["mine", "docker.io", "runc"],
        ),
        (["Remv docker.io-doc [26]", "Remv docker.io [26]"], [], True, ["docker.io", "runc"]),
    ],
    ids=["only these", "no answer", "what stays", "what goes", "another of its name"],
)
def test_a_switch_removes_only_what_cannot_stay(
    ask: Ask, alone: list[str], together: list[str], entangled: bool, leaving: list[str]
) -> None:
    given = {
        "__docker_engine_other_provider": ["docker.io", "runc"],
        "__docker_engine_removal": {"stdout_lines": ["Reading package lists...", *alone]},
        "__docker_engine_exchange": {"stdout_lines": together} if entangled else {"skipped": True},
    }
    assert ask("entangled", **given) is entangled
    assert ask("leaving", **given) == leaving


def test_what_others_need_instead_comes_with_the_new_packages(ask: Ask) -> None:
    lines = [
        "Inst crun (1.21-1 Debian:13/stable [arm64])",
        "Remv docker.io [26] [nvidia-docker2:arm64 ]",
        "Inst docker-ce (5:27.5.1-1 docker [arm64]) []",
        "Inst libc6 [2.40] (2.41 Debian:13/stable [arm64])",
    ]
    given = {"docker_engine_provider": "docker_ce"}
    assert ask("along", __docker_engine_exchange={"skipped": True}, **given) == []
    assert ask("along", **given) == []
    assert ask("along", __docker_engine_exchange={"stdout_lines": lines}, **given) == [
        "crun=1.21-1"
    ]
    text = (ROLE / "tasks/install_packages.yml").read_text(encoding="utf-8")
    names = [
        task["ansible.builtin.apt"]["name"]
        for task in tasks(yaml.safe_load(text))
        if "policy_rc_d" in task.get("ansible.builtin.apt", {})
    ]
    assert names == ["{{ __docker_engine_requests + __docker_engine_along }}"]


def test_apt_removes_the_other_provider_where_nothing_else_depends_on_it() -> None:
    steps = yaml.safe_load((ROLE / "tasks/remove_other.yml").read_text(encoding="utf-8"))
    whens = {
        module: task["when"]
        for task in steps
        for module in ("ansible.builtin.apt", "ansible.builtin.command")
        if module in task
    }
    assert whens == {
        "ansible.builtin.apt": "not __docker_engine_entangled",
        "ansible.builtin.command": "__docker_engine_entangled",
    }


def test_what_a_switch_removes_is_put_back_whatever_fails_afterwards() -> None:
    text = (ROLE / "tasks/install_packages.yml").read_text(encoding="utf-8")
    (work,) = [task for task in yaml.safe_load(text) if "rescue" in task]
    first = work["block"][0]
    assert first["ansible.builtin.include_tasks"] == {"file": "remove_other.yml"}
    puts_back = next(task for task in work["rescue"] if "block" in task)
    assert puts_back["when"] == first["when"] == "__docker_engine_other_provider | length > 0"


@pytest.mark.parametrize(
    ("wanted", "ran", "stops"),
    [(False, False, True), (False, True, False), (True, False, False), ("false", False, True)],
)
def test_an_upgrade_leaves_an_engine_stopped_that_shall_not_run(
    ask: Ask, wanted: Any, ran: bool, stops: bool
) -> None:
    given = {"docker_engine_started": wanted, "__docker_engine_before": {"active": ran}}
    assert ask("stays_stopped", **given) is stops
