# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._dind_proof import (
    Engine,
    serves,
    why_not_ready,
    without_certificate,
)
from ansible_collections.arm64.docker.tests.unit.tls import self_signed

_PATIENCE = 5


@contextlib.contextmanager
def serving(
    folder: Path, certificate: str | None, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
) -> Iterator[Engine]:
    """Serve over TLS; a certificate of clients is demanded where there is one to compare with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = newest
    context.load_cert_chain(self_signed(folder / "server.pem"))
    if certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificate)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            connection = listener.accept()[0]
            with connection, context.wrap_socket(connection, server_side=True) as secure:
                secure.recv(1000)
                secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield Engine("127.0.0.1", listener.getsockname()[1], str(folder))
    finally:
        listener.close()
        thread.join(_PATIENCE)


def test_an_engine_that_serves_everybody_is_found_out_whoever_signed_its_certificate(
    tmp_path: Path,
) -> None:
    self_signed(tmp_path / "ca.pem")
    with serving(tmp_path, None) as engine:
        answer, shown = without_certificate(engine, _PATIENCE)
    assert answer == "accepted"
    assert shown is not None
    assert shown.days_left(shown.not_before) == 2


def test_an_engine_that_demands_a_certificate_refuses_and_shows_its_own(tmp_path: Path) -> None:
    authority = self_signed(tmp_path / "ca.pem")
    with serving(tmp_path, str(authority)) as engine:
        answer, shown = without_certificate(engine, _PATIENCE)
    assert answer == "refused"
    assert shown is not None


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_an_engine_serves_once_it_greets(tmp_path: Path, newest: ssl.TLSVersion) -> None:
    authority = self_signed(tmp_path / "ca.pem")
    with serving(tmp_path, str(authority), newest) as engine:
        assert serves(engine, _PATIENCE)


@pytest.mark.parametrize("folder", ["", "/nowhere"])
def test_a_port_that_is_published_too_early_serves_nothing(folder: str) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def hang_up() -> None:
        listener.accept()[0].close()

    thread = threading.Thread(target=hang_up)
    thread.start()
    port = listener.getsockname()[1]
    assert not serves(Engine("127.0.0.1", port, folder), _PATIENCE)
    thread.join(_PATIENCE)
    listener.close()
    assert not serves(Engine("127.0.0.1", port, folder), _PATIENCE)


def test_the_end_of_an_earlier_start_is_told_with_the_beginning_of_the_next() -> None:
    end = 'failed to start daemon: driver "banana" not supported'
    beginning = [f"level=info msg=plugin-{number}" for number in range(70)]
    told = why_not_ready([*beginning, end, *beginning])
    assert told == [end, *beginning[-60:]]
    assert why_not_ready([*beginning, end]) == [*beginning[-59:], end]
