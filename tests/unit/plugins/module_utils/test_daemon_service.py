# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._daemon_service import Service
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._process import Result
from ansible_collections.arm64.docker.tests.unit.engine import Engine, refuses
from ansible_collections.arm64.docker.tests.unit.fakes import FakeRunner, said, silent
from ansible_collections.arm64.docker.tests.unit.hosts import fixture

SOCKET = "unix:///run/docker.sock"


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path, "{}")


@pytest.mark.parametrize("name", ["docker", "docker.service"])
def test_a_service_is_named_with_or_without_its_kind(engine: Engine, name: str) -> None:
    service = engine.service(name)
    assert (service.unit, service.socket_unit) == ("docker.service", "docker.socket")


def test_a_unit_of_another_kind_is_an_error() -> None:
    with pytest.raises(DockerHostError, match=r"docker\.socket is no service"):
        Service("docker.socket", FakeRunner())


def test_the_state_has_what_systemd_says(engine: Engine) -> None:
    state = engine.service().state()
    assert (state.manager, state.load, state.active, state.sub) == (
        True,
        "loaded",
        "active",
        "running",
    )
    assert (state.running, state.down, str(state)) == (True, False, "active (running)")
    assert state.loaded == pytest.approx(time.time(), abs=5)
    assert state.program == "/usr/sbin/dockerd"
    assert state.flags == ("-H", "fd://", f"--config-file={engine.path}")
    assert state.socket == "/run/docker.sock"


def test_flags_from_the_file_of_variables_are_among_those_of_the_daemon(engine: Engine) -> None:
    place = engine.root / "etc/default/docker"
    place.parent.mkdir(parents=True)
    place.write_text('DOCKER_OPTS="--dns 1.1.1.1"\n', encoding="utf-8")
    assert engine.service().state().flags[-2:] == ("--dns", "1.1.1.1")


def test_without_systemd_nobody_is_asked(tmp_path: Path) -> None:
    runner = FakeRunner()
    state = Service("docker", runner, root=str(tmp_path)).state()
    assert (state.manager, state.running, state.loaded) == (False, False, None)
    assert str(state) == "without systemd"
    assert runner.asked == []


@pytest.mark.parametrize(
    ("active", "load", "running", "down", "words"),
    [
        ("active", "loaded", True, False, "active (running)"),
        ("reloading", "loaded", True, False, "reloading (dead)"),
        ("inactive", "loaded", False, False, "inactive (dead)"),
        ("failed", "loaded", False, True, "failed (dead)"),
        ("activating", "loaded", False, True, "activating (dead)"),
        ("deactivating", "loaded", False, False, "deactivating (dead)"),
        ("inactive", "masked", False, False, "masked"),
        ("inactive", "not-found", False, False, "not-found"),
    ],
)
def test_a_service_runs_or_is_down_or_was_stopped(
    engine: Engine, active: str, load: str, running: bool, down: bool, words: str
) -> None:
    engine.active, engine.load = active, load
    state = engine.service().state()
    assert (state.running, state.down, str(state)) == (running, down, words)
    assert (state.loaded is None) is (active != "active")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (said("", "Failed to connect to bus\n", 1), "Failed to connect to bus"),
        (silent(), "did not answer in time"),
        (Result((), None, missing=True), "there is no such command"),
        (said("\n"), "systemctl show docker.service failed"),
    ],
)
def test_a_systemd_that_does_not_answer_is_an_error(
    engine: Engine, answer: Any, words: str
) -> None:
    engine.runner.answers["systemctl"] = answer
    with pytest.raises(DockerHostError, match=words):
        engine.service().state()


def test_a_restart_begins_with_a_clean_record(engine: Engine) -> None:
    assert engine.service().restart(SOCKET, 60) is None
    asked = engine.runner.command_lines("systemctl")
    assert asked.index("systemctl reset-failed docker.service docker.socket") < asked.index(
        "systemctl restart docker.service"
    )


def test_a_daemon_that_does_not_start_is_not_waited_for(engine: Engine) -> None:
    engine.write('{"bad": 1}')
    engine.starts = refuses("bad")
    trouble = engine.service().restart(SOCKET, 60)
    assert trouble == (
        "the service is failed (dead); systemctl restart said: Job for docker.service failed"
    )
    assert engine.time.passed == 0


