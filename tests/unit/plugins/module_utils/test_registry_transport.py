# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest

from ansible_collections.arm64.docker.plugins.module_utils import (
    _registry_connect,
    _registry_transport,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._registry_connect import connect
from ansible_collections.arm64.docker.plugins.module_utils._registry_endpoints import Endpoint
from ansible_collections.arm64.docker.plugins.module_utils._registry_errors import Unreachable
from ansible_collections.arm64.docker.plugins.module_utils._registry_transport import (
    Answer,
    Request,
    Transport,
    Trust,
)
from ansible_collections.arm64.docker.tests.unit.tls import self_signed
from ansible_collections.arm64.docker.tests.unit.web import Site, Visit

PAGE = Request("/page", {}, 1000)


def server(site: Site) -> Endpoint:
    scheme, _colon, name = site.url.partition("://")
    host, _colon, port = name.partition(":")
    return Endpoint(scheme, host, int(port))


def ask(site: Site, trust: Trust, timeout: float = 5) -> Answer:
    transport = Transport(trust, timeout)
    try:
        return transport.exchange(server(site), PAGE)
    finally:
        transport.close()


@pytest.fixture
def black_hole() -> Iterator[tuple]:
    """An address that takes no connection and refuses none."""
    with contextlib.ExitStack() as opened:
        full = opened.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _number in range(4):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield full.getsockname()


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have every name stand for these addresses, in that order."""

    def stand_for(*addresses: tuple) -> None:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", one) for one in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_words: found)

    return stand_for


def test_the_addresses_of_a_name_are_tried_one_by_one(black_hole: tuple, resolve: Callable) -> None:
    with socket.create_server(("127.0.0.1", 0)) as good:
        resolve(black_hole, black_hole, good.getsockname())
        started = time.monotonic()
        with connect("registry.example.org", 443, started + 3) as end:
            assert end.getpeername() == good.getsockname()
        # A third of the time for the first, half of the rest for the second.
        assert 1.5 < time.monotonic() - started < 2.9


def test_no_address_but_the_last_is_waited_for_longer_than_some_seconds(
    black_hole: tuple, resolve: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_registry_connect, "_PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as good:
        resolve(black_hole, good.getsockname())
        started = time.monotonic()
        connect("registry.example.org", 443, started + 60).close()
        assert time.monotonic() - started < 10
    resolve(black_hole)
    started = time.monotonic()
    with pytest.raises(socket.timeout):
        connect("registry.example.org", 443, started + 1)
    assert time.monotonic() - started > 0.9


def test_a_name_whose_addresses_all_refuse_is_an_error_of_the_last(resolve: Callable) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = gone.getsockname()
    resolve(address, address)
    with pytest.raises(ConnectionRefusedError):
        connect("registry.example.org", 443, time.monotonic() + 5)
    resolve()
    with pytest.raises(OSError, match="has no address"):
        connect("registry.example.org", 443, time.monotonic() + 5)


def test_a_resolver_that_is_silent_costs_no_more_than_the_timeout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over, asked = threading.Event(), []

    def silent(host: str, *_words: object) -> list:
        asked.append(host)
        over.wait(30)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", good.getsockname())]

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    server = Endpoint("https", "registry.example.org", 443)
    transport = Transport(Trust.build(None, True), 0.3)
    with socket.create_server(("127.0.0.1", 0)) as good:
        for _attempt in range(3):
            started = time.monotonic()
            with pytest.raises(Unreachable, match="name .* cannot be resolved") as error:
                transport.exchange(server, PAGE)
            assert error.value.passing
            assert 0.2 < time.monotonic() - started < 5
        # One question is under way, whoever waits for it; an answer that is late serves the next.
        assert asked == ["registry.example.org"]
        threading.Timer(0.2, over.set).start()
        with connect("registry.example.org", 443, time.monotonic() + 30) as end:
            assert end.getpeername() == good.getsockname()
        assert asked == ["registry.example.org"]


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    (tmp_path / "server").mkdir()
    return self_signed(tmp_path / "server/both.pem")


@pytest.fixture
def secure(certificate: Path) -> Iterator[Site]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Site(context, page=b"content") as opened:
        yield opened


def test_each_file_of_a_folder_that_holds_certificates_is_trusted(
    tmp_path: Path, certificate: Path, secure: Site
) -> None:
    with pytest.raises(Unreachable, match="not trusted"):
        ask(secure, Trust.build(None, True))
    folder = tmp_path / "authorities"
    (folder / "folder.crt").mkdir(parents=True)
    (folder / "ca.crt").write_bytes(b"The authority of example.org\n" + certificate.read_bytes())
    (folder / "a.key").write_bytes(b"-----BEGIN PRIVATE KEY-----\n")
    (folder / "notes.txt").write_bytes(b"\xff\x00 no certificate")
    (folder / "dangling.pem").symlink_to("nowhere")
    assert ask(secure, Trust.build(str(folder), True)).body == b"content"
    assert ask(secure, Trust.build(str(certificate), True)).body == b"content"


def test_a_folder_without_certificates_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("none")
    with pytest.raises(DockerHostError) as error:
        Trust.build(str(tmp_path), True)
    assert f"{tmp_path} holds no certificates" in error.value.message
    assert "folder" in error.value.remedy


def test_a_broken_certificate_in_a_folder_is_an_error_that_names_it(
    tmp_path: Path, certificate: Path
) -> None:
    (tmp_path / "a.crt").write_bytes(certificate.read_bytes())
    (tmp_path / "b.crt").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n")
    with pytest.raises(DockerHostError, match=r"b\.crt holds no certificates"):
        Trust.build(str(tmp_path), True)


class Proxy:
    """Reads one request for a tunnel and answers it with parts, one each tenth of a second.

    After them it passes bytes on to a server, where one is given.
    """

    def __init__(self, parts: list[bytes], target: Endpoint | None = None) -> None:
        self.asked = b""
        self._parts = parts
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    @property
    def url(self) -> str:
        return f"http://someone:secret@127.0.0.1:{self._listener.getsockname()[1]}"

    def _serve(self) -> None:
        end, _address = self._listener.accept()
        with end, contextlib.suppress(OSError):
            while b"\r\n\r\n" not in self.asked:
                self.asked += end.recv(4096)
            for part in self._parts:
                end.sendall(part)
                time.sleep(0.1)
            if self._target:
                self._pass_on(end)

    def _pass_on(self, end: socket.socket) -> None:
        with socket.create_connection((self._target.host, self._target.port)) as there:
            back = threading.Thread(target=_copy, args=(there, end))
            back.start()
            _copy(end, there)
            back.join()

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self._thread.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@pytest.fixture
def through(monkeypatch: pytest.MonkeyPatch) -> Callable[[Proxy], None]:
    """Have all requests go through a proxy."""

    def use(proxy: Proxy) -> None:
        for name in ("https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"):
            monkeypatch.setenv(name, proxy.url if "https" in name.lower() else "")

    return use


def test_a_proxy_is_asked_for_a_tunnel(
    certificate: Path, secure: Site, through: Callable[[Proxy], None]
) -> None:
    target = server(secure)
    with Proxy([b"HTTP/1.1 200 ", b"Established\r\n\r\n"], target) as proxy:
        through(proxy)
        assert ask(secure, Trust.build(str(certificate), True)).body == b"content"
    lines = proxy.asked.decode().splitlines()
    assert lines[:2] == [f"CONNECT {target.name} HTTP/1.1", f"Host: {target.name}"]
    assert "Proxy-Authorization: Basic c29tZW9uZTpzZWNyZXQ=" in lines


@pytest.mark.parametrize(
    "parts",
    [
        [b"H", b"T", b"T", b"P", b"/", b"1", b".", b"1", b" ", b"2"] * 5,
        [b"HTTP/1.1 200 OK\r\n", *[b"X-Slow: 1\r\n"] * 50],
        [b"HTTP/1.1 200 OK\r\nX: ", *[b"x"] * 50],
        [b"HTTP/1.1 200 OK\r\n\r\n", *[b""] * 15],
    ],
)
def test_a_proxy_that_takes_its_time_costs_no_more_than_the_timeout(
    secure: Site, through: Callable[[Proxy], None], parts: list
) -> None:
    with Proxy(parts) as proxy:
        through(proxy)
        started = time.monotonic()
        with pytest.raises(Unreachable, match="within 1 s"):
            ask(secure, Trust.build(None, True), timeout=1)
        assert time.monotonic() - started < 3


def test_a_proxy_that_refuses_is_an_error_with_its_words(
    secure: Site, through: Callable[[Proxy], None]
) -> None:
    with Proxy([b"HTTP/1.1 403 Not here\r\nContent-Length: 4\r\n\r\nnope"]) as proxy:
        through(proxy)
        with pytest.raises(Unreachable) as error:
            ask(secure, Trust.build(None, True))
    assert "the proxy answers 403 Not here" in error.value.message
    assert "secret" not in str(error.value)


def kept_open(visit: Visit) -> None:
    visit.protocol_version = "HTTP/1.1"
    visit.close_connection = False
    visit.begin(**{"Content-Length": "7"})
    visit.wfile.write(b"content")


def test_what_an_interrupted_answer_left_is_not_taken_for_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Site(page=kept_open) as site:
        transport = Transport(Trust.build(None, True), 5)
        with monkeypatch.context() as patch:
            patch.setattr(_registry_transport, "_body", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                transport.exchange(server(site), PAGE)
        assert transport.exchange(server(site), PAGE).body == b"content"
        transport.close()
