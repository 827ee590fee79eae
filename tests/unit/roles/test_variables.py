# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles make of their variables, by Ansible itself, without a host."""

from __future__ import annotations

import json
import os
import re
import subprocess
from base64 import b64encode
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.arm64.docker.plugins.filter.dind_instances import dind_instances
from ansible_collections.arm64.docker.plugins.module_utils._archive import docker_archive
from ansible_collections.arm64.docker.plugins.module_utils._compose_projects import read_projects
from ansible_collections.arm64.docker.plugins.module_utils._dind_export import (
    digests,
    identities,
    kept,
)
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform
from ansible_collections.arm64.docker.tests.unit.playing import COLLECTION, evaluate, run_play
from ansible_collections.arm64.docker.tests.unit.plugins.module_utils.test_certificate import issue

OWN = "linux/arm64"
HOST = {"platform": {"platform": OWN, "aarch32": False}, "emulation": {}, "packages": {}}


@pytest.fixture
def evaluated(tmp_path: Path):
    """Return what expressions are, by their names, for each set of variables beside a role's own.

    Sets of one call have the same keys.
    """
    play, start = tmp_path / "play", tmp_path / "start"
    play.mkdir()
    start.mkdir()

    def ask(role: str, *sets: dict[str, Any], **expressions: str) -> list[dict[str, Any]]:
        return evaluate(play / "play.yml", role, sets, expressions, folder=start)

    ask.play, ask.start = play, start
    return ask


def compose(place: Path, image: str, **keys: Any) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    document = {**keys, "services": {"web": {"image": image}}}
    place.write_text(json.dumps(document), encoding="utf-8")
    return place


@pytest.mark.parametrize("role", ["docker_audit", "docker_deploy"])
def test_relative_paths_start_where_ansible_was_started(evaluated, role: str) -> None:
    options = {"ca_path": "ca.pem", "docker_config": "~/config.json", "timeout": 1}
    (found,) = evaluated(role, {f"{role}_lookup": options}, lookup=f"__{role}_lookup")
    assert found["lookup"] == {**options, "ca_path": str(evaluated.start / "ca.pem")}


def test_the_report_of_an_audit_lands_where_ansible_was_started(evaluated) -> None:
    named = ("report.json", "a/b.json", "/c.json", "~/d.json")
    sets = [{"docker_audit_json": name} for name in named]
    found = evaluated("docker_audit", *sets, place="__docker_audit_json")
    assert [one["place"] for one in found] == [
        f"{evaluated.start}/report.json",
        f"{evaluated.start}/a/b.json",
        "/c.json",
        "~/d.json",
    ]


def test_a_report_of_a_host_that_did_not_say_what_it_uses_says_so_and_not_nothing(
    evaluated,
) -> None:
    stale = {"docker_usage": {"containers": [], "problems": []}}
    read = {"containers": None, "problems": ["docker ps: no answer in time"]}
    sets = [
        {"ansible_facts": stale, "__docker_report_error": error, "__docker_report_read": said}
        for error, said in (
            ("", {"unreachable": True, "msg": "No route to host"}),
            ("", {"msg": ""}),
            ("", {"ansible_facts": {"ansible_docker_usage": read}}),
            ("Permission denied", {}),
        )
    ]
    found = evaluated("docker_report", *sets, usage="__docker_report_usage")
    unread = "what the host uses could not be read:"
    assert [one["usage"] for one in found] == [
        {"problems": [f"{unread} No route to host"]},
        {"problems": [f"{unread} no reason given"]},
        read,
        {},
    ]


def test_a_host_that_failed_before_the_report_is_in_it_as_such(evaluated) -> None:
    sets = [{"docker_report_title": "x"}, {"__docker_report_record": {"name": "board"}}]
    words = "__docker_report_hosts | map('dict2items') | map('items2dict') | list"
    failed, known = evaluated("docker_report", *sets, hosts=words)
    (host,) = failed["hosts"]
    assert (host["name"], host["reachable"]) == ("localhost", False)
    assert "failed before" in host["error"]
    assert known["hosts"] == [{"name": "board"}]


# What hosts say, beside that of tests/faults. The last three of sudo are those of sudo-rs, which
# Ubuntu 26.04 has (src/common/error.rs).
REFUSALS = {
    "clerk is not in the sudoers file.": "has no sudo rights.",
    "Sorry, user clerk may not run sudo on board.": "has no sudo rights.",
    "Sorry, user clerk is not allowed to execute '/bin/sh' as root.": "has no sudo rights.",
    "sudo: a password is required": "--ask-become-pass",
    "sudo: interactive authentication is required": "--ask-become-pass",
    "sudo: I'm sorry clerk. I'm afraid I can't do that": "has no sudo rights.",
    "Sorry, user clerk may not run /bin/sh on board.": "has no sudo rights.",
    "Failed to connect to the host via ssh: Host key verification failed.": "ssh-keygen -R",
}


def test_a_host_that_cannot_be_observed_is_told_why_and_what_to_do(evaluated) -> None:
    sets = [{"__docker_observe_result": {"failed": True, "msg": said}} for said in REFUSALS]
    found = evaluated("docker_observe", *sets, words="__docker_observe_explanation | trim")
    for words, one in zip(REFUSALS.values(), found, strict=True):
        assert words in one["words"]


def test_options_of_other_roles_without_a_value_leave_the_observation_as_it_is(evaluated) -> None:
    given = [{"docker_engine_users": one, "docker_rootless_users": one} for one in ([], None, "")]
    found = evaluated(
        "docker_observe",
        *given,
        users="__docker_observe_options.users",
        rootless="__docker_observe_options.rootless_users",
    )
    assert found == [{"users": [], "rootless": []}] * 3


def test_findings_are_ignored_however_the_command_line_lists_them(evaluated) -> None:
    found = [{"id": name, "severity": "error"} for name in ("not_arm64", "cgroup_v1", "not_root")]
    written = ("not_arm64,cgroup_v1", "not_arm64, cgroup_v1", '["not_arm64", "cgroup_v1"]', "")
    sets = [
        {"docker_preflight_ignore": one, "ansible_facts": {"docker_host": {"findings": found}}}
        for one in (*written, ["not_arm64", "cgroup_v1"])
    ]
    left = evaluated(
        "docker_preflight", *sets, ids="__docker_preflight_findings | map(attribute='id') | list"
    )
    two = ["not_root"]
    everything = ["not_arm64", "cgroup_v1", "not_root"]
    assert [one["ids"] for one in left] == [two, two, two, everything, two]


def test_images_to_verify_are_named_on_the_command_line_with_commas_or_as_json(evaluated) -> None:
    written = ("nginx:alpine, redis", ' ["nginx:alpine", "redis"]', "", ["nginx:alpine", "redis"])
    sets = [{"docker_verify_images": one} for one in written]
    found = evaluated("docker_verify", *sets, images="__docker_verify_images")
    both = ["nginx:alpine", "redis"]
    assert [one["images"] for one in found] == [both, both, [], both]


def test_verify_says_what_stands_in_its_way_and_what_to_do(evaluated) -> None:
    silent = {
        "id": "daemon_silent",
        "evidence": "It did not answer in time.",
        "remedy": "'systemctl restart docker'.",
    }
    other = {"id": "clock_unsynchronized", "evidence": "nothing steers it", "remedy": "chrony"}
    facts = {"packages": {"python3-requests": {}}, "findings": [other, silent]}
    server = {"engine": {"version": "28.0.4"}}
    hosts = (
        {**facts, "docker": {"server": None}},
        {**facts, "docker": None},
        {**facts, "docker": {"server": server}, "packages": {}},
        {**facts, "docker": {"server": server}, "packages": None},
        {**facts, "docker": {"server": server}},
    )
    sets = [{"__docker_verify_host": host} for host in hosts]
    found = evaluated("docker_verify", *sets, words="__docker_verify_obstacle")
    words = [one["words"] for one in found]
    for said in words[:2]:
        assert said.startswith("no Docker daemon answers. It did not answer in time. 'systemctl")
        assert "chrony" not in said
    assert [said.split(",")[0] for said in words[2:]] == ["python3-requests is missing"] * 2 + [""]
    given = {"__docker_verify_host": hosts[2], "docker_engine_python_requests": False}
    (own,) = evaluated("docker_verify", given, words="__docker_verify_obstacle")
    assert own["words"] == ""


