# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._daemon_apply import (
    Outcome,
    Wish,
    configure,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._process import Result
from ansible_collections.arm64.docker.tests.unit.disks import full_disk
from ansible_collections.arm64.docker.tests.unit.engine import Engine, refuses

OLD = '{"labels": ["old"]}\n'
UNDO = ".daemon.json.undo"


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path, OLD)


def do(engine: Engine, config: dict[str, Any], **options: Any) -> Outcome:
    return configure(Wish(config, str(engine.path), **options), engine.service())


def fail(engine: Engine, config: dict[str, Any], **options: Any) -> DockerHostError:
    with pytest.raises(DockerHostError) as error:
        do(engine, config, **options)
    return error.value


def test_a_key_that_reloads_is_reloaded(engine: Engine) -> None:
    outcome = do(engine, {"debug": True})
    assert engine.log == ["reload"]
    assert engine.loaded == engine.read() == {"labels": ["old"], "debug": True}
    assert (outcome.changed, outcome.apply, outcome.changed_keys) == (True, "reload", ["debug"])
    assert outcome.actions == [
        "validate with dockerd",
        f"keep a copy of {engine.path}",
        f"write {engine.path}",
        "reload docker.service",
        "wait until the daemon answers",
    ]


def test_a_key_that_does_not_reload_is_restarted(engine: Engine) -> None:
    outcome = do(engine, {"debug": True, "data-root": "/srv"})
    assert (engine.log, outcome.apply) == (["restart"], "restart")
    assert engine.loaded["data-root"] == "/srv"


def test_a_second_run_changes_nothing_and_asks_nobody_but_systemd(engine: Engine) -> None:
    do(engine, {"debug": True})
    engine.runner.asked.clear()
    before = (engine.path.stat().st_ino, engine.files())
    outcome = do(engine, {"debug": True})
    assert (outcome.changed, outcome.actions, outcome.apply) == (False, [], "none")
    assert outcome.changed_keys == []
    assert outcome.before == outcome.after
    assert (engine.path.stat().st_ino, engine.files()) == before
    assert [argv[:2] for argv in engine.runner.asked] == [("systemctl", "show")]


@pytest.mark.parametrize("config", [{"debug": True}, {"labels": ["old"]}])
def test_a_service_that_was_never_started_is_started_where_that_is_wanted(
    engine: Engine, config: dict[str, Any]
) -> None:
    engine.active = "inactive"
    outcome = do(engine, config, start=True)
    assert (engine.log, engine.active) == (["restart"], "active")
    assert (outcome.changed, outcome.apply) == (True, "restart")
    assert outcome.actions[-2:] == ["start docker.service", "wait until the daemon answers"]


def test_a_service_that_does_not_start_with_the_new_file_is_started_without_it(
    engine: Engine,
) -> None:
    engine.active, engine.starts = "inactive", refuses("data-root")
    error = fail(engine, {"data-root": "/srv"}, start=True)
    assert "The old file is back, and the daemon runs with it" in error.message
    assert (engine.read(), engine.active) == ({"labels": ["old"]}, "active")


@pytest.mark.parametrize("options", [{"start": False}, {"start": True, "apply": "none"}])
def test_a_service_that_was_stopped_stays_so_otherwise(
    engine: Engine, options: dict[str, Any]
) -> None:
    engine.active = "inactive"
    assert do(engine, {"debug": True}, **options).apply == "none"
    assert (engine.log, engine.active) == ([], "inactive")


def test_a_daemon_that_runs_is_not_started_again(engine: Engine) -> None:
    assert do(engine, {"labels": ["old"]}, start=True).changed is False


def test_the_old_file_is_kept_beside_the_new_one_and_nothing_else(engine: Engine) -> None:
    outcome = do(engine, {"debug": True})
    assert Path(outcome.backup_file).read_text(encoding="utf-8") == OLD
    assert engine.files() == ["daemon.json", Path(outcome.backup_file).name]


def test_no_copy_is_kept_where_none_is_wanted_or_there_was_no_file(tmp_path: Path) -> None:
    engine = Engine(tmp_path)
    assert do(engine, {"debug": True}).backup_file is None
    assert do(engine, {"debug": False}, backup=False).backup_file is None
    assert engine.files() == ["daemon.json"]


