# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._systemd import (
    command,
    environment,
    environment_file,
    environment_files,
    properties,
    utc,
    wall_clock,
)

# As systemd 257 of Debian 13 prints it, with Debian's unit.
EXEC_START = (
    "{ path=/usr/sbin/dockerd ; argv[]=/usr/sbin/dockerd -H fd:// "
    "--containerd=/run/containerd/containerd.sock $DOCKER_OPTS ; ignore_errors=no ; "
    "start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }"
)
DEBIAN = ["/usr/sbin/dockerd", "-H", "fd://", "--containerd=/run/containerd/containerd.sock"]


def exec_start(words: str) -> str:
    return f"{{ path=/x ; argv[]={words} ; ignore_errors=no ; start_time=[n/a] }}"


def test_each_unit_of_an_answer_is_a_dictionary() -> None:
    text = "Id=docker.service\nExecStart={ a=b ; c=d }\n\nId=docker.socket\nListen=\n"
    assert properties(text) == [
        {"Id": "docker.service", "ExecStart": "{ a=b ; c=d }"},
        {"Id": "docker.socket", "Listen": ""},
    ]


def test_values_of_a_property_that_comes_again_are_lines() -> None:
    text = "EnvironmentFiles=/a (ignore_errors=yes)\nEnvironmentFiles=/b (ignore_errors=no)\n"
    (unit,) = properties(text)
    assert environment_files(unit["EnvironmentFiles"]) == ["/a", "/b"]


@given(st.text())
def test_any_answer_is_read(text: str) -> None:
    assert all(properties(text))


def test_a_time_on_systemds_clock_becomes_a_time_of_day() -> None:
    now = time.clock_gettime(time.CLOCK_MONOTONIC)
    found = wall_clock(str(int((now - 30.5) * 1e6)))
    assert found == pytest.approx(time.time() - 30.5, abs=0.5)


@pytest.mark.parametrize("text", ["", "0", "n/a", "-1", "1.5", "\u00b2"])
def test_no_time_is_none(text: str) -> None:
    assert wall_clock(text) is None
    assert utc(None) is None


def test_a_time_is_written_in_utc() -> None:
    assert utc(1_700_000_000.9) == "2023-11-14T22:13:20Z"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (None, []),
        ("", []),
        ("--debug", ["--debug"]),
        ("--dns 1.1.1.1  --dns 9.9.9.9", ["--dns", "1.1.1.1", "--dns", "9.9.9.9"]),
        ("--label='a b' --label \"c d\"", ["--label=a b", "--label", "c d"]),
        ("--label 'a b", ["--label", "'a", "b"]),
    ],
)
def test_a_variable_that_is_a_word_becomes_the_words_of_its_value(
    options: str | None, words: list[str]
) -> None:
    variables = {} if options is None else {"DOCKER_OPTS": options}
    assert command(EXEC_START, variables) == DEBIAN + words


@pytest.mark.parametrize(
    ("words", "expanded"),
    [
        ("dockerd ${OPTS}", ["dockerd", "a b"]),
        ("dockerd ${NONE}", ["dockerd", ""]),
        ("dockerd --label=${OPTS}=x", ["dockerd", "--label=a b=x"]),
        ("dockerd --label=$OPTS", ["dockerd", "--label=$OPTS"]),
        ("dockerd --x=$$OPTS $$", ["dockerd", "--x=$OPTS", "$"]),
        ("dockerd $OPTS", ["dockerd", "a", "b"]),
        ("dockerd $1", ["dockerd", "$1"]),
    ],
)
def test_other_variables_are_replaced_as_systemd_does(words: str, expanded: list[str]) -> None:
    assert command(exec_start(words), {"OPTS": "a b"}) == expanded


@pytest.mark.parametrize("text", ["", "{ path=/x }", "argv[]="])
def test_a_unit_without_a_command_has_no_words(text: str) -> None:
    assert command(text, {}) == []


def test_variables_of_the_unit_are_read_with_their_quotes() -> None:
    assert environment('HTTP_PROXY=http://p:1 "OPTS=--label \\"a b\\"" =x 1=y') == {
        "HTTP_PROXY": "http://p:1",
        "OPTS": '--label "a b"',
    }


def test_variables_of_a_file_are_read_as_systemd_does() -> None:
    text = (
        "# DOCKER_OPTS=--comment\n"
        "; X=comment\n"
        "\n"
        'DOCKER_OPTS="--dns 1.1.1.1 --label \\"a b\\""\n'
        "  SPACED = 'single \\n quotes'  \n"
        "BARE=--debug --dns 1.1.1.1 \n"
        "LONG=one \\\n  two\n"
        "ESCAPED=a\\ b\n"
        "EMPTY=\n"
        "export EXPORTED=1\n"
        "no assignment\n"
    )
    assert environment_file(text) == {
        "DOCKER_OPTS": '--dns 1.1.1.1 --label "a b"',
        "SPACED": "single \\n quotes",
        "BARE": "--debug --dns 1.1.1.1",
        "LONG": "one   two",
        "ESCAPED": "a b",
        "EMPTY": "",
    }


@given(st.text(alphabet="A=\"'\\$ \n#", max_size=30))
def test_any_file_of_variables_is_read(text: str) -> None:
    command(exec_start("dockerd $A ${A}"), environment_file(text))
    environment(text)
