# SPDX-License-Identifier: GPL-3.0-or-later
"""A web server with Docker's folders, which withdraws and breaks what it is told."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import re
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

NAME = "docker-desktop-arm64.deb"
ROOT = "/linux/main/arm64"


class Server(http.server.ThreadingHTTPServer):
    """Serve `files` by path; `moved` are redirects, and `cuts` how often a path ends half way."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.moved: dict[str, str] = {}
        self.withdrawn: set[str] = set()
        self.cuts: dict[str, int] = {}
        self.asked: list[str] = []

    @property
    def address(self) -> str:
        return f"https://127.0.0.1:{self.server_port}"

    def publish(self, build: str, package: bytes) -> str:
        """Lay a build out as Docker does, with its checksum; return the package's SHA-256."""
        digest = hashlib.sha256(package).hexdigest()
        folder = f"{ROOT}/{build}" if build else ROOT
        self.files[f"{folder}/{NAME}"] = package
        self.files[f"{folder}/checksums.txt"] = (
            f"{'0' * 64} *docker-desktop-amd64.deb\n{digest} *{NAME}\n".encode()
        )
        return digest

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients may leave at any time."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        path = self.path
        self.server.asked.append(path)
        if path in self.server.moved:
            self._head(302, 0, Location=self.server.moved[path])
        elif any(path.startswith(folder) for folder in self.server.withdrawn):
            self._head(403, 0)
        elif path not in self.server.files:
            self._head(404, 0)
        else:
            self._send(path, self.server.files[path])

    do_HEAD = do_GET

    def _send(self, path: str, content: bytes) -> None:
        span = re.fullmatch(r"bytes=([0-9]+)-", self.headers.get("Range", ""))
        if span and int(span[1]) < len(content):
            whole, content = len(content), content[int(span[1]) :]
            given = f"bytes {span[1]}-{whole - 1}/{whole}"
            self._head(206, len(content), **{"Content-Range": given})
        else:
            self._head(200, len(content), **{"Accept-Ranges": "bytes"})
        if self.server.cuts.get(path, 0):
            self.server.cuts[path] -= 1
            content = content[: len(content) // 2]
        if self.command == "GET":
            self.wfile.write(content)

    def _head(self, status: int, length: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the tests ask for the requests."""


@contextlib.contextmanager
def serving(certificates: Path) -> Iterator[Server]:
    """Yield a server that runs, with the certificate in a folder."""
    server = Server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
