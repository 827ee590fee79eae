# SPDX-License-Identifier: GPL-3.0-or-later
"""Web servers on the loopback that answer as a function of the test tells them to."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .tls import LOOPBACK

# In seconds: how soon a server notices that it is to end, and of silence on a connection.
POLL = 0.05
SILENCE = 30

Answer = Callable[["Visit"], None]


class Visit(BaseHTTPRequestHandler):
    """One connection; `server.asked` gets method, path and the header Authorization of each."""

    protocol_version = "HTTP/1.1"
    timeout = SILENCE
    # The answers are small, and written in two parts.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.server.asked.append((self.command, self.path, self.headers.get("Authorization")))
        self.server.answer(self)

    do_POST = do_CONNECT = do_GET

    def send(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Answer with a body; underscores of headers' names stand for dashes."""
        self.send_response(status)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in {"Content-Length": str(len(body)), **given}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Answers inside a `with`; `over` is set when it ends, for answers that wait."""

    # So that the end of a server waits for its connections.
    daemon_threads = False

    def __init__(self, answer: Answer, context: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self.asked: list[tuple] = []
        self.connections = 0
        self.over = threading.Event()
        self._context = context
        self._open: set[socket.socket] = set()
        super().__init__((LOOPBACK, 0), Visit)
        self._thread = threading.Thread(target=self.serve_forever, args=(POLL,))

    @property
    def name(self) -> str:
        return f"{LOOPBACK}:{self.server_port}"

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.shutdown()
        for connection in list(self._open):
            # Not TLS's own, which another thread may be in the middle of.
            _ignore(lambda open_one=connection: socket.socket.shutdown(open_one, socket.SHUT_RDWR))
        self.server_close()
        self._thread.join()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self._context:
            # The handshake is for the connection's own thread.
            connection = self._context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        self.connections += 1
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: socket.socket) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Clients may leave at any time, and may not trust the authority.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def _ignore(action: Callable[[], None]) -> None:
    try:
        action()
    except OSError:
        return
