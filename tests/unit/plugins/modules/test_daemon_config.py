# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.parameters import PASS_VARS

from ansible_collections.arm64.docker.plugins.module_utils._observe._look import GROUPS
from ansible_collections.arm64.docker.tests.unit.running import run_module, script

# A unit that no host has: systemd, where it runs, says so, and nothing is started.
SERVICE = "arm64-docker-unit-test"

# Later releases of ansible-core return the invocation only where it is asked for.
INVOCATION = {"_ansible_inject_invocation": True} if "inject_invocation" in PASS_VARS else {}

SECRETS = {
    "log-driver": "splunk",
    "log-opts": {"splunk-token": "hunter2", "max-size": "10m", "max-file": "3"},
    "proxies": {"http-proxy": "http://field:opensesame@proxy.example.org:3128"},
    "registry-mirrors": ["https://robot:letmein@mirror.example.org"],
    "max-concurrent-downloads": 3,
    "debug": True,
}


class Host:
    """A place for the file, and a dockerd that says what the test wants."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / "docker/daemon.json"
        self.dockerd("echo configuration OK")

    def dockerd(self, text: str) -> None:
        script(self.root / "bin/dockerd", text)

    def run(self, config: Any, mode: str = "", before: str = "", **options: Any) -> dict[str, Any]:
        return run_module(
            "daemon_config",
            {"config": config, "path": str(self.path), "service": SERVICE, **options},
            check_mode="check" in mode,
            diff_mode="diff" in mode,
            environment={"PATH": f"{self.root}/bin:{os.environ['PATH']}"},
            before=before,
        )


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_keys_are_merged_into_the_file(host: Host) -> None:
    host.path.parent.mkdir()
    host.path.write_text('{"runtimes": {"nvidia": {"path": "n"}}, "debug": true}')
    answer = host.run({"debug": None, "live-restore": True})
    assert answer["changed"] is True
    assert answer["changed_keys"] == ["debug", "live-restore"]
    assert answer["apply"] == "none"
    assert answer["path"] == str(host.path)
    assert answer["actions"][0] == "validate with dockerd"
    assert Path(answer["backup_file"]).is_file()
    assert json.loads(host.path.read_text()) == {
        "runtimes": {"nvidia": {"path": "n"}},
        "live-restore": True,
    }


def test_a_second_run_changes_nothing(host: Host) -> None:
    host.run({"debug": True})
    answer = host.run({"debug": True})
    assert (answer["changed"], answer["actions"], answer["backup_file"]) == (False, [], None)


def test_check_mode_says_what_would_be_and_writes_nothing(host: Host) -> None:
    said = host.run({"debug": True}, "check diff")
    assert not host.path.parent.exists()
    done = host.run({"debug": True}, "diff")
    for key in ("changed", "actions", "apply", "changed_keys", "backup_file", "path", "diff"):
        assert said[key] == done[key], key


def test_the_difference_shows_the_file_before_and_after(host: Host) -> None:
    assert host.run({"debug": True}, "diff")["diff"] == {
        "before": "",
        "after": '{\n  "debug": true\n}\n',
        "before_header": str(host.path),
        "after_header": str(host.path),
    }


@pytest.mark.parametrize("mode", ["", "diff", "check diff"])
def test_secrets_are_nowhere_in_the_answer_and_everything_else_can_be_read(
    host: Host, mode: str
) -> None:
    """With the invocation, as -vvv asks for it, the answer has the option itself."""
    answer = host.run(SECRETS, mode, **INVOCATION)
    text = json.dumps(answer)
    for secret in ("hunter2", "opensesame", "letmein"):
        assert secret not in text
    assert "10m" in answer["diff"]["after"]
    assert "proxy.example.org:3128" in answer["diff"]["after"]
    assert "********" not in text
    assert answer["invocation"]["module_args"]["config"]["log-opts"]["max-size"] == "10m"


def test_secrets_are_not_in_the_log_of_the_host(host: Host) -> None:
    """Ansible sends every module's options to the journal, through Python's package systemd."""
    log_file = host.root / "log"
    journal = f"""
from types import SimpleNamespace
from ansible.module_utils import basic

def send(*words, **more):
    with open({str(log_file)!r}, "a") as log:
        print(words, more, file=log)