def test_what_is_left_of_an_image_is_only_what_could_not_be_removed(evaluated) -> None:
    removed, skipped, failed = {"changed": True}, {"skipped": True}, {"msg": "Error connecting"}
    gone = {"rc": 1, "msg": "non-zero return code", "stderr": "Error: No such image: it"}
    rows = [
        (removed, removed, skipped, []),
        (failed, failed, skipped, ["Error connecting"] * 2),
        (removed, skipped, {"rc": 0, "msg": "", "stderr": ""}, []),
        (removed, skipped, gone, []),
        (removed, skipped, {**gone, "stderr": "conflict: in use"}, ["conflict: in use"]),
        (removed, skipped, {**gone, "rc": 124, "stderr": ""}, ["docker image rm did not end."]),
    ]
    found = evaluated(
        "docker_verify",
        *[
            {
                "__docker_verify_container_removal": container,
                "__docker_verify_image_removal": image,
                "__docker_verify_digest_removal": digest,
            }
            for container, image, digest, _left in rows
        ],
        left="__docker_verify_left",
    )
    assert [one["left"] for one in found] == [left for *_, left in rows]


def test_an_image_is_judged_by_its_health_check_or_by_how_it_ended(evaluated) -> None:
    runs, ended = {"Running": True}, {"Running": False}
    states = {
        "exit status 0": {**ended, "ExitCode": 0},
        "running": runs,
        "healthy": {**runs, "Health": {"Status": "healthy"}},
        "exit status 3": {**ended, "ExitCode": 3},
        "unhealthy": {**runs, "Health": {"Status": "unhealthy"}},
        "starting": {**runs, "Health": {"Status": "starting"}},
    }
    answers = [{"container": {"State": state}, "attempts": 1} for state in states.values()]
    answers += [{"container": None}, {"msg": "Error connecting"}]
    found = evaluated(
        "docker_verify",
        *[{"__docker_verify_container": answer} for answer in answers],
        verdict="__docker_verify_verdict",
        good="__docker_verify_good",
        settled="__docker_verify_settled",
    )
    verdicts = [one["verdict"].strip() for one in found]
    assert verdicts == [*states, "its container is gone", "Error connecting"]
    assert [one["good"] for one in found] == [True] * 3 + [False] * 5
    assert [one["settled"] for one in found] == [
        True, False, True, True, True, False, True, True
    ]  # fmt: skip


def test_a_host_whose_containers_cannot_be_seen_is_named(evaluated) -> None:
    server, requests = {"version": "27"}, {"python3-requests": "2"}
    cases = [(True, server, {}), (True, server, requests), (True, {}, {}), (False, server, {})]
    sets = [
        {
            "docker_audit_running": running,
            "__docker_audit_host": {"packages": packages, "docker": {"server": there}},
        }
        for running, there, packages in cases
    ]
    found = evaluated(
        "docker_audit", *sets, unseen="__docker_audit_unseen", looks="__docker_audit_can_look"
    )
    assert "localhost: what runs there was not looked at" in found[0]["unseen"]
    assert [one["unseen"] for one in found[1:]] == ["", "", ""]
    assert [one["looks"] for one in found] == [False, True, False, False]


@pytest.mark.parametrize(
    "name",
    [
        "audit_images",
        "audit_compose_files",
        "audit_emulated",
        "deploy_emulated",
        "deploy_image_archives",
    ],
)
def test_lists_of_the_command_line_may_have_blanks_and_be_empty(evaluated, name: str) -> None:
    made = f"__docker_{name}".replace("compose_files", "projects").replace("image_arch", "arch")
    role = "_".join(["docker", name.partition("_")[0]])
    sets = [{f"docker_{name}": value} for value in ("one, two", "", ["one, two"])]
    found = evaluated(role, *sets, listed=made)
    assert [one["listed"] for one in found] == [["one", "two"], [], ["one, two"]]


def test_a_container_whose_tag_stands_for_another_image_is_looked_up_by_its_digest(
    evaluated,
) -> None:
    ids = {name: f"sha256:{sign * 64}" for name, sign in (("old", "a"), ("new", "b"), ("own", "c"))}
    pinned = f"nginx@{ids['new']}"
    images = [
        {"Id": ids["old"], "RepoDigests": [pinned]},
        {"Id": ids["new"], "RepoDigests": ["nginx@sha256:1"]},
        {"Id": ids["own"], "RepoDigests": []},
    ]
    containers = [
        {"Names": ["/moved"], "Image": ids["old"], "ImageID": ids["old"]},
        {"Names": ["/web"], "Image": "nginx:1", "ImageID": ids["new"]},
        {"Names": ["/own"], "Image": "own:1", "ImageID": ids["own"]},
        {"Names": ["/odd"], "Image": "sha256:1", "ImageID": "sha256:1"},
    ]
    (found,) = evaluated(
        "docker_audit",
        {"__docker_audit_info": {"containers": containers, "images": images}},
        running="__docker_audit_running | map(attribute='image') | list",
    )
    assert found["running"] == [pinned, "nginx:1", "sha256:1"]


def test_of_a_store_that_gives_every_image_a_digest_what_runs_has_that_of_its_image(
    evaluated,
) -> None:
    own, pulled = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
    images = [
        {"Id": own, "RepoDigests": [f"own@{own}", f"example.org/own@{own}"]},
        {"Id": pulled, "RepoDigests": [f"nginx@sha256:{'c' * 64}"]},
    ]
    containers = [
        {"Names": ["/own"], "Image": "own:1", "ImageID": own},
        {"Names": ["/web"], "Image": "nginx:1", "ImageID": pulled},
    ]
    (found,) = evaluated(
        "docker_audit",
        {"__docker_audit_info": {"containers": containers, "images": images}},
        digests="__docker_audit_running | map(attribute='digests') | list",
    )
    assert found["digests"] == [[own], []]


SAID = [
    {"name": "shop", "services": {"web": {"image": "example.org/one"}}},
    {"name": "other", "services": {"web": {"image": "example.org/two"}}},
]
ITEMS = [
    {"project_src": "/srv/shop/"},
    {"project_name": "written", "definition": {"services": {"w": {"image": "example.org/w"}}}},
    {"project_src": "/srv/shop", "project_name": "other", "files": ["b.yml"]},
]


def deployment(state: str = "present", **more: Any) -> dict[str, Any]:
    return {
        "docker_deploy_state": state,
        "docker_deploy_projects": ITEMS,
        "__docker_deploy_said": {"results": [{"stdout": json.dumps(one)} for one in SAID]},
        "__docker_deploy_host": HOST,
        **more,
    }


def test_each_project_on_the_host_needs_what_compose_says_of_it(evaluated) -> None:
    (found,) = evaluated(
        "docker_deploy",
        deployment(),
        needs="__docker_deploy_needs | map('dict2items') | map('items2dict') | list",
        names="__docker_deploy_projects | map(attribute='name') | list",
    )
    assert found["names"] == ["shop", "written", "other"]
    assert [(one["project"], one["image"]) for one in found["needs"]] == [
        (0, "example.org/one"),
        (1, "example.org/w"),
        (2, "example.org/two"),
    ]


def test_projects_that_are_removed_are_not_held_against_earlier_answers(evaluated) -> None:
    earlier = {"results": [{"stdout": json.dumps(SAID[0])}]}
    (found,) = evaluated(
        "docker_deploy",
        deployment("absent", __docker_deploy_said=earlier),
        named="__docker_deploy_projects | map(attribute='named') | list",
    )
    assert found["named"] == [False, True, True]


def test_a_project_without_files_that_needs_a_further_one_is_known_before_any_change(
    evaluated,
) -> None:
    row = {"service": "web", "verdict": "exact", "requested_platform": None, "pull": False}
    rows = [
        {**row, "what": "container x", "pinned": None},
        *({**row, "project": number, "pinned": "example.org/x@sha256:1"} for number in range(3)),
    ]
    pulled = [rows[0], {**rows[1], "pull": True}, *rows[2:]]
    sets = [
        deployment(__docker_deploy_rows=one, docker_deploy_pin=pin)
        for one, pin in ((rows, True), (rows, False), (pulled, False))
    ]
    found = evaluated("docker_deploy", *sets, unnamed="__docker_deploy_unnamed")
    assert [one["unnamed"] for one in found] == [["shop"], [], ["shop"]]


