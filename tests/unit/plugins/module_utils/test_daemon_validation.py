# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._daemon_validation import (
    refuse_conflicts,
    refuse_other_file,
    validate,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.tests.unit.disks import full_disk
from ansible_collections.arm64.docker.tests.unit.fakes import FakeRunner, said, silent

DAEMON_JSON = "/etc/docker/daemon.json"
DATA = b'{"debug": true}\n'
FLAGS = ("-H", "fd://", "--config-file", DAEMON_JSON, "--label=a=b")


def ask(answer: Any, **options: Any) -> str | None:
    return validate(FakeRunner(dockerd=answer), "dockerd", FLAGS, DATA, DAEMON_JSON, **options)


def test_dockerd_gets_the_new_content_with_the_flags_of_the_service() -> None:
    seen = {}

    def dockerd(argv: tuple) -> Any:
        place = Path(argv[3])
        seen.update(argv=argv, data=place.read_bytes(), mode=place.stat().st_mode & 0o777)
        return said("configuration OK\n")

    assert ask(dockerd) is None
    assert seen["argv"][:3] == ("dockerd", "--validate", "--config-file")
    assert seen["argv"][4:] == ("-H", "fd://", "--label=a=b")
    assert (seen["data"], seen["mode"]) == (DATA, 0o600)
    assert not os.path.exists(seen["argv"][3])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "there is no dockerd"),
        (
            said("", "Status: unknown flag: --validate\nSee 'dockerd --help'., Code: 125\n", 1),
            "rel",
        ),
    ],
)
def test_a_dockerd_that_cannot_be_asked_is_no_error(answer: Any, words: str) -> None:
    runner = FakeRunner() if answer is None else FakeRunner(dockerd=answer)
    assert words in validate(runner, "dockerd", FLAGS, DATA, DAEMON_JSON)


def test_what_dockerd_refuses_is_an_error_in_its_words_with_the_path_that_is_meant() -> None:
    def dockerd(argv: tuple) -> Any:
        return said("", f"unable to configure the Docker daemon with file {argv[3]}: bogus\n", 1)

    with pytest.raises(DockerHostError) as error:
        ask(dockerd)
    assert f"with file {DAEMON_JSON}: bogus. Nothing was changed." in error.value.message
    assert tempfile.gettempdir() not in error.value.message


def test_secrets_in_what_dockerd_says_are_not_shown() -> None:
    with pytest.raises(DockerHostError) as error:
        ask(said("", "http://field:hunter2@proxy and opensesame", 1), hidden=["opensesame"])
    assert "hunter2" not in str(error.value)
    assert "opensesame" not in str(error.value)


def test_a_secret_that_is_cut_in_two_is_not_shown_either() -> None:
    end = "@proxy.example.org " + "y" * 175
    with pytest.raises(DockerHostError, match="it crashed") as error:
        ask(said("", f"http://field:opensesame{end}", -signal.SIGSEGV), hidden=["opensesame"])
    assert "sesame" not in str(error.value)


CRASHES = [
    said("", "qemu: uncaught target signal 11 (Segmentation fault)\n", -signal.SIGSEGV),
    said("", "fatal error: unexpected signal\n\ngoroutine 1 [running]:\n", 2),
]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (silent(), "no answer within 60 s"),
        (CRASHES[0], "uncaught target signal 11"),
        (CRASHES[1], "fatal error: unexpected signal"),
    ],
)
def test_a_dockerd_that_never_comes_to_an_end_by_itself_is_an_error(
    answer: Any, words: str
) -> None:
    with pytest.raises(DockerHostError, match=words) as error:
        ask(answer)
    assert "asked 2 times. Nothing was changed." in error.value.message


@pytest.mark.parametrize("first", [silent(), *CRASHES])
@pytest.mark.parametrize("refuses", [False, True])
def test_a_dockerd_that_hangs_or_crashes_once_is_asked_again(first: Any, refuses: bool) -> None:
    answers = [first, said("", "bogus", 1) if refuses else said("configuration OK\n")]
    if refuses:
        with pytest.raises(DockerHostError, match="dockerd refuses the new .*: bogus"):
            ask(lambda argv: answers.pop(0))
    else:
        assert ask(lambda argv: answers.pop(0)) is None
    assert answers == []


def test_a_refusal_is_not_asked_for_twice() -> None:
    answers = [said("", "status 2 is a refusal too", 2)]
    with pytest.raises(DockerHostError, match="status 2 is a refusal too"):
        ask(lambda argv: answers.pop(0))


def test_no_room_for_the_check_is_an_error() -> None:
    with full_disk(4), pytest.raises(DockerHostError) as error:
        ask(said())
    assert f"The new {DAEMON_JSON} cannot be checked" in error.value.message
    assert tempfile.gettempdir() in error.value.remedy


def test_keys_that_the_command_line_sets_are_refused_by_name() -> None:
    with pytest.raises(DockerHostError) as error:
        refuse_conflicts(FLAGS, "docker.service", DAEMON_JSON, {"hosts": [], "labels": []})
    assert "hosts (by -H), labels (by --label)" in error.value.message
    assert "docker.service" in error.value.remedy
    refuse_conflicts(FLAGS, "docker.service", DAEMON_JSON, {"debug": True})


@pytest.mark.parametrize("flags", [[], ["-D"], FLAGS])
def test_the_file_that_the_daemon_reads_is_accepted(flags: list[str]) -> None:
    refuse_other_file(flags, "docker.service", DAEMON_JSON)


def test_a_file_that_the_daemon_does_not_read_is_refused() -> None:
    with pytest.raises(DockerHostError, match=r"docker.service reads /srv/d.json, not /etc/docker"):
        refuse_other_file(["--config-file=/srv/d.json"], "docker.service", DAEMON_JSON)