basic.has_journal, basic.journal = True, SimpleNamespace(send=send, sendv=send)
"""
    host.run(SECRETS, before=journal)
    log = log_file.read_text()
    assert "Invoked with" in log
    for secret in ("hunter2", "opensesame", "letmein"):
        assert secret not in log


def test_secrets_reach_the_file(host: Host) -> None:
    host.run(SECRETS)
    assert json.loads(host.path.read_text()) == SECRETS


def test_secrets_are_not_in_an_error_either(host: Host) -> None:
    host.dockerd('cat "$3" >&2; exit 1')
    answer = host.run(SECRETS)
    assert answer["failed"] is True
    assert "dockerd refuses the new" in answer["msg"]
    assert "max-size" in answer["msg"]
    for secret in ("hunter2", "opensesame", "letmein"):
        assert secret not in json.dumps(answer)
    assert not host.path.exists()


def test_what_dockerd_refuses_is_an_error_in_check_mode_too(host: Host) -> None:
    host.dockerd('echo "bogus is no option" >&2; exit 1')
    answer = host.run({"bogus": 1}, "check")
    assert "bogus is no option" in answer["msg"]
    assert host.run({"bogus": 1}, validate=False)["changed"] is True


@pytest.mark.parametrize("service", ["docker.socket", "docker.timer"])
def test_a_unit_that_is_no_service_is_an_error(host: Host, service: str) -> None:
    assert f"{service} is no service" in host.run({}, service=service)["msg"]


def test_a_broken_file_is_an_error_until_it_is_forced(host: Host) -> None:
    host.path.parent.mkdir()
    host.path.write_text("{")
    assert "line 1, column 2" in host.run({"debug": True})["msg"]
    assert host.path.read_text() == "{"
    answer = host.run({"debug": True}, force=True, backup=False)
    assert Path(answer["backup_file"]).read_text() == "{"
    assert json.loads(host.path.read_text()) == {"debug": True}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"health_timeout": 0}, "health_timeout is 0"),
        ({"apply": "later"}, "later"),
        ({"config": ["debug"]}, "config"),
        ({"config": None}, "config"),
        ({"path": "/"}, "/ is no regular file"),
        ({"banana": 1}, "banana"),
        ({"observe": {"timeout": 0}}, "observe.timeout is 0"),
        ({"observe": {"gather": ["memory"]}}, "gather"),
    ],
)
def test_options_that_make_no_sense_are_an_error_that_names_them(
    host: Host, options: dict[str, Any], words: str
) -> None:
    answer = host.run(**{"config": {"debug": True}, **options})
    assert answer["failed"] is True
    assert words in answer["msg"]


def test_facts_of_after_the_change_are_returned_where_they_are_asked_for(host: Host) -> None:
    before = time.time()
    answer = host.run({"debug": True}, observe={"data_root": str(host.root)}, **INVOCATION)
    facts = answer["ansible_facts"]["ansible_docker_host"]
    assert answer["invocation"]["module_args"]["observe"]["timeout"] == 30
    assert set(facts) == {*GROUPS, "findings"}
    assert facts["storage"]["path"] == str(host.root)
    assert before - 1 <= datetime.fromisoformat(facts["clock"]["utc"][:-1] + "+00:00").timestamp()


def test_what_looking_needs_is_imported_while_the_daemon_is_waited_for(host: Host) -> None:
    waits = """
import sys, time
from ansible_collections.arm64.docker.plugins.module_utils import _daemon_apply
configure, end = _daemon_apply.configure, time.monotonic() + 30
def wait(*arguments):
    while f"{_daemon_apply.__package__}._observe._report" not in sys.modules:
        assert time.monotonic() < end, "nobody imports it"
        time.sleep(0.01)
    return configure(*arguments)
_daemon_apply.configure = wait
"""
    answer = host.run({"debug": True}, before=waits, observe={})
    assert "ansible_docker_host" in answer["ansible_facts"]


def test_a_change_stays_one_where_looking_at_the_host_fails(host: Host) -> None:
    broken = "import os\ndel os.geteuid"
    answer = host.run({"debug": True}, before=broken, observe={}, **INVOCATION)
    assert answer["changed"] is True
    assert "ansible_facts" not in answer
    (warning,) = answer["warnings"]
    assert f"after {host.path} was configured: AttributeError" in str(warning)
    assert "docker_host_facts says more" in str(warning)


@pytest.mark.parametrize(
    ("config", "mode", "options"),
    [
        ({"debug": True}, "", {}),
        ({"debug": True}, "check", {"observe": {}}),
        # Else a host by that name would be one by another in the facts.
        ({"proxies": {"http-proxy": "http://ubuntu@proxy.example.org"}}, "", {"observe": {}}),
    ],
)
def test_nothing_is_looked_at_unasked_in_check_mode_or_with_secrets(
    host: Host, config: dict[str, Any], mode: str, options: dict[str, Any]
) -> None:
    answer = host.run(config, mode, **options)
    assert answer["changed"] is True
    assert "ansible_facts" not in answer
