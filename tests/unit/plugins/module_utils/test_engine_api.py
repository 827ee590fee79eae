# SPDX-License-Identifier: GPL-3.0-or-later
"""An engine's answer through its socket, and everything else that may be said there."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ansible_collections.arm64.docker.plugins.module_utils import _engine_api
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.tests.unit.sockets import Engine


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "docker.sock"


def test_an_engine_says_its_version(place: Path) -> None:
    with Engine(place, {"/version": '{"Version": "26.1.5"}'}):
        assert _engine_api.get(str(place), "/version", 5)["Version"] == "26.1.5"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("[]", "is no Docker daemon"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}", "is no Docker daemon"),
        ("<html>", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        (b"", "No Docker daemon answers"),
        (b"SSH-2.0-OpenSSH\r\n", "No Docker daemon answers"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", "is no JSON"),
    ],
)
def test_what_is_no_engine_is_an_error_that_says_so(
    place: Path, answer: str | bytes, words: str
) -> None:
    with Engine(place, {"/version": answer}), pytest.raises(DockerHostError, match=words):
        _engine_api.get(str(place), "/version", 5)


def test_silence_ends_in_time(place: Path) -> None:
    with Engine(place, {"/version": None}):
        started = time.monotonic()
        with pytest.raises(DockerHostError, match="did not answer within 1 s"):
            _engine_api.get(str(place), "/version", 1)
        assert time.monotonic() - started < 4


def test_a_socket_that_is_gone_is_an_error(place: Path) -> None:
    with pytest.raises(DockerHostError, match="No Docker daemon answers"):
        _engine_api.get(str(place), "/version", 1)