def test_check_mode_says_the_same_and_touches_nothing(engine: Engine) -> None:
    said = do(engine, {"debug": True}, check=True)
    assert engine.path.read_text(encoding="utf-8") == OLD
    assert (engine.files(), engine.log) == (["daemon.json"], [])
    done = do(engine, {"debug": True})
    assert said == Outcome(**{**vars(done), "backup_file": None})


def test_check_mode_finds_what_dockerd_would_refuse(engine: Engine) -> None:
    engine.validates = refuses("bogus")
    assert "bogus cannot be" in fail(engine, {"bogus": 1}, check=True).message


def test_what_dockerd_refuses_is_not_written(engine: Engine) -> None:
    engine.validates = refuses("bogus")
    error = fail(engine, {"bogus": 1})
    assert f"dockerd refuses the new {engine.path}" in error.message
    assert engine.path.read_text(encoding="utf-8") == OLD
    assert (engine.files(), engine.log) == (["daemon.json"], [])


def test_validation_can_be_left_out(engine: Engine) -> None:
    engine.validates = refuses("bogus")
    assert "validate with dockerd" not in do(engine, {"bogus": 1}, validate=False).actions


@pytest.mark.parametrize("path", ["etc/docker/daemon.json", "srv/docker/conf/daemon.json"])
def test_a_virgin_host_gets_the_file_and_nothing_is_started(tmp_path: Path, path: str) -> None:
    engine = Engine(tmp_path)
    engine.load, engine.active = "not-found", "inactive"
    engine.runner.answers["dockerd"] = Result((), None, missing=True)
    wish = Wish({"data-root": "/srv"}, str(tmp_path / path))
    outcome = configure(wish, engine.service())
    assert (outcome.changed, outcome.apply, engine.log) == (True, "none", [])
    assert outcome.actions == [
        "validate without dockerd: there is no dockerd",
        f"write {tmp_path / path}",
        "leave docker.service alone: it is not-found",
    ]
    assert json.loads((tmp_path / path).read_text(encoding="utf-8")) == {"data-root": "/srv"}
    assert os.listdir((tmp_path / path).parent) == ["daemon.json"]


def test_without_systemd_the_file_is_written_and_that_is_all(engine: Engine) -> None:
    (engine.root / "run/systemd/system").rmdir()
    outcome = do(engine, {"data-root": "/srv"})
    assert outcome.actions[-1] == "leave docker.service alone: it is without systemd"
    assert (engine.read()["data-root"], engine.log) == ("/srv", [])


@pytest.mark.parametrize(
    ("active", "load"),
    [("inactive", "loaded"), ("inactive", "masked"), ("deactivating", "loaded")],
)
@pytest.mark.parametrize("apply", ["auto", "restart", "reload"])
def test_a_service_that_was_stopped_stays_so(
    engine: Engine, active: str, load: str, apply: str
) -> None:
    engine.active, engine.load = active, load
    outcome = do(engine, {"data-root": "/srv"}, apply=apply)
    assert (outcome.changed, outcome.apply, engine.log) == (True, "none", [])
    assert "leave docker.service alone: it is" in outcome.actions[-1]
    assert engine.files()[0] == "daemon.json"


def test_a_service_that_failed_is_started_with_the_new_configuration(engine: Engine) -> None:
    engine.write('{"bad": 1}')
    engine.starts = refuses("bad")
    engine.active = "failed"
    outcome = do(engine, {"bad": None, "debug": True})
    assert (outcome.apply, engine.log, engine.active) == ("restart", ["restart"], "active")
    assert engine.loaded == {"debug": True}


def test_a_service_that_failed_is_left_alone_where_nothing_changes(engine: Engine) -> None:
    """The configuration is as it is wanted: it is not what stands in the way."""
    engine.active = "failed"
    assert do(engine, {"labels": ["old"]}).changed is False
    assert engine.log == []


def test_how_it_is_applied_can_be_chosen(engine: Engine) -> None:
    assert do(engine, {"debug": True}, apply="restart").apply == "restart"
    assert do(engine, {"debug": False}, apply="reload").apply == "reload"
    outcome = do(engine, {"data-root": "/srv"}, apply="none")
    assert (outcome.changed, outcome.apply) == (True, "none")
    assert outcome.actions[-1] == "leave docker.service alone: apply is none"
    assert engine.log == ["restart", "reload"]