def test_a_relative_path_is_found_as_copy_finds_it_and_then_where_ansible_was_started(
    evaluated,
) -> None:
    words = {
        "project": "__docker_deploy_projects | map('dict2items') | map('items2dict') | first",
        "archives": "__docker_deploy_saved | map(attribute='archive') | list",
    }
    items = {
        "docker_deploy_projects": [{"src": "shop"}],
        "docker_deploy_image_archives": ["app.tar"],
    }
    archive = docker_archive("app:1", Platform.parse(OWN), {"/app": b"x"}, ["/app"])
    compose(evaluated.start / "shop/compose.yaml", "example.org/start", name="start")
    (evaluated.start / "app.tar").write_bytes(archive)
    (found,) = evaluated("docker_deploy", items, **words)
    assert (found["project"]["source"], found["project"]["name"]) == (
        str(evaluated.start / "shop"),
        "start",
    )
    assert found["archives"] == [str(evaluated.start / "app.tar")]
    compose(evaluated.play / "files/shop/compose.yaml", "example.org/play", name="play")
    (evaluated.play / "files/app.tar").write_bytes(archive)
    (found,) = evaluated("docker_deploy", items, **words)
    assert found["project"]["source"] == str(evaluated.play / "files/shop")
    assert found["project"]["services"][0]["image"] == "example.org/play"
    assert found["archives"] == [str(evaluated.play / "files/app.tar")]


def test_an_archive_is_loaded_until_the_host_has_what_is_in_it_whatever_its_id(evaluated) -> None:
    place = evaluated.start / "app.tar"
    place.write_bytes(docker_archive("docker.io/app:1", Platform.parse(OWN), {}, ["/app"]))
    layer = sha256(b"\0" * 10240).hexdigest()
    image = {
        "Id": f"sha256:{'a' * 64}",
        "RepoTags": ["app:1"],
        "Os": "linux",
        "Architecture": "arm64",
        "Variant": "v8",
        "Created": "1970-01-01T00:00:00Z",
        "RootFS": {"Type": "layers", "Layers": [f"sha256:{layer}"]},
        "Config": {"Cmd": ["/app"], "Env": None},
    }
    sets = [
        {"docker_deploy_image_archives": ["app.tar"], "__docker_deploy_images": {"images": present}}
        for present in ([image], [{**image, "Config": {"Cmd": ["/other"]}}], [])
    ]
    found = evaluated("docker_deploy", *sets, missing="__docker_deploy_missing_archives")
    assert [one["missing"] for one in found] == [[], [str(place)], [str(place)]]


