# SPDX-License-Identifier: GPL-3.0-or-later
"""Daemons of users' own: what decides about them, and what is found of them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._findings import findings
from ansible_collections.arm64.docker.plugins.module_utils._observe import _rootless
from ansible_collections.arm64.docker.tests.unit.hosts import Machine
from ansible_collections.arm64.docker.tests.unit.sockets import Engine

# The owner of a process in /proc is the owner of its folder, which is this test's in a fixture.
UID = os.getuid()
HOME = "/home/ci"
VERSION = '{"Version": "26.1.5+dfsg1"}'
INFO = '{"SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless", "name=cgroupns"]}'
CGROUP = f"/sys/fs/cgroup/user.slice/user-{UID}.slice/user@{UID}.service/cgroup.controllers"


@pytest.fixture
def board(machine: Machine) -> Machine:
    """A machine that allows user namespaces, with an account of its own subordinate ids."""
    machine.write(
        "/etc/passwd", f"ci:x:{UID}:1500::{HOME}:/bin/sh\nguest:x:1501:1501::/home/guest:/bin/sh\n"
    )
    machine.write("/etc/subuid", "ci:100000:65536\nguest:165536:65536\n")
    machine.write("/etc/subgid", "ci:100000:65536\n")
    machine.write("/proc/sys/user/max_user_namespaces", "15000\n")
    machine.write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "1024\n")
    machine.write("/proc/sys/net/ipv4/ping_group_range", "1\t0\n")
    return machine


def running(board: Machine) -> None:
    """Let the account's own daemon run as process 900."""
    board.write("/proc/900/comm", "dockerd\n")
    board.write("/proc/900/stat", "900 (dockerd) S 1 " + "0 " * 17 + "1000 0 0\n")
    board.write("/proc/uptime", "1000.00 2000.00\n")
    for name in ("900", "self"):
        board.link(f"/proc/{name}/ns/pid", "pid:[4026531836]")
    board.link("/proc/900/ns/user", "user:[4026532999]")
    board.link("/proc/self/ns/user", "user:[4026531837]")


@pytest.fixture
def engine(board: Machine) -> Iterator[Engine]:
    """The account's own daemon runs and answers."""
    running(board)
    answers = {"/version": VERSION, "/info": INFO}
    with Engine(board.path(f"/run/user/{UID}/docker.sock"), answers) as engine:
        yield engine


def look(board: Machine, *names: str) -> dict[str, Any]:
    facts, problems = board.observe("rootless", rootless_users=names)
    assert problems == []
    return facts["rootless"]


def found(board: Machine, *names: str) -> dict[str, str]:
    facts, problems = board.observe("rootless", rootless_users=names)
    return {finding["id"]: finding["evidence"] for finding in findings(facts, problems)}


def test_a_host_without_such_daemons_has_no_users_and_no_findings(board: Machine) -> None:
    facts = look(board)
    assert facts["users"] == {}
    assert facts["user_namespaces"] == 15000
    assert facts["unprivileged"] is True
    assert facts["unprivileged_port_start"] == 1024
    assert facts["settings_folder"] is False
    board.write("/etc/docker/daemon.json", "{}")
    assert look(board)["settings_folder"] is True
    assert facts["ping_group_range"] == [1, 0]
    assert facts["subordinate"]["uid"][1] == {"owner": "guest", "start": 165536, "count": 65536}
    assert found(board) == {}


def test_an_account_is_described_before_it_has_a_daemon(board: Machine) -> None:
    assert look(board, "ci", "nobody-here")["users"] == {
        "ci": {
            "uid": UID,
            "gid": 1500,
            "home": HOME,
            "home_usable": False,
            "subuids": 65536,
            "subgids": 65536,
            "lingering": False,
            "own_unit": None,
            "delegated": None,
            "bus": False,
            "socket": f"/run/user/{UID}/docker.sock",
            "context": {"named": False, "exists": False, "current": False},
            "daemon": None,
        }
    }


def test_a_daemon_is_found_by_its_process_and_asked(board: Machine, engine: Engine) -> None:
    daemon = look(board)["users"]["ci"]["daemon"]
    assert (daemon["pid"], daemon["version"], daemon["rootless"]) == (900, "26.1.5+dfsg1", True)
    assert daemon["silence"] is None
    assert engine.asked == ["GET /version HTTP/1.1", "GET /info HTTP/1.1"]


@pytest.mark.parametrize(("info", "said"), [('{"SecurityOptions": []}', False), ("{}", None)])
def test_an_engine_says_whether_it_is_rootless(
    board: Machine, engine: Engine, info: str, said: bool | None
) -> None:
    engine.answers["/info"] = info
    assert look(board)["users"]["ci"]["daemon"]["rootless"] is said


@pytest.mark.parametrize(
    ("kind", "other"), [("pid", "pid:[4026532998]"), ("user", "user:[4026531837]")]
)
def test_the_engine_of_a_container_and_the_hosts_are_no_users(
    board: Machine, kind: str, other: str
) -> None:
    running(board)
    board.link(f"/proc/900/ns/{kind}", other)
    assert look(board)["users"] == {}


def test_a_daemon_that_is_silent_is_a_finding(board: Machine) -> None:
    running(board)
    facts = look(board)["users"]["ci"]["daemon"]
    assert (facts["version"], facts["rootless"]) == (None, None)
    assert "No Docker daemon answers at" in found(board)["rootless_daemon_silent"]