def test_a_reload_that_would_not_do_is_refused_by_the_names_of_the_keys(engine: Engine) -> None:
    error = fail(engine, {"debug": True, "mtu": 1400, "data-root": "/srv"}, apply="reload")
    assert "A reload does not apply these keys: data-root, mtu." in error.message
    assert engine.path.read_text(encoding="utf-8") == OLD


def test_a_file_that_the_daemon_has_not_loaded_is_applied_though_it_does_not_change(
    engine: Engine,
) -> None:
    engine.age(100)
    engine.write('{"data-root": "/srv"}')
    outcome = do(engine, {"data-root": "/srv"})
    assert (outcome.changed, outcome.apply, outcome.changed_keys) == (True, "restart", [])
    assert outcome.actions == [
        "validate with dockerd",
        "restart docker.service",
        "wait until the daemon answers",
    ]
    assert engine.loaded == {"data-root": "/srv"}
    assert do(engine, {"data-root": "/srv"}).changed is False


def test_a_file_that_the_daemon_has_not_loaded_is_left_so_where_that_is_wanted(
    engine: Engine,
) -> None:
    engine.age(100)
    engine.write('{"data-root": "/srv"}')
    assert do(engine, {"data-root": "/srv"}, apply="none").changed is False


def test_a_daemon_that_does_not_come_up_gets_its_old_file_back(engine: Engine) -> None:
    engine.starts = refuses("bad")
    error = fail(engine, {"bad": 1})
    assert engine.path.read_text(encoding="utf-8") == OLD
    assert (engine.active, engine.loaded) == ("active", {"labels": ["old"]})
    assert engine.log == ["restart", "restart"]
    assert engine.files() == ["daemon.json"]
    assert "The old file is back, and the daemon runs with it." in error.message
    first, second = error.message.split("Journal after the old file was put back:")
    assert "failed to start daemon: bad cannot be" in first
    assert "Daemon has completed initialization" in second
    assert do(engine, {"labels": ["old"]}).changed is False


def test_a_daemon_that_never_answers_gets_its_old_file_back(engine: Engine) -> None:
    engine.answers = False
    error = fail(engine, {"data-root": "/srv"}, health_timeout=30)
    assert engine.path.read_text(encoding="utf-8") == OLD
    assert "(restart; it differs in data-root)" in error.message
    assert "Docker is down, also with the old file" in error.message
    assert error.message.count("Journal") == 2
    assert "systemctl restart docker.service" in error.remedy
    assert 30 + 150 <= engine.time.passed < 200


def test_where_there_was_no_file_there_is_none_afterwards(tmp_path: Path) -> None:
    engine = Engine(tmp_path)
    engine.starts = refuses("bad")
    fail(engine, {"bad": 1})
    assert (engine.files(), engine.active) == ([], "active")


def test_a_daemon_that_stays_down_with_the_old_file_is_told_plainly(engine: Engine) -> None:
    engine.starts = lambda document: "no space left on device"
    error = fail(engine, {"data-root": "/srv"})
    assert engine.path.read_text(encoding="utf-8") == OLD
    assert "Docker is down, also with the old file: the service is failed" in error.message
    assert error.message.count("no space left on device") >= 2
    assert "systemctl reset-failed docker.service" in error.remedy


def test_a_reload_that_the_daemon_refuses_leaves_it_running(engine: Engine) -> None:
    """The daemon only writes to its journal that it did not like the file (dockerd 20.10)."""
    engine.validates, engine.reloads = None, refuses("debug")
    error = fail(engine, {"debug": "yes"}, health_timeout=10)
    assert engine.log == ["reload", "reload"]
    assert engine.path.read_text(encoding="utf-8") == OLD
    assert "has not taken over its configuration" in error.message
    assert "Error reconfiguring the daemon: debug cannot be" in error.message


def test_a_daemon_that_dies_of_a_reload_is_started_with_the_old_file(engine: Engine) -> None:
    """dockerd ends when a plugin in authorization-plugins is not there."""

    def die(document: dict) -> str | None:
        if "authorization-plugins" in document:
            engine.active = "failed"
            return "Error validating authorization plugin"
        return None

    engine.reloads = die
    error = fail(engine, {"authorization-plugins": ["gone"]})
    assert engine.log == ["reload", "reload", "restart"]
    assert (engine.active, engine.loaded) == ("active", {"labels": ["old"]})
    assert "The old file is back, and the daemon runs with it." in error.message