def dind_set(seen: dict[str, Any], *instances: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return what docker_dind knows after its look; ``seen`` is what differs from nothing."""
    plan = dind_instances(list(instances), OWN)
    assert plan["refusals"] == []
    nothing = {
        "container": None, "network": None, "volumes": {}, "derived": None, "version": None,
        "days_left": None, "authority": None, "stale": False,
    }  # fmt: skip
    found = {name: {**nothing, **seen.get(name, {})} for name in (i["name"] for i in instances)}
    before = {"instances": found, "to_pull": more.pop("to_pull", [])}
    return {"__docker_dind_plan": plan, "__docker_dind_before": before, **more}


DIND_RUNS = {
    "container": {"owner": "ci"},
    "network": {"owner": "ci"},
    "volumes": {"ci-storage": {}},
}


def test_a_context_leads_back_where_the_host_is_the_controller(evaluated) -> None:
    export = {"to": "controller", "path": "/srv/ci", "context": "ci"}
    known = {
        "docker_dind_instances": [{"name": "ci", "port": 2376, "export": export}],
        "__docker_dind_platform": OWN,
    }
    sets = [
        {**known, "ansible_connection": name}
        for name in ("ssh", "local", "ansible.builtin.local", "community.docker.docker")
    ]
    found = evaluated("docker_dind", *sets, refused="__docker_dind_completed.refusals | length")
    assert [one["refused"] for one in found] == [1, 0, 0, 1]


def test_only_what_a_run_made_of_engines_is_taken_back(evaluated) -> None:
    client = {"name": "client", "variant": "cli", "engine": "field"}
    (found,) = evaluated(
        "docker_dind",
        dind_set(
            {"ci": DIND_RUNS, "field": {"volumes": {"field-certs-ca": {}}}},
            {"name": "ci"},
            {"name": "field"},
            client,
        ),
        made="__docker_dind_made",
    )
    assert found["made"] == {
        "containers": ["field", "client"],
        "networks": ["field"],
        "volumes": ["field-storage", "field-certs-client"],
    }


def test_check_mode_foresees_containers_that_cannot_be_compared(evaluated) -> None:
    rootless = {"variant": "dind-rootless", "uid": 1234}
    built, missing = {"derived": {"exists": True}}, {"derived": {"exists": False}}
    client = {"name": "client", "variant": "cli", "engine": "ci"}
    found = evaluated(
        "docker_dind",
        dind_set({"ci": DIND_RUNS}, {"name": "ci"}),
        dind_set({"ci": {**DIND_RUNS, **built}}, {"name": "ci", **rootless}),
        dind_set({"ci": {**DIND_RUNS, **missing}}, {"name": "ci", **rootless}),
        dind_set(
            {"ci": DIND_RUNS}, {"name": "ci", "image": "own:2", **rootless}, to_pull=["own:2"]
        ),
        dind_set({}, {"name": "ci"}),
        dind_set(
            {"ci": {**DIND_RUNS, "network": None}, "client": {"container": {"owner": "client"}}},
            {"name": "ci", "network": "other"},
            client,
        ),
        foreseen="__docker_dind_foreseen",
    )
    assert [one["foreseen"] for one in found] == [
        [],
        [],
        ["ci"],
        ["ci"],
        ["ci"],
        ["ci", "client"],
    ]


def test_an_engine_without_root_that_is_silent_may_lack_a_profile(evaluated) -> None:
    found = evaluated(
        "docker_dind",
        *(
            {"ansible_facts": {"docker_host": {"rootless": rootless}}}
            for rootless in ({"apparmor_restricts": True}, {"apparmor_restricts": False}, None)
        ),
        said="__docker_dind_restriction",
    )
    assert "/usr/local/bin/rootlesskit" in found[0]["said"]
    assert [one["said"] for one in found[1:]] == ["", ""]


def test_engines_are_started_anew_for_certificates_that_end_or_were_replaced(evaluated) -> None:
    own = {"name": "ci", "certificates": "/etc/dind"}
    found = evaluated(
        "docker_dind",
        dind_set({"ci": {"days_left": 100}}, {"name": "ci"}),
        dind_set({"ci": {"days_left": 3}}, {"name": "ci"}),
        dind_set({"ci": {"days_left": 3}}, own),
        dind_set({"ci": {"days_left": 100, "stale": True}}, own),
        names="__docker_dind_renewals",
    )
    assert [one["names"] for one in found] == [[], ["ci"], [], ["ci"]]


def test_a_memory_limit_that_the_kernel_cannot_set_is_refused(evaluated) -> None:
    def known(memory: str, *findings: str) -> dict[str, Any]:
        host = {"findings": [{"id": one} for one in findings], "docker": {"server": {"any": 1}}}
        return {
            **dind_set({}, {"name": "ci", "memory": memory}),
            "ansible_facts": {"docker_host": host},
        }

    found = evaluated(
        "docker_dind",
        known("1g", "memory_cgroup_off"),
        known("0.5 gb", "memory_cgroup_off"),
        known("0", "memory_cgroup_off"),
        known("0.0mb", "memory_cgroup_off"),
        known("1g", "swap_limit_off"),
        refusals="__docker_dind_refusals | map('truncate', 29, true, '') | list",
    )
    off = ["ci: memory cannot be limited "]
    assert [one["refusals"] for one in found] == [off, off, [], [], []]


def test_engines_on_a_host_whose_daemon_remaps_users_are_refused(evaluated) -> None:
    def known(instance: dict[str, Any], **content: str) -> dict[str, Any]:
        host = {
            "findings": [],
            "docker": {"server": {"any": 1}},
            "daemon_config": {"content": content},
        }
        return {**dind_set({}, instance), "ansible_facts": {"docker_host": host}}

    found = evaluated(
        "docker_dind",
        known({"name": "ci"}),
        known({"name": "ci"}, **{"userns-remap": "default"}),
        known({"name": "ci", "state": "absent"}, **{"userns-remap": "default"}),
        refusals="__docker_dind_refusals | length",
    )
    assert [one["refusals"] for one in found] == [0, 1, 0]


def test_the_reason_of_a_failure_is_that_of_the_item_that_failed(evaluated) -> None:
    good, bad = {"changed": True, "msg": "All is well"}, {"failed": True, "msg": "No room"}
    found = evaluated(
        "docker_dind",
        {"ansible_failed_result": {"failed": True, "msg": "One failed", "results": [good, bad]}},
        {"ansible_failed_result": {**bad, "stderr": "full"}},
        failures="__docker_dind_failures | map(attribute='msg') | list",
    )
    assert [one["failures"] for one in found] == [["No room"], ["No room"]]


def test_what_was_removed_again_is_named_once_even_where_a_removal_failed(evaluated) -> None:
    def done(*items: str, **more: Any) -> dict[str, Any]:
        return {"results": [{"item": item, "changed": True} for item in items], **more}

    left = {"results": [{"item": "field", "failed": True}], "failed": True}
    found = evaluated(
        "docker_dind",
        {
            "__docker_dind_removed_containers": done("ci"),
            "__docker_dind_removed_networks": done("ci"),
            "__docker_dind_removed_volumes": done("ci-storage"),
        },
        {
            "__docker_dind_removed_containers": left,
            "__docker_dind_removed_networks": {},
            "__docker_dind_removed_volumes": {},
        },
        removed="__docker_dind_removed",
    )
    assert [one["removed"] for one in found] == [["ci", "ci-storage"], []]


def test_without_docker_there_is_nothing_to_remove(evaluated) -> None:
    def host(state: str, packages: dict[str, Any], server: Any = None) -> dict[str, Any]:
        return {
            "__docker_dind_plan": dind_instances([{"name": "ci"}], OWN, state),
            "__docker_dind_host": {
                "packages": packages,
                "docker": {"server": server},
                "findings": [],
            },
            "ansible_check_mode": False,
        }

    installed = {"docker.io": {"state": "installed"}, "docker-ce": {"state": "missing"}}
    missing = {name: {"state": "missing"} for name in installed}
    found = evaluated(
        "docker_dind",
        host("absent", missing),
        host("absent", installed),
        host("present", missing),
        host("absent", installed, {"engine": {}}),
        refusals="__docker_dind_refusals | length",
    )
    assert [one["refusals"] for one in found] == [0, 1, 1, 0]


def test_only_a_folder_that_docker_rootless_makes_is_remembered(evaluated) -> None:
    def known(there: bool, **before: Any) -> dict[str, Any]:
        return {
            "__docker_rootless_acts_on": [],
            "__docker_rootless_leaving": [],
            "__docker_rootless_packages_drift": [],
            "__docker_rootless_sysctls_now": {},
            "__docker_rootless_facts": {"settings_folder": there},
            "__docker_rootless_before": {"packages": [], "sysctl": {}, "users": {}, **before},
        }

    found = evaluated(
        "docker_rootless",
        known(False),
        known(True),
        known(True, folders=["/etc/docker"]),
        folders="__docker_rootless_record_content.folders",
    )
    assert [one["folders"] for one in found] == [["/etc/docker"], [], ["/etc/docker"]]


def test_accounts_that_would_have_their_data_in_one_folder_are_refused(evaluated) -> None:
    def known(*users: str, **config: str) -> dict[str, Any]:
        return {
            "docker_rootless_users": list(users),
            "docker_rootless_config": config,
            "ansible_facts": {
                "docker_host": {
                    "os": {"id": "debian", "version_id": "13"},
                    "packages": {"docker.io": {"state": "installed"}},
                    "files": {},
                    "service": {"manager": "systemd"},
                    "rootless": {
                        "users": {name: {"uid": 1000, "home_usable": True} for name in users},
                        "overlaps": [],
                        "launcher": "/usr/share/docker.io/contrib/dockerd-rootless.sh",
                        "user_namespaces": 15000,
                        "unprivileged": True,
                        "tun": True,
                    },
                }
            },
        }

    found = evaluated(
        "docker_rootless",
        known("ci", "guest"),
        known("ci", **{"data-root": "/srv/ci"}),
        known("ci", "guest", **{"data-root": "/srv/ci"}),
        refusals="__docker_rootless_refusals",
    )
    assert [len(one["refusals"]) for one in found] == [0, 0, 1]
    assert "for the daemons of ci, guest: leave it out" in found[2]["refusals"][0]


def test_of_a_folder_with_data_only_what_docker_makes_goes_whatever_its_names(
    evaluated, tmp_path: Path
) -> None:
    root = tmp_path / "a b-c+(x)" / "docker"
    for folder in ("overlay2/one", "volumes", "mine/volumes"):
        (root / folder).mkdir(parents=True)
    for name in (b"overlay2/one/\xff", b"volumes.bak", b"engine-id"):
        (Path(os.fsdecode(bytes(root) + b"/" + name))).touch()
    config = b64encode(json.dumps({"data-root": f"{root}/"}).encode()).decode()
    (found,) = evaluated(
        "docker_rootless",
        {"__docker_rootless_configured": {"content": config}},
        argv="__docker_rootless_data_removal",
    )
    subprocess.run(found["argv"], env={**os.environ, "LC_ALL": "C.UTF-8"}, check=True, timeout=60)
    left = sorted(str(path.relative_to(root)) for path in root.rglob("*"))
    assert left == ["mine", "mine/volumes", "volumes.bak"]


def exporting(
    folder: Path, engine: Path, seen: dict[str, Any] | None = None, **options: Any
) -> dict[str, Any]:
    """Return what docker_dind knows of an export to a folder, of the client's files in another."""
    export = {"to": "controller", "path": str(folder), "context": ""}
    known = dind_set({"ci": seen or {}}, {"name": "ci"})
    return {
        **known,
        "__docker_dind_item": {"name": "ci", "certificates": "", "export": export, **options},
        "docker_dind_engines": {
            "ci": {
                "client_files": digests(str(engine)),
                "client_identities": identities(str(engine)),
            }
        },
    }


def test_certificates_that_are_on_the_controller_are_not_fetched(evaluated, tmp_path: Path) -> None:
    engine = tmp_path / "engine"
    engine.mkdir()
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (engine / name).write_text(f"{name}\n\n", encoding="utf-8")
        (engine / name).chmod(0o600)
    other, readable = tmp_path / "other", tmp_path / "readable"
    copytree(engine, other)
    (other / "cert.pem").write_text("another", encoding="utf-8")
    copytree(engine, readable)
    (readable / "key.pem").chmod(0o644)

    found = evaluated(
        "docker_dind",
        exporting(engine, engine),
        exporting(engine, other),
        exporting(tmp_path / "nowhere", engine),
        exporting(readable, engine),
        same="__docker_dind_controller_same",
    )
    assert [one["same"] for one in found] == [
        ["ca.pem", "cert.pem", "key.pem"],
        ["ca.pem", "key.pem"],
        [],
        ["ca.pem", "cert.pem"],
    ]


def test_exported_certificates_stay_where_the_image_only_issued_new_ones(
    evaluated, tmp_path: Path
) -> None:
    def client(name: str, days: int) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "ca.pem").write_text(issue(tmp_path, "ca", "ca", 825))
        (folder / "cert.pem").write_text(issue(tmp_path, "client", "client", days))
        (folder / "key.pem").write_text((tmp_path / "client.key").read_text())
        for path in folder.iterdir():
            path.chmod(0o600)
        return folder

    before, engine, ending = client("before", 824), client("engine", 825), client("ending", 9)
    foreign = tmp_path / "foreign"
    copytree(engine, foreign)
    (foreign / "ca.pem").write_text(issue(tmp_path, "other", "ca", 825))
    found = evaluated(
        "docker_dind",
        exporting(before, engine),
        exporting(before, engine, certificates="/etc/dind"),
        exporting(before, engine, {"days_left": 9}),
        exporting(ending, engine),
        exporting(foreign, engine),
        same="__docker_dind_controller_same",
    )
    assert [one["same"] for one in found] == [
        ["ca.pem", "cert.pem", "key.pem"],
        ["key.pem"],
        ["key.pem"],
        ["key.pem"],
        ["cert.pem", "key.pem"],
    ]
    on_host = exporting(tmp_path / "nowhere", engine)
    on_host["__docker_dind_item"]["export"]["to"] = "host"
    on_host["docker_dind_engines"]["ci"]["exported"] = kept(str(before))
    (found,) = evaluated("docker_dind", on_host, same="__docker_dind_export_same")
    assert found["same"] == ["ca.pem", "cert.pem", "key.pem"]