def test_a_daemon_that_ends_at_logout_or_has_no_limits_is_a_finding(
    board: Machine, engine: Engine
) -> None:
    running(board)
    board.write(CGROUP, "memory pids\n")
    assert found(board) == {"rootless_ends_at_logout": "ci", "rootless_without_limits": "ci: cpu"}
    board.write(CGROUP, "cpuset cpu io memory pids\n")
    board.write("/var/lib/systemd/linger/ci", "")
    assert found(board) == {}


@pytest.mark.parametrize(
    ("path", "content", "evidence"),
    [
        ("/proc/sys/user/max_user_namespaces", "0\n", "user.max_user_namespaces is 0"),
        ("/proc/sys/user/max_user_namespaces", None, "CONFIG_USER_NS"),
        ("/proc/sys/kernel/unprivileged_userns_clone", "0\n", "unprivileged_userns_clone is 0"),
    ],
)
def test_a_kernel_that_allows_no_namespaces_is_a_finding_where_a_daemon_is_wanted(
    board: Machine, path: str, content: str | None, evidence: str
) -> None:
    board.remove(path) if content is None else board.write(path, content)
    assert evidence in found(board, "ci")["rootless_no_namespaces"]
    assert found(board) == {}


def test_shared_ids_are_a_finding_that_names_both_owners(board: Machine) -> None:
    board.write("/etc/subuid", "ci:100000:65536\n1501:131072:65536\n")
    assert look(board)["overlaps"] == ["/etc/subuid: ci and guest from 131072 on"]
    assert "ci and guest" in found(board)["rootless_ids_overlap"]


def test_configuration_that_is_newer_than_the_daemon_is_not_applied(board: Machine) -> None:
    running(board)
    assert look(board)["users"]["ci"]["daemon"]["applied"] is True
    board.write(_rootless.SETTINGS[0], "A=1\n")
    board.write("/proc/uptime", "20.00 40.00\n")
    os.utime(board.path(_rootless.SETTINGS[0]))
    assert look(board)["users"]["ci"]["daemon"]["applied"] is False


def test_the_users_of_the_role_are_known_by_its_unit(board: Machine) -> None:
    board.write(_rootless.UNIT, "[Unit]\nConditionUser=|ci\nConditionUser=|gone\n")
    facts = look(board)
    assert facts["configured"] == ["ci", "gone"]
    assert list(facts["users"]) == ["ci"]


def test_a_context_is_one_that_leads_to_the_daemon(board: Machine) -> None:
    digest = hashlib.sha256(b"rootless").hexdigest()
    meta = f"{HOME}/.docker/contexts/meta/{digest}/meta.json"
    address = f"unix:///run/user/{UID}/docker.sock"
    board.write(meta, json.dumps({"Endpoints": {"docker": {"Host": address}}}))
    board.write(f"{HOME}/.docker/config.json", '{"currentContext": "rootless"}')
    assert look(board, "ci")["users"]["ci"]["context"] == {
        "named": True,
        "exists": True,
        "current": True,
    }
    board.write(meta, '{"Endpoints": {"docker": {"Host": "unix:///elsewhere"}}}')
    board.write(f"{HOME}/.docker/config.json", "[]")
    assert look(board, "ci")["users"]["ci"]["context"] == {
        "named": True,
        "exists": False,
        "current": False,
    }


@pytest.mark.parametrize(
    "text",
    [
        "profile rootlesskit /usr/bin/rootlesskit flags=(unconfined) {\n",
        "/usr/bin/rootlesskit flags=(unconfined) {\n",
    ],
)
def test_a_profile_for_rootlesskit_is_found_in_any_file(board: Machine, text: str) -> None:
    board.write("/etc/apparmor.d/home.ci.bin.rootlesskit", "/home/ci/bin/rootlesskit {\n")
    board.write("/etc/apparmor.d/note", "# /usr/bin/rootlesskit has none {\n")
    assert look(board)["apparmor_profile"] is None
    board.write("/etc/apparmor.d/usr.bin.rootlesskit", f"abi <abi/4.0>,\n{text}")
    assert look(board)["apparmor_profile"] == "/etc/apparmor.d/usr.bin.rootlesskit"


def test_the_profile_of_the_role_is_loaded_where_the_kernel_lists_it(board: Machine) -> None:
    assert look(board)["apparmor_loaded"] is False
    board.write("/sys/kernel/security/apparmor/profiles", "arm64-docker-rootlesskit (unconfined)\n")
    assert look(board)["apparmor_loaded"] is True


def test_what_is_no_file_of_a_home_is_not_opened(board: Machine) -> None:
    """Root must not be led elsewhere, nor wait for what never comes."""
    board.folder(f"{HOME}/.docker")
    os.mkfifo(board.path(f"{HOME}/.docker/config.json"))
    assert look(board, "ci")["users"]["ci"]["context"]["current"] is False
    board.remove(f"{HOME}/.docker/config.json")
    board.write("/elsewhere", '{"currentContext": "rootless"}')
    board.link(f"{HOME}/.docker/config.json", str(board.path("/elsewhere")))
    assert look(board, "ci")["users"]["ci"]["context"]["current"] is False


def test_a_home_is_a_folder_of_the_accounts(board: Machine) -> None:
    board.folder(HOME)
    assert look(board, "ci")["users"]["ci"]["home_usable"] is True


@given(st.text(alphabet="ci:0159-\n x"))
def test_no_file_of_ranges_is_a_traceback(machine: Machine, text: str) -> None:
    machine.write("/etc/subuid", text)
    _facts, problems = machine.observe("rootless")
    assert problems == []