def test_a_full_disk_leaves_everything_as_it_was(engine: Engine) -> None:
    with full_disk(64):
        error = fail(engine, {"labels": ["x" * 100]}, validate=False)
    assert "cannot be written: File too large" in error.message
    assert engine.path.read_text(encoding="utf-8") == OLD
    assert (engine.files(), engine.log) == (["daemon.json"], [])


def test_a_broken_file_is_never_overwritten_unasked(engine: Engine) -> None:
    engine.write('{\n  "debug": yes\n}')
    error = fail(engine, {"debug": True})
    assert f"{engine.path} is broken: line 2, column 12" in error.message
    assert engine.files() == ["daemon.json"]


def test_a_broken_file_is_replaced_where_that_is_forced_and_a_copy_is_kept(engine: Engine) -> None:
    engine.write('{"token": "hunter2')
    outcome = do(engine, {"debug": True}, force=True, backup=False)
    assert engine.loaded == engine.read() == {"debug": True}
    assert outcome.apply == "restart"
    assert Path(outcome.backup_file).read_bytes() == b'{"token": "hunter2'
    assert outcome.before == "(broken: line 1, column 11: Unterminated string starting at)\n"


def test_keys_that_the_unit_sets_too_are_refused_where_dockerd_cannot_say_so(
    engine: Engine,
) -> None:
    engine.validates = None
    error = fail(engine, {"hosts": ["unix:///var/run/docker.sock"]})
    assert "hosts (by -H)" in error.message
    assert engine.path.read_text(encoding="utf-8") == OLD


def test_a_file_that_the_daemon_does_not_read_is_refused(engine: Engine) -> None:
    engine.flags = "--config-file=/srv/other.json"
    assert "reads /srv/other.json" in fail(engine, {"debug": True}).message
    assert do(engine, {"debug": True}, apply="none").changed is True


def test_the_daemon_is_asked_where_the_new_configuration_lets_it_listen(engine: Engine) -> None:
    engine.flags = f"--config-file={engine.path}"
    do(engine, {"hosts": ["unix:///srv/d.sock"]})
    assert all(
        line.startswith("docker --host unix:///srv/d.sock")
        for line in engine.runner.command_lines("docker")
    )


SECRETS = {
    "proxies": {"http-proxy": "http://field:opensesame@proxy.example.org:3128"},
    "log-opts": {"splunk-token": "hunter2", "max-size": "10m"},
}


def test_secrets_are_in_the_file_alone_and_that_is_readable_by_root(tmp_path: Path) -> None:
    engine = Engine(tmp_path)
    outcome = do(engine, SECRETS)
    assert engine.loaded == SECRETS
    assert stat.S_IMODE(engine.path.stat().st_mode) == 0o600
    assert "hunter2" not in repr(outcome)
    assert "opensesame" not in repr(outcome)
    assert "10m" in outcome.after
    assert "proxy.example.org:3128" in outcome.after


def test_a_file_without_secrets_is_readable_by_all_and_a_present_one_stays_as_it_was(
    tmp_path: Path,
) -> None:
    engine = Engine(tmp_path)
    do(engine, {"debug": True})
    assert stat.S_IMODE(engine.path.stat().st_mode) == 0o644
    engine.path.chmod(0o640)
    outcome = do(engine, SECRETS)
    for place in (engine.path, Path(outcome.backup_file)):
        assert stat.S_IMODE(place.stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("before", "mode", "after"),
    [
        ({"debug": True}, 0o644, 0o640),
        ({"debug": True}, 0o600, 0o600),
        # Who opened a file with secrets knows what for.
        ({"log-opts": {"splunk-token": "mellon"}}, 0o644, 0o644),
    ],
)
def test_a_file_that_gets_its_first_secret_is_closed_to_other_users(
    tmp_path: Path, before: dict[str, Any], mode: int, after: int
) -> None:
    engine = Engine(tmp_path, json.dumps(before))
    engine.path.chmod(mode)
    do(engine, SECRETS)
    assert stat.S_IMODE(engine.path.stat().st_mode) == after