def test_a_daemon_that_does_not_answer_is_waited_for_until_the_time_is_up(engine: Engine) -> None:
    engine.answers = False
    assert "did not answer in time" in engine.service().restart(SOCKET, 7)
    assert 7 <= engine.time.passed < 9


def test_a_daemon_that_answers_late_is_waited_for(engine: Engine) -> None:
    def docker(argv: tuple) -> Any:
        late = engine.time.passed < 3
        return (
            silent() if late else said(fixture("docker_version/docker-debian13-26.1.5-arm64.json"))
        )

    engine.runner.answers["docker"] = docker
    assert engine.service().restart(SOCKET, 60) is None
    assert 3 <= engine.time.passed < 5


def test_a_systemd_that_is_busy_for_a_moment_is_asked_again(engine: Engine) -> None:
    systemctl, answers = engine.runner.answers["systemctl"], iter([silent(), silent()])

    def busy(argv: tuple) -> Any:
        after = argv[1] == "show" and engine.log
        return next(answers, systemctl(argv)) if after else systemctl(argv)

    engine.runner.answers["systemctl"] = busy
    assert engine.service().restart(SOCKET, 60) is None
    assert engine.time.passed > 0


def test_a_restart_that_systemd_refuses_is_no_success_of_the_daemon_that_still_runs(
    engine: Engine,
) -> None:
    systemctl = engine.runner.answers["systemctl"]
    engine.runner.answers["systemctl"] = lambda argv: (
        said("", "Access denied\n", 1) if argv[1] == "restart" else systemctl(argv)
    )
    assert "Access denied" in engine.service().restart(SOCKET, 3)


def test_a_reload_counts_when_the_daemon_says_that_it_took_over(engine: Engine) -> None:
    assert engine.service().reload(SOCKET, 60) is None
    (events,) = [line for line in engine.runner.command_lines("docker") if " events " in line]
    assert "--filter event=reload" in events


def test_a_reload_that_the_daemon_refuses_is_trouble_though_it_answers(engine: Engine) -> None:
    engine.write('{"bad": 1}')
    engine.reloads = refuses("bad")
    assert engine.service().reload(SOCKET, 5) == "the daemon has not taken over its configuration"
    assert engine.active == "active"


def test_a_reload_of_a_daemon_that_is_down_is_trouble_in_systemds_words(engine: Engine) -> None:
    engine.active = "failed"
    assert "cannot reload" in engine.service().reload(SOCKET, 5)


@pytest.mark.parametrize(
    "answer",
    [
        Result((), None, missing=True),
        said("", "Error: podman does not know this", 125),
        said("", "Error response from daemon: client version 1.24 is too old", 1),
    ],
)
@pytest.mark.parametrize("verb", ["reload", "restart"])
def test_where_the_client_cannot_ask_systemds_word_counts(
    engine: Engine, answer: Any, verb: str
) -> None:
    """docker.io only recommends docker-cli; the daemon may refuse a client for its age."""
    engine.runner.answers["docker"] = answer
    assert getattr(engine.service(), verb)(SOCKET, 5) is None


@pytest.mark.parametrize("verb", ["reload", "restart"])
def test_a_daemon_without_a_socket_is_not_asked(engine: Engine, verb: str) -> None:
    assert getattr(engine.service(), verb)(None, 5) is None
    assert engine.runner.command_lines("docker") == []


def test_the_journal_is_read_from_a_time_on(engine: Engine) -> None:
    engine.journal = ["one", "two"]
    assert engine.service().journal(1_700_000_000.9) == "one\ntwo"
    (line,) = engine.runner.command_lines("journalctl")
    assert "--unit=docker.service --since=@1700000000 --lines=500" in line


def test_what_goes_well_does_not_push_the_reason_out_of_the_journal(engine: Engine) -> None:
    chatter = [f'time="2026-11-23" level=info msg="parsed scheme {n}"' for n in range(60)]
    reason = "failed to start daemon: listen tcp 127.0.0.1:22: bind: address already in use"
    engine.journal = ["Starting docker.service...", *chatter, reason, *chatter]
    assert engine.service().journal(0) == f"Starting docker.service...\n{reason}"
    engine.journal = chatter
    assert engine.service().journal(0).splitlines() == chatter[-20:]


def test_a_journal_that_says_nothing_is_told(engine: Engine) -> None:
    engine.runner.answers["journalctl"] = said("", "No journal files were found.\n", 1)
    assert "No journal files were found" in engine.service().journal(0)