def test_only_exported_files_of_the_engine_itself_are_removed(evaluated) -> None:
    def known(path: str, real: str, **more: Any) -> dict[str, Any]:
        found = {
            "client_identities": {"ca.pem": "1", "key.pem": "2"},
            "exported": {"identities": {"ca.pem": "1", "key.pem": "other"}, "real": real},
        }
        instance = {"name": "ci", "export": {"path": path}}
        return {
            "__docker_dind_item": instance,
            "__docker_dind_before": {"instances": {"ci": found}},
            **more,
        }

    found = evaluated(
        "docker_dind",
        known("/srv/ci/", "/srv/ci"),
        known("/srv/ci", "/etc"),
        files="__docker_dind_unexport_files",
    )
    assert [one["files"] for one in found] == [["ca.pem"], []]


def test_a_context_on_the_controller_is_known_by_its_address(
    evaluated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    folder = tmp_path / "contexts/meta" / sha256(b"ci").hexdigest()
    folder.mkdir(parents=True)
    meta = {"Name": "ci", "Endpoints": {"docker": {"Host": "tcp://192.0.2.7:2376"}}}
    (folder / "meta.json").write_text(json.dumps(meta), encoding="utf-8")

    def item(name: str) -> dict[str, Any]:
        return {"__docker_dind_item": {"export": {"path": "/nowhere", "context": name}}}

    found = evaluated("docker_dind", item("ci"), item("other"), on="__docker_dind_controller")
    nothing = {"files": {}, "identities": {}, "owned": [], "days_left": None}
    assert [one["on"] for one in found] == [
        {**nothing, "named": True, "context": "tcp://192.0.2.7:2376"},
        {**nothing, "named": False, "context": None},
    ]


def test_exports_stay_as_long_as_the_volumes(evaluated) -> None:
    plan = dind_instances(
        [{"name": "ci", "export": {"path": "/srv/ci"}}, {"name": "field"}], OWN, "absent"
    )
    found = evaluated(
        "docker_dind",
        {"__docker_dind_plan": plan, "docker_dind_remove_volumes": "no"},
        {"__docker_dind_plan": plan, "docker_dind_remove_volumes": "yes"},
        names="__docker_dind_unexports | map(attribute='name') | list",
    )
    assert [one["names"] for one in found] == [[], ["ci"]]


VENDOR = "/usr/lib/binfmt.d/qemu-aarch64.conf"
HANDLER = {
    "name": "qemu-aarch64",
    "enabled": True,
    "architecture": "arm64",
    "interpreter": "/usr/libexec/qemu-binfmt/aarch64-binfmt-P",
    "interpreter_exists": True,
    "interpreter_dynamic": False,
    "fix_binary": True,
    "flags": ["F", "O", "P"],
    "works": True,
    "failure": None,
}


def emulating(
    running: dict[str, Any], booting: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """Return the variables of an amd64 host whose kernel and next boot have a handler."""
    boot = {**HANDLER, "path": VENDOR, "masked": False, **(booting or {})}
    return {
        "docker_emulation_architectures": ["arm64"],
        "ansible_facts": {
            "docker_host": {
                "os": {"id": "debian", "version_id": "13", "container": None},
                "platform": {"kernel_machine": "x86_64", "platform": "linux/amd64"},
                "packages": {},
                "files": {},
                "docker": None,
                "emulation": {"handlers": [{**HANDLER, **running}], "boot": [boot]},
            }
        },
        **more,
    }


def test_a_handler_is_good_where_containers_can_use_it_now_and_after_the_next_boot(
    evaluated,
) -> None:
    sets = [
        emulating({}),
        emulating({"works": False}),
        emulating({"works": None}),
        emulating({"fix_binary": False}),
        emulating({"interpreter_dynamic": True}),
        emulating({"interpreter_dynamic": None}),
        emulating({}, {"interpreter_dynamic": True}),
        emulating({}, {"interpreter_exists": False}),
    ]
    found = evaluated("docker_emulation", *sets, drift="__docker_emulation_handlers_drift")
    drift = [one["drift"] for one in found]
    assert drift == [[], ["arm64"], ["arm64"], ["arm64"], ["arm64"], [], ["arm64"], ["arm64"]]


def test_a_program_that_takes_others_programs_is_found_before_anything_is_changed(
    evaluated,
) -> None:
    box = {**HANDLER, "name": "box64", "fix_binary": False}
    others = [
        [box],
        [{**box, "enabled": False}],
        [{**box, "architecture": "riscv64"}],
        [{**box, "architecture": None}],
        [{**box, "fix_binary": True}],
        [{**box, "fix_binary": True, "works": None}],
        [{**box, "fix_binary": True, "works": False}],
        [{**box, "fix_binary": True, "interpreter_dynamic": True}],
        [{**HANDLER, "works": False}],
    ]
    sets = [emulating({}, {"interpreter_exists": False}) for _other in others]
    sets.append(emulating({}))
    for one, handlers in zip(sets, [*others, [box, HANDLER]]):
        one["ansible_facts"]["docker_host"]["emulation"]["handlers"] = handlers
    found = evaluated(
        "docker_emulation", *sets, names="__docker_emulation_taken | map(attribute='name') | list"
    )
    taken = [len(one["names"]) for one in found]
    assert taken == [1, 0, 0, 0, 0, 0, 1, 1, 0, 0]


def test_what_packages_registered_is_registered_again_by_whatever_did_it(evaluated) -> None:
    record = "/var/lib/binfmts/qemu-aarch64"
    sets = [
        emulating({}, {"path": path}, __docker_emulation_path=path) for path in (VENDOR, record)
    ]
    found = evaluated(
        "docker_emulation",
        *sets,
        drift="__docker_emulation_handlers_drift",
        distributed="__docker_emulation_distributed",
        again="__docker_emulation_registrar",
    )
    assert found == [
        {"drift": [], "distributed": {"arm64": path}, "again": again}
        for path, again in (
            (VENDOR, ["/usr/lib/systemd/systemd-binfmt", VENDOR]),
            (record, ["/usr/sbin/update-binfmts", "--enable", "qemu-aarch64"]),
        )
    ]


def test_what_comes_from_an_image_is_not_looked_at_before_it_is_there(evaluated) -> None:
    pinned = f"example.org/binfmt@sha256:{'a' * 64}"
    qemu = dict.fromkeys(("qemu-user", "qemu-user-binfmt"), {"state": "installed"})
    sets = [emulating({"works": False}, docker_emulation_image=image) for image in ("", pinned, "")]
    for one in sets[:2]:
        one["ansible_facts"]["docker_host"]["packages"] = qemu
    found = evaluated("docker_emulation", *sets, there="__docker_emulation_predictable")
    assert [one["there"] for one in found] == [True, False, False]


def test_every_call_of_docker_for_emulation_comes_to_an_end() -> None:
    calls = []
    for path in (COLLECTION / "roles/docker_emulation/tasks").glob("*.yml"):
        calls += re.findall(r"argv:((?:(?!\n *\w+:).)*)", path.read_text("utf-8"), re.DOTALL)
    docker = [call for call in calls if "docker" in call.replace("docker_emulation", "")]
    assert len(docker) >= 4
    assert [call for call in docker if "__docker_emulation_limit" not in call] == []


def test_buildx_is_installed_where_it_is_missing_and_never_under_both_its_names(evaluated) -> None:
    engines = ("docker.io", "docker-ce")
    installed = (None, "docker-buildx", "docker-buildx-plugin")
    sets = []
    for engine in engines:
        for name in installed:
            one = emulating({})
            names = [engine, *([name] if name else [])]
            packages = dict.fromkeys(names, {"state": "installed"})
            one["ansible_facts"]["docker_host"]["packages"] = packages
            sets.append(one)
    found = evaluated("docker_emulation", *sets, drift="__docker_emulation_packages_drift")
    distributed, upstream = ["docker-buildx"], ["docker-buildx-plugin"]
    assert [one["drift"] for one in found] == [distributed, [], [], upstream, [], []]


def test_a_build_proves_nothing_from_a_cache(evaluated) -> None:
    sets = [emulating({}) for _release in range(2)]
    sets[1]["ansible_facts"]["docker_host"]["packages"] = {"docker-buildx": {"state": "installed"}}
    found = evaluated("docker_emulation", *sets, command="__docker_emulation_builder")
    assert [one["command"][:3] for one in found] == [
        ["docker", "build", "--no-cache"],
        ["docker", "buildx", "build"],
    ]
    assert all("--no-cache" in one["command"] for one in found)


def test_a_proof_is_taken_back_where_nothing_else_was_brought(evaluated) -> None:
    record, proof = (f"/var/lib/arm64-docker/emulation{end}" for end in ("", "-proof"))
    sets = []
    for state in ("absent", "present"):
        for paths in ((), (proof,), (record, proof)):
            one = emulating({}, docker_emulation_state=state)
            one["ansible_facts"]["docker_host"]["files"] = dict.fromkeys(paths, {"sha256": ""})
            one["__docker_emulation_earlier"] = {"content": "eyJwYWNrYWdlcyI6IFsieCJdfQ=="}
            sets.append(one)
    found = evaluated(
        "docker_emulation",
        *sets,
        removes="__docker_emulation_removes",
        packages="__docker_emulation_before.packages",
    )
    assert [one["removes"] for one in found] == [False, True, True, False, False, False]
    assert [one["packages"] for one in found[:3]] == [[], [], ["x"]]


def test_an_image_is_taken_back_that_docker_did_not_have_before(evaluated) -> None:
    pinned = f"example.org/binfmt@sha256:{'a' * 64}"
    answers = ({"rc": 1}, {"rc": 0}, {"rc": 124}, {"skipped": True})
    sets = [
        emulating({}, docker_emulation_image=pinned, __docker_emulation_image_there=answer)
        for answer in answers
    ]
    found = evaluated("docker_emulation", *sets, images="__docker_emulation_images")
    assert [one["images"] for one in found] == [[pinned], [], [], []]
    tasks = COLLECTION / "roles/docker_emulation/tasks"
    assert 'images: "{{ __docker_emulation_images }}"' in (tasks / "remember.yml").read_text(
        "utf-8"
    )
    assert "__docker_emulation_brought.images" in (tasks / "undo.yml").read_text("utf-8")


def test_files_that_name_a_qemu_go_before_it_does(evaluated) -> None:
    tasks = yaml.safe_load(
        (COLLECTION / "roles/docker_emulation/tasks/undo.yml").read_text("utf-8")
    )
    handlers, packages = (
        next(task for task in tasks if module in task)
        for module in ("arm64.docker.binfmt_handler", "ansible.builtin.apt")
    )
    assert tasks.index(handlers) < tasks.index(packages)
    # What packages keep for the next boot is looked at when they are gone.
    assert handlers["arm64.docker.binfmt_handler"]["persistent"] is False
    records = ({"architectures": ["arm64"]}, {"architectures": ["arm"], "distributed": {"386": ""}})
    sets = [{"__docker_emulation_brought": record} for record in records]
    found = evaluated("docker_emulation", *sets, names=handlers["loop"].strip("{} \n"))
    assert [sorted(one["names"]) for one in found] == [["arm64"], ["386", "arm"]]


def test_what_the_kernel_runs_itself_is_left_out(evaluated) -> None:
    sets = [
        emulating({}, docker_emulation_architectures=["amd64", "386", "arm64"]) for _kernel in "abc"
    ]
    for one, ia32 in zip(sets, (True, False)):
        one["ansible_facts"]["docker_host"]["platform"]["ia32"] = ia32
    found = evaluated("docker_emulation", *sets, wanted="__docker_emulation_architectures")
    assert [one["wanted"] for one in found] == [["arm64"], ["386", "arm64"], ["arm64"]]


def test_a_newer_qemu_of_the_other_name_is_not_replaced_by_an_older_one(evaluated) -> None:
    versions = ("1:10.0.2+ds-2~bpo12+1", "1:9.1.0+ds-1", "1:7.2+dfsg-7+deb12u18", None)
    sets = []
    for version in versions:
        one = emulating({"works": False}, docker_emulation_buildx=False)
        host = one["ansible_facts"]["docker_host"]
        host["os"] = {**host["os"], "version_id": "12"}
        names = ("qemu-user", "qemu-user-binfmt")
        state = "installed" if version else "config-files"
        host["packages"] = dict.fromkeys(names, {"version": version or "1:10.0", "state": state})
        sets.append(one)
    found = evaluated(
        "docker_emulation",
        *sets,
        drift="__docker_emulation_packages_drift",
        replaced="__docker_emulation_replaced",
    )
    static = ["qemu-user-static"]
    assert found == [
        {"drift": [], "replaced": []},
        {"drift": [], "replaced": []},
        {"drift": static, "replaced": ["qemu-user-binfmt"]},
        {"drift": static, "replaced": []},
    ]


def test_a_project_that_compose_cannot_read_says_why(evaluated) -> None:
    there = {"kind": "host", "name": "shop", "folder": "/srv/shop"}
    written = {"kind": "definition", "name": "written", "folder": "/opt/written"}
    answers = [
        {"item": there, "rc": 0, "stdout": "{}", "stderr": ""},
        {"item": there, "rc": 15, "stdout": "", "stderr": "yaml: line 2: mapping values\n"},
        {"item": {**there, "folder": "/gone"}, "msg": "Unable to change directory"},
        {"item": {**there, "folder": "/slow"}, "rc": 124, "stdout": "", "stderr": ""},
        {"item": written, "rc": 15, "stdout": "", "stderr": "couldn't find env file: /x\n"},
    ]
    (found,) = evaluated(
        "docker_deploy",
        {"__docker_deploy_said": {"results": answers}},
        unread="__docker_deploy_unread",
    )
    assert found["unread"] == [
        "The project in /srv/shop cannot be read: yaml: line 2: mapping values. Try docker compose "
        "config there.",
        "The project in /gone cannot be read: Unable to change directory. Try docker compose "
        "config there.",
        "The project in /slow cannot be read: Compose did not answer within a minute. Try docker "
        "compose config there.",
        "The definition of the project written cannot be read on the host: couldn't find env file: "
        "/x.",
    ]


@pytest.mark.parametrize(
    "said",
    [
        "env file /opt/shop/web.env not found: stat /opt/shop/web.env: no such file or directory",
        "Couldn't find env file: /opt/shop/own.env",
    ],
)
def test_check_mode_does_not_fail_for_variables_that_an_earlier_task_brings(
    evaluated, said: str
) -> None:
    definition = {"services": {"web": {"image": "example.org/w", "env_file": "web.env"}}}
    items = [
        {"project_name": "shop", "definition": definition},
        {"project_src": "/srv/there"},
    ]
    written, there = (asdict(one) for one in read_projects(items, "/opt"))
    refused = {"rc": 15, "stdout": "", "stderr": said}
    answers = [{"item": written, **refused}, {"item": there, "rc": 0, "stdout": "{}"}]
    known = {
        "docker_deploy_projects": items,
        "docker_deploy_folder": "/opt",
        "docker_deploy_state": "present",
    }

    def told(check: bool, *answers: dict[str, Any]) -> dict[str, Any]:
        return {
            **known,
            "ansible_check_mode": check,
            "__docker_deploy_said": {"results": answers},
        }

    found = evaluated(
        "docker_deploy",
        told(True, *answers),
        told(False, *answers),
        told(True, answers[0], {"item": there, **refused}),
        told(True, {**answers[0], "stderr": "yaml: line 2"}, answers[1]),
        awaiting="__docker_deploy_awaiting",
        unread="__docker_deploy_unread | length",
        services=(
            "__docker_deploy_projects | map(attribute='services') | flatten"
            " if ansible_check_mode and __docker_deploy_unread | length == 0 else []"
        ),
    )
    assert [one["awaiting"] for one in found] == [["shop"], [], ["shop"], []]
    assert [one["unread"] for one in found] == [0, 1, 1, 1]
    assert [one["services"] for one in found] == [[]] * 4


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            'line 1: unexpected character "!" in variable name "A!=hunter2"',
            'character "!" in variable',
        ),
        ("line 3: unterminated quoted value 'hunter2\nB=hunter2", "unterminated quoted value …."),
        ('failed to read /x/.env: Invalid template: "${hunter2"', "/x/.env: Invalid template: …."),
        (
            "invalid interpolation format for services.web.environment.PW.\n"
            "You may need to escape any $ with another $.\nhunter2${x\n",
            "services.web.environment.PW.\nYou may need to escape any $ with another $. ….",
        ),
    ],
)
def test_why_compose_cannot_read_a_project_shows_no_values(
    evaluated, said: str, shown: str
) -> None:
    item = {"kind": "definition", "name": "shop", "folder": "/opt/shop"}
    answers = [{"item": item, "rc": 15, "stdout": "", "stderr": said}]
    (found,) = evaluated(
        "docker_deploy",
        {"__docker_deploy_said": {"results": answers}},
        unread="__docker_deploy_unread",
    )
    (message,) = found["unread"]
    assert shown in message
    assert "hunter2" not in message