def test_a_file_that_is_put_back_can_be_read_by_whom_it_could_before(engine: Engine) -> None:
    engine.path.chmod(0o644)
    engine.starts = refuses("log-opts")
    fail(engine, SECRETS)
    assert engine.read() == {"labels": ["old"]}
    assert stat.S_IMODE(engine.path.stat().st_mode) == 0o644


def test_secrets_in_a_journal_are_not_shown(engine: Engine) -> None:
    engine.write(json.dumps({"log-opts": {"splunk-token": "opensesame"}}))
    engine.starts = lambda document: f"cannot start with {json.dumps(document)}"
    error = fail(engine, {"log-opts": {"splunk-token": "hunter2"}})
    assert "cannot start with" in error.message
    assert "hunter2" not in str(error)
    assert "opensesame" not in str(error)


class Interrupted(BaseException):
    """The end of the module by a signal, the power or the connection."""


def interrupt(engine: Engine, verb: str, before: bool) -> None:
    """Let the run end at a call of systemctl, before systemd does what it is asked or after."""
    systemctl = engine.runner.answers["systemctl"]

    def ending(argv: tuple) -> Any:
        if argv[1] != verb:
            return systemctl(argv)
        engine.runner.answers["systemctl"] = systemctl
        if not before:
            systemctl(argv)
        raise Interrupted

    engine.runner.answers["systemctl"] = ending


@pytest.mark.parametrize("before", [True, False])
def test_a_run_that_was_interrupted_is_finished_by_the_next(engine: Engine, before: bool) -> None:
    engine.age(100)
    os.utime(engine.path, (0, 0))
    interrupt(engine, "restart", before)
    with pytest.raises(Interrupted):
        do(engine, {"data-root": "/srv"})
    outcome = do(engine, {"data-root": "/srv"})
    assert outcome.changed is before
    assert engine.loaded == engine.read() == {"labels": ["old"], "data-root": "/srv"}
    assert UNDO not in engine.files()


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("content", [OLD, None])
def test_after_an_interrupted_run_a_bad_configuration_still_does_not_take_docker_down(
    tmp_path: Path, before: bool, content: str | None
) -> None:
    """The next run finds nothing to write, and must know what the daemon ran with before."""
    engine = Engine(tmp_path, content)
    engine.starts = refuses("bad")
    engine.age(100)
    if content:
        os.utime(engine.path, (0, 0))
    interrupt(engine, "restart", before)
    with pytest.raises(Interrupted):
        do(engine, {"bad": 1}, backup=False)
    assert UNDO in engine.files()
    error = fail(engine, {"bad": 1}, backup=False)
    assert "The old file is back, and the daemon runs with it." in error.message
    assert engine.active == "active"
    assert engine.files() == (["daemon.json"] if content else [])
    assert engine.loaded == engine.read() == ({"labels": ["old"]} if content else {})


def test_a_file_changed_by_hand_that_the_daemon_does_not_start_with_is_told(
    engine: Engine,
) -> None:
    engine.age(100)
    engine.write('{"bad": 1}')
    engine.starts = refuses("bad")
    error = fail(engine, {"bad": 1})
    assert "there is nothing to put back" in error.message
    assert "Docker may be down" in error.remedy
    assert engine.read() == {"bad": 1}


_KEYS = st.sampled_from(["debug", "labels", "mtu", "bad", "log-opts"])
_DOCUMENTS = st.dictionaries(
    _KEYS,
    st.booleans() | st.just("x") | st.none() | st.dictionaries(_KEYS, st.just("y"), max_size=2),
    max_size=3,
)


@given(_DOCUMENTS, _DOCUMENTS, st.sampled_from(["starts", "reloads", "validates"]))
def test_docker_runs_afterwards_with_what_was_wanted_or_as_before(
    tmp_path_factory: pytest.TempPathFactory, old: dict, wanted: dict, strict: str
) -> None:
    old = {key: value for key, value in old.items() if key != "bad"}
    engine = Engine(tmp_path_factory.mktemp("host"), json.dumps(old))
    setattr(engine, strict, refuses("bad"))
    try:
        do(engine, wanted, health_timeout=2)
    except DockerHostError:
        assert engine.loaded == engine.read() == old
    else:
        assert engine.loaded == engine.read()
        assert do(engine, wanted).changed is False
    assert engine.active == "active"
    assert UNDO not in engine.files()
