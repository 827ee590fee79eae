# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._docker_cli import (
    Connection,
    Problem,
    interpret,
)
from ansible_collections.arm64.docker.plugins.module_utils._findings import PROBLEMS
from ansible_collections.arm64.docker.plugins.module_utils._process import Result
from ansible_collections.arm64.docker.tests.unit.fakes import said, silent
from ansible_collections.arm64.docker.tests.unit.hosts import fixture

DOWN = fixture("docker_version/docker-debian13-26.1.5-arm64-down.json")
UP = fixture("docker_version/docker-debian13-26.1.5-arm64.json")
PODMAN = fixture("docker_version/podman-4.3.1-amd64.json")

# What the programs print on stderr; recorded with docker 26.1.5 and podman 4.3.1 unless named.
NO_DAEMON = (
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. "
    "Is the docker daemon running?\n"
)
NO_DAEMON_29 = (
    "failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is "
    "correct and if the daemon is running: dial unix /var/run/docker.sock: connect: no such file "
    "or directory\n"
)
NO_HTTP = 'error during connect: Get "http://127.0.0.1:2376/v1.45/version": EOF\n'
FORBIDDEN = (
    "permission denied while trying to connect to the Docker daemon socket at "
    'unix:///var/run/docker.sock: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.45/version": '
    "dial unix /var/run/docker.sock: connect: permission denied\n"
)
TOO_OLD = (
    'Error response from daemon: {"message":"client version 1.10 is too old. Minimum supported '
    'API version is 1.24, please upgrade your client to a newer version"}\n'
)
TOO_NEW = (
    "Error response from daemon: client version 1.99 is too new. "
    "Maximum supported API version is 1.45\n"
)
UNTRUSTED = (
    'error during connect: Get "https://127.0.0.1:2376/v1.45/version": tls: failed to verify '
    "certificate: x509: certificate signed by unknown authority\n"
)
# With docker 28.2.2.
WITHOUT_TLS = "Error response from daemon: Client sent an HTTP request to an HTTPS server.\n"
ONLY_TLS = (
    'error during connect: Get "https://127.0.0.1:2375/v1.50/version": http: server gave HTTP '
    "response to HTTPS client\n"
)
NO_CONTEXT = (
    'Failed to initialize: unable to resolve docker endpoint: context "field": context not found: '
    "open /root/.docker/contexts/meta/ca37/meta.json: no such file or directory\n"
)
NO_CA = (
    "Failed to initialize: unable to resolve docker endpoint: open /etc/docker/ca.pem: "
    "no such file or directory\n"
)
PODMAN_HOST = (
    "Emulate Docker CLI using podman. Create /etc/containers/nodocker to quiet msg.\n"
    "Cannot connect to Podman. Please verify your connection to the Linux system using `podman "
    "system connection list`, or try `podman machine init` and `podman machine start` to manage a "
    "new Linux VM\n"
    'Error: unable to connect to Podman socket: Get "http://d/v4.3.1/libpod/_ping": dial unix '
    "/run/docker.sock: connect: no such file or directory\n"
)