def test_variables_that_compose_on_the_host_does_not_know_are_named(evaluated) -> None:
    unset = (
        'time="2026-01-05T08:00:00Z" level=warning msg="The \\"{}\\" variable is not set. ..."\n'
    )
    answers = [
        {"stderr": unset.format("TAG") + unset.format("WEB_2")},
        {"stderr": unset.format("TAG")},
        {"msg": "Unable to change directory"},
    ]
    sets = [{"__docker_deploy_said": {"results": said}} for said in (answers, answers[2:])]
    found = evaluated("docker_deploy", *sets, hint="__docker_deploy_hint")
    assert found[0]["hint"] == "Compose on the host has no value of TAG, WEB_2."
    assert found[1]["hint"] == ""


def test_compose_is_asked_on_the_host_as_it_is_run_there(evaluated) -> None:
    definition = {"services": {"web": {"image": "example.org/web:${TAG}"}}}
    items = [
        {"project_name": "fixed", "definition": {"services": {"web": {"image": "nginx"}}}},
        {
            "project_name": "written",
            "definition": definition,
            "env_files": ["own.env", "/etc/all.env"],
            "profiles": ["web"],
            "services": ["web"],
        },
        {"project_src": "/srv/shop/", "files": ["a.yml", "/etc/b.yml"]},
        {"project_src": "/srv/shop", "project_name": "other"},
    ]
    projects = [asdict(one) for one in read_projects(items, "/opt/p")]
    sets = [
        {"docker_deploy_projects": items, "docker_deploy_folder": "/opt/p", "item": one}
        for one in projects
        if one["asked"]
    ]
    found = evaluated(
        "docker_deploy",
        *sets,
        names="__docker_deploy_to_ask | map(attribute='name') | list",
        words="__docker_deploy_question[2:]",
    )
    assert [one["names"] for one in found] == [["written", "shop", "other"]] * 3
    assert [" ".join(one["words"]) for one in found] == [
        "docker compose --project-directory /opt/p/written --file=- "
        "--env-file=/opt/p/written/own.env --env-file=/etc/all.env --profile=web "
        "--project-name=written config --format json -- web",
        "docker compose --project-directory /srv/shop --file=/srv/shop/a.yml --file=/etc/b.yml "
        "config --format json --",
        "docker compose --project-directory /srv/shop --project-name=other config --format json --",
    ]


