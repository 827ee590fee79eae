# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles make of their variables, by Ansible itself, without a host."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.arm64.docker.plugins.filter.dind_instances import dind_instances
from ansible_collections.arm64.docker.plugins.module_utils._archive import docker_archive
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform
from ansible_collections.arm64.docker.tests.unit.playing import COLLECTION, run_play

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

    def evaluate(role: str, *sets: dict[str, Any], **expressions: str) -> list[dict[str, Any]]:
        content = ", ".join(f"'{name}': {words}" for name, words in expressions.items())
        message = f"{{{{ 'RESULT' ~ ({{ {content} }} | to_json | b64encode) ~ '.' }}}}"
        tasks: list[dict[str, Any]] = []
        for number, variables in enumerate(sets):
            tasks += [
                {"ansible.builtin.set_fact": variables},
                {"ansible.builtin.debug": {"msg": message}, "name": f"Say {number}"},
            ]
        where = {"folder": start, "environment": {"PWD": str(start)}}
        said = run_play(play / "play.yml", role, tasks, **where)
        return [json.loads(b64decode(one)) for one in re.findall(r"RESULT([^.]+)\.", said)]

    evaluate.play, evaluate.start = play, start
    return evaluate


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


def dind_set(seen: dict[str, Any], *instances: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return what docker_dind knows after its look; ``seen`` is what differs from nothing."""
    plan = dind_instances(list(instances), OWN)
    assert plan["refusals"] == []
    nothing = {"container": None, "network": None, "volumes": {}, "derived": None, "version": None}
    found = {name: {**nothing, **seen.get(name, {})} for name in (i["name"] for i in instances)}
    return {"__docker_dind_plan": plan, "__docker_dind_before": {"instances": found}, **more}


DIND_RUNS = {
    "container": {"owner": "ci"},
    "network": {"owner": "ci"},
    "volumes": {"ci-storage": {}},
}


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
        dind_set({}, {"name": "ci"}),
        dind_set(
            {"ci": {**DIND_RUNS, "network": None}, "client": {"container": {"owner": "client"}}},
            {"name": "ci", "network": "other"},
            client,
        ),
        foreseen="__docker_dind_foreseen",
    )
    assert [one["foreseen"] for one in found] == [[], [], ["ci"], ["ci"], ["ci", "client"]]


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
            "__docker_dind_host": {"packages": packages, "docker": {"server": server}},
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


def test_certificates_that_are_on_the_controller_are_not_fetched(evaluated, tmp_path: Path) -> None:
    digests = {}
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).write_text(f"{name}\n\n", encoding="utf-8")
        digests[name] = sha256(f"{name}\n\n".encode()).hexdigest()

    def exported(folder: Path, files: dict[str, str]) -> dict[str, Any]:
        return {
            "__docker_dind_item": {"name": "ci", "export": {"path": str(folder)}},
            "docker_dind_engines": {"ci": {"client_files": files}},
        }

    found = evaluated(
        "docker_dind",
        exported(tmp_path, digests),
        exported(tmp_path, {**digests, "cert.pem": "another"}),
        exported(tmp_path / "nowhere", digests),
        same="__docker_dind_controller_same",
    )
    assert [one["same"] for one in found] == [
        ["ca.pem", "cert.pem", "key.pem"],
        ["ca.pem", "key.pem"],
        [],
    ]


def test_only_exported_files_of_the_engine_itself_are_removed(evaluated) -> None:
    def known(path: str, real: str, **more: Any) -> dict[str, Any]:
        found = {
            "client_files": {"ca.pem": "1", "key.pem": "2"},
            "exported": {"files": {"ca.pem": "1", "key.pem": "other"}, "real": real},
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


def test_a_context_on_the_controller_is_known_by_its_address(evaluated) -> None:
    endpoint = [{"Name": "ci", "Endpoints": {"docker": {"Host": "tcp://192.0.2.7:2376"}}}]
    found = evaluated(
        "docker_dind",
        {"__docker_dind_leads": {"rc": 0, "stdout": json.dumps(endpoint)}},
        {"__docker_dind_leads": {"rc": 1, "stdout": "[]"}},
        {"__docker_dind_leads": {"skipped": True}},
        address="__docker_dind_leads_to",
    )
    assert [one["address"] for one in found] == ["tcp://192.0.2.7:2376", "", ""]


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
    answers = [
        {"item": ITEMS[0], "rc": 0, "stdout": "{}", "stderr": ""},
        {"item": ITEMS[2], "rc": 15, "stdout": "", "stderr": "yaml: line 2: mapping values\n"},
        {"item": {"project_src": "/gone"}, "msg": "Unable to change directory"},
        {"item": {"project_src": "/slow"}, "rc": 124, "stdout": "", "stderr": ""},
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
    ]


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
            "__docker_engine_host": {
                "packages": {
                    name: {"version": f"5:{version}-1~debian.13~trixie", "state": "installed"}
                    for name, version in packages
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