# What the program did, the problem's id, and words of its message.
PROBLEM_TABLE = [
    (Result((), None, missing=True), "docker_missing", "no docker command"),
    (silent(), "daemon_silent", "did not answer in time"),
    (said(DOWN, NO_DAEMON, 1), "daemon_unreachable", "Is the docker daemon running?"),
    (said(DOWN, NO_DAEMON_29, 1), "daemon_unreachable", "failed to connect to the docker API"),
    (said(DOWN, NO_HTTP, 1), "daemon_unreachable", "EOF"),
    (said(DOWN, "", 1), "daemon_unreachable", "docker said nothing"),
    (said("", NO_CA, 1), "daemon_tls", "/etc/docker/ca.pem"),
    (said(DOWN, WITHOUT_TLS, 1), "daemon_tls", "to an HTTPS server"),
    (said(DOWN, ONLY_TLS, 1), "daemon_tls", "to HTTPS client"),
    (said(DOWN, FORBIDDEN, 1), "daemon_forbidden", "permission denied"),
    (said(DOWN, TOO_OLD, 1), "api_version_mismatch", "1.24"),
    (said(DOWN, TOO_NEW, 1), "api_version_mismatch", "1.45"),
    (said(DOWN, UNTRUSTED, 1), "daemon_tls", "unknown authority"),
    (said("", NO_CONTEXT, 1), "context_missing", "field"),
    (said("", NO_CONTEXT.replace("field", "tls"), 1), "context_missing", "tls"),
    (said(PODMAN), "docker_is_podman", "Podman"),
    (said("", PODMAN_HOST, 125), "docker_is_podman", "Podman"),
    (said("json\n"), "docker_unreadable", "json"),
    (said(""), "docker_unreadable", "nothing at all"),
    (said('{"Version": 1}'), "docker_unreadable", "unknown shape"),
    (said(UP[: len(UP) // 2]), "docker_unreadable", "JSON"),
]


@pytest.mark.parametrize(
    ("result", "name", "words"),
    PROBLEM_TABLE,
    ids=[f"{number}-{row[1]}" for number, row in enumerate(PROBLEM_TABLE)],
)
def test_every_silence_has_its_reason(result: Result, name: str, words: str) -> None:
    problem = interpret(result, "docker", "unix:///var/run/docker.sock")[1]
    assert isinstance(problem, Problem)
    assert problem.id == name
    assert words in problem.message
    assert problem.remedy


def test_every_problem_of_the_docker_command_is_in_the_table_above() -> None:
    assert {row[1] for row in PROBLEM_TABLE} == set(PROBLEMS) - {"not_root"}


@pytest.mark.parametrize("result", [row[0] for row in PROBLEM_TABLE if row[0].stdout == DOWN])
def test_the_clients_facts_are_kept_where_the_client_answered(result: Result) -> None:
    facts = interpret(result, "docker", "x")[0]
    assert facts["client"]["version"] == "26.1.5+dfsg1"
    assert facts["server"] is None


@pytest.mark.parametrize("result", [row[0] for row in PROBLEM_TABLE if row[0].stdout != DOWN])
def test_there_are_no_facts_where_not_even_the_client_answered(result: Result) -> None:
    assert interpret(result, "docker", "x")[0] is None


def test_a_daemon_that_answers_is_no_problem() -> None:
    facts, problem = interpret(said(UP, "WARNING: something harmless\n"), "docker", "x")
    assert facts["platform"] == "linux/arm64"
    assert problem is None


@pytest.mark.parametrize("result", [silent(), said(DOWN, NO_DAEMON, 1), said(DOWN, FORBIDDEN, 1)])
def test_messages_name_the_daemon_that_was_asked(result: Result) -> None:
    problem = interpret(result, "docker", "tcp://192.0.2.7:2376")[1]
    assert "tcp://192.0.2.7:2376" in problem.message


def test_a_missing_command_is_named() -> None:
    problem = interpret(Result((), None, missing=True), "/opt/docker", "x")[1]
    assert "'/opt/docker'" in problem.message


@given(st.text(), st.text(), st.integers(min_value=-15, max_value=255))
def test_whatever_is_said_is_facts_or_a_problem(stdout: str, stderr: str, rc: int) -> None:
    facts, problem = interpret(said(stdout, stderr, rc), "docker", "x")
    assert facts is not None or problem is not None
    assert problem is None or problem.id in PROBLEMS


VERSION = ["version", "--format", "{{json .}}"]


@pytest.mark.parametrize(
    ("connection", "options"),
    [
        (Connection(), []),
        (Connection(host="tcp://192.0.2.7:2376"), ["--host", "tcp://192.0.2.7:2376"]),
        (Connection(context="field"), ["--context", "field"]),
        (Connection(tls_ca_cert="/ca.pem"), ["--tlsverify", "--tlscacert", "/ca.pem"]),
        (
            Connection(
                host="tcp://pi:2376",
                tls_ca_cert="/ca.pem",
                tls_client_cert="/cert.pem",
                tls_client_key="/key.pem",
            ),
            [
                *("--host", "tcp://pi:2376", "--tlsverify", "--tlscacert", "/ca.pem"),
                *("--tlscert", "/cert.pem", "--tlskey", "/key.pem"),
            ],
        ),
    ],
)
def test_a_connection_becomes_options_before_the_command(
    connection: Connection, options: list[str]
) -> None:
    assert connection.version_argv() == ["docker", *options, *VERSION]


def test_another_command_is_called_by_its_path() -> None:
    assert Connection(cli="/opt/docker/bin/docker").version_argv()[0] == "/opt/docker/bin/docker"