def test_a_definition_is_written_with_what_a_vault_keeps(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("open sesame", encoding="utf-8")
    vault = VaultLib([("default", VaultSecret(b"open sesame"))])
    kept = "\n".join(f"  {line}" for line in vault.encrypt("hunter2").decode().split())
    (tmp_path / "given.yml").write_text(
        f"secret: !vault |\n{kept}\n"
        "docker_deploy_projects:\n- project_name: shop\n  definition:\n    services:\n"
        "      web: {image: 'nginx:$TAG', environment: {PASSWORD: '{{ secret }}'}}\n",
        encoding="utf-8",
    )
    places = ("__docker_deploy_to_ask", "__docker_deploy_projects")
    written = "({}[0].source | to_nice_yaml(indent=2, sort_keys=false))"
    run_play(
        tmp_path / "play.yml",
        "docker_deploy",
        [
            {
                "ansible.builtin.assert": {
                    "that": [f"'PASSWORD: hunter2' in {written.format(one)}" for one in places]
                }
            }
        ],
        f"--extra-vars=@{tmp_path / 'given.yml'}",
        f"--vault-password-file={tmp_path / 'password'}",
        folder=tmp_path,
    )


def test_the_host_is_asked_for_an_image_with_tag_and_digest_by_its_digest(evaluated) -> None:
    digest = f"sha256:{'a' * 64}"
    names = [f"example.org:5000/app:1@{digest}", f"app@{digest}", "example.org:5000/app", "app:1"]
    containers = [{"name": f"c{place}", "image": name} for place, name in enumerate(names)]
    (found,) = evaluated(
        "docker_deploy",
        {"docker_deploy_containers": containers},
        names="__docker_deploy_names | list",
    )
    assert found["names"] == [f"example.org:5000/app@{digest}", *names[1:]]


def test_what_is_shown_of_a_project_that_is_removed_holds_no_definition(evaluated) -> None:
    web = {"image": "example.org/w", "environment": {"PASSWORD": "hunter2"}}
    items = [
        {"project_name": "shop", "definition": {"services": {"web": web}}},
        {"src": "/srv/web"},
    ]
    (found,) = evaluated(
        "docker_deploy",
        {"docker_deploy_projects": items, "docker_deploy_state": "absent"},
        leaving="__docker_deploy_leaving",
    )
    assert [one["source"] for one in found["leaving"]] == [None, "/srv/web"]
    assert "hunter2" not in json.dumps(found)


def test_a_container_that_ended_badly_or_restarts_has_fallen(evaluated) -> None:
    lines = [
        "running 0 0 /web",
        "exited 0 0 /job",
        "exited 137 0 /killed",
        "restarting 1 4 /looping",
        "running 0 2 /between",
        "dead 10 0 /dead",
        "created 0 0 /waiting",
        "running 0 7 /old",
    ]
    answers = [{"item": "killed", "stdout": "no ", "stderr": "disk\n"}]
    (found,) = evaluated(
        "docker_deploy",
        {
            "__docker_deploy_states": {"stdout_lines": lines},
            "__docker_deploy_started": {"web": 0, "between": 0, "old": 7},
            "__docker_deploy_last_words": {"results": answers},
        },
        fallen="__docker_deploy_fallen",
        words="__docker_deploy_said_last",
        format="__docker_deploy_format",
    )
    assert found == {
        "fallen": ["killed", "looping", "between", "dead"],
        "words": ["killed said last: no  disk"],
        "format": "{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}} {{.Name}}",
    }


def test_only_what_was_started_and_is_waited_for_has_to_stay_up(evaluated) -> None:
    looping = {"container": {"State": {"Restarting": True}, "RestartCount": 3}}
    cases = [
        ({}, {"changed": True}, "present"),
        ({}, {"changed": False, "container": {"State": {"Restarting": False}}}, "present"),
        ({}, {"changed": False, **looping}, "present"),
        ({"state": "started"}, {"changed": True}, "present"),
        ({}, {"changed": True}, "stopped"),
        ({}, {"changed": True, "container": None}, "present"),
    ]
    sets = [
        {
            "__docker_deploy_container": {"name": "web", **item},
            "__docker_deploy_ran": ran,
            "docker_deploy_state": state,
        }
        for item, ran, state in cases
    ]
    found = evaluated(
        "docker_deploy",
        *sets,
        stays="__docker_deploy_has_to_stay",
        restarts="__docker_deploy_restarts",
    )
    assert [one["stays"] for one in found] == [True, False, True, False, False, True]
    assert [one["restarts"]["web"] for one in found] == [0, 0, 3, 0, 0, 0]


def test_of_the_folders_of_projects_only_what_came_from_here_goes(evaluated) -> None:
    shop = "/opt/docker-projects/shop"
    project = {
        "kind": "definition",
        "folder": shop,
        "source": {},
        "chosen": False,
        "name": "shop",
    }
    inside = [f"{shop}/compose.yaml", f"{shop}/data"]

    def looked(paths: list[str], **more: Any) -> dict[str, Any]:
        files = [{"path": path} for path in paths]
        return {"results": [{"item": {"item": project}, "files": files, **more}]}

    sets = [
        {"__docker_deploy_inside": found, "docker_deploy_remove_volumes": volumes}
        for found, volumes in (
            (looked(inside), False),
            (looked(inside), "true"),
            (looked(inside[:1]), False),
            (looked([], skipped_paths={shop: "is not a directory"}), True),
        )
    ]
    found = evaluated("docker_deploy", *sets, remains="__docker_deploy_remains")
    assert [one["remains"] for one in found] == [inside[:1], [shop], [shop], []]


def test_a_project_whose_first_file_is_gone_is_removed_by_its_name(evaluated) -> None:
    definition = {"services": {"web": {"image": "example.org/w"}}}
    items = [
        {"project_src": "/srv/shop"},
        {"project_name": "written", "definition": definition},
        {"project_name": "interrupted", "definition": definition},
        {"project_name": "never", "definition": definition},
    ]
    kinds = {"host": [], "definition": ["compose.yaml"]}
    folders = [
        {
            "item": {
                "number": number,
                "kind": kind,
                "folder": f"/opt/{number}",
                "files": kinds[kind],
            },
            "stat": {"exists": number < 3},
        }
        for number, kind in enumerate(["host", "definition", "definition", "definition"])
    ]
    (found,) = evaluated(
        "docker_deploy",
        deployment(
            "absent",
            docker_deploy_projects=items,
            __docker_deploy_folders={"results": folders},
            __docker_deploy_inside={"results": [{"files": [{"path": "/opt/1/compose.yaml"}]}]},
        ),
        known="__docker_deploy_with_files | map(attribute='number') | list",
        gone="__docker_deploy_without_files | map(attribute='name') | list",
    )
    assert found == {"known": [0, 1], "gone": ["interrupted", "never"]}


def test_all_packages_of_the_engine_move_to_the_wanted_version(evaluated) -> None:
    offered = "\n".join(
        f"{name} | 5:{version}-1~debian.13~trixie | https://example.org trixie/stable Packages"
        for name in ("docker-ce", "docker-ce-cli")
        for version in ("28.5.1", "28.4.0")
    )
    engine = ("docker-ce", "28.5.1")
    cases: list[tuple[list[tuple[str, str]], str, bool, list[str]]] = [
        ([engine, ("docker-ce-cli", "28.5.1")], "28.5", False, []),
        ([engine, ("docker-ce-cli", "28.4.0")], "28.5", True, []),
        ([engine, ("docker-ce-cli", "28.4.0")], "28", False, []),
        ([engine, ("docker-ce-cli", "28.5.1")], "28.4", True, ["docker-ce", "docker-ce-cli"]),
        ([engine, ("docker-ce-cli", "28.6.0")], "28.5", True, ["docker-ce-cli"]),
        ([engine, ("docker-ce-cli", "28.6.0")], "", False, ["docker-ce-cli"]),
        ([("docker-ce-cli", "28.5.1")], "28.5.1", True, []),
    ]
    sets = [
        {
            "docker_engine_provider": "docker_ce",
            "docker_engine_version": wish,
            "__docker_engine_madison": {"stdout": offered},
            "ansible_facts": {
                "docker_host": {
                    "packages": {
                        name: {"version": f"5:{version}-1~debian.13~trixie", "state": "installed"}
                        for name, version in packages
                    }
                }
            },
        }
        for packages, wish, _drift, _newer in cases
    ]
    found = evaluated(
        "docker_engine",
        *sets,
        drift="__docker_engine_version_drift",
        newer="__docker_engine_newer | map('split') | map(attribute=0) | list",
    )
    assert [(one["drift"], one["newer"]) for one in found] == [
        (drift, newer) for _packages, _wish, drift, newer in cases
    ]


def test_accounts_that_are_named_after_the_installation_are_checked(evaluated) -> None:
    installed = {"docker-desktop": {"state": "installed", "version": "4.86.0-236216"}}
    record = "/var/lib/arm64-docker/desktop-users"
    known = {record: {"sha256": "another"}}
    ada = {"docker_desktop_users": ["ada"], "docker_desktop_autostart": True}
    cases = (
        ({}, {}, ada, True),
        (installed, {}, ada, True),
        (installed, known, ada, True),
        (installed, known, {"docker_desktop_users": [], "docker_desktop_autostart": True}, False),
        (installed, {}, {"docker_desktop_users": ["ada"], "docker_desktop_autostart": None}, False),
    )
    sets = [
        {"ansible_facts": {"docker_host": {"packages": packages, "files": files}}, **options}
        for packages, files, options, _ in cases
    ]
    found = evaluated("docker_desktop", *sets, must="__docker_desktop_must_check")
    assert [one["must"] for one in found] == [must for *_, must in cases]


@pytest.mark.parametrize(
    ("given", "configured"),
    [
        (9323, {"metrics-addr": "127.0.0.1:9323"}),
        ("9323", {"metrics-addr": "127.0.0.1:9323"}),
        ("192.0.2.7:9323", {"metrics-addr": "192.0.2.7:9323"}),
        ("[::1]:9323", {"metrics-addr": "[::1]:9323"}),
        ("", {}),
        (None, {}),
    ],
)
def test_metrics_are_served_to_the_host_itself_unless_an_address_is_named(
    evaluated, given: Any, configured: dict[str, str]
) -> None:
    sets = {"docker_engine_metrics_address": given}
    (found,) = evaluated("docker_engine", sets, config="__docker_engine_given_strings")
    assert found["config"] == configured


def test_accounts_of_docker_desktop_are_named_on_the_command_line_as_lists_are(evaluated) -> None:
    written = ("ada, web-1", '["ada","web-1"]', "", ["ada", "web-1"])
    sets = [{"docker_desktop_users": one} for one in written]
    found = evaluated("docker_desktop", *sets, users="__docker_desktop_users")
    both = ["ada", "web-1"]
    assert [one["users"] for one in found] == [both, both, [], both]
    sets = [{"docker_desktop_ignore": one} for one in ("cgroup, kvm", '["cgroup", "kvm"]', "")]
    found = evaluated("docker_desktop", *sets, ignored="__docker_desktop_ignored")
    assert [one["ignored"] for one in found] == [["cgroup", "kvm"], ["cgroup", "kvm"], []]


def test_the_first_compose_is_not_taken_for_the_plugin(evaluated) -> None:
    known = [{}, {"docker-compose": "1.29.2-3"}, {"docker-compose": "2.26.1-4"}]
    known.append({"docker-compose": "1.29.2-3", "docker-compose-plugin": "2.40.1-1"})
    packages = [{name: {"version": one} for name, one in each.items()} for each in known]
    sets = [{"__docker_deploy_host": {**HOST, "packages": each}} for each in packages]
    found = evaluated("docker_deploy", *sets, compose="__docker_deploy_compose")
    assert [one["compose"] for one in found] == [False, False, True, True]


def test_a_registry_is_asked_about_what_compose_pulls_anew(evaluated) -> None:
    def project(policy: str, **options: Any) -> dict[str, Any]:
        web = {"image": "example.org/web", "pull_policy": policy}
        definition = {"services": {"web": web}}
        return {"project_name": "shop", "definition": definition, **options}

    items = [project("always"), project("missing"), project("always", pull="never")]
    sets = [{"__docker_deploy_host": HOST, "docker_deploy_projects": [one]} for one in items]
    words = "__docker_deploy_needs | map(attribute='fresh') | list"
    found = evaluated("docker_deploy", *sets, fresh=words)
    assert [one["fresh"] for one in found] == [[True], [False], [False]]


@pytest.mark.parametrize("given", ["htop, jq", ["htop", "jq"]])
def test_further_packages_of_a_download_may_be_one_text(evaluated, given) -> None:
    said = evaluated(
        "docker_download",
        {"docker_download_packages": given},
        packages="__docker_download_packages",
    )
    assert said[0]["packages"][-2:] == ["htop", "jq"]


def test_a_download_takes_an_empty_text_for_no_further_packages(evaluated) -> None:
    sets = ({"docker_download_packages": wanted} for wanted in ("", []))
    none, empty = evaluated("docker_download", *sets, packages="__docker_download_packages")
    assert none == empty
