# SPDX-License-Identifier: GPL-3.0-or-later
"""A web server on the loopback that can be told to serve badly."""

from __future__ import annotations

import contextlib
import functools
import http.server
import socket
import socketserver
import ssl
import sys
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

LOOPBACK = "127.0.0.1"
# In seconds, of silence on a connection.
TIMEOUT = 60

# Called with the path that is asked for and the file's content; returns what is sent.
Serve = Callable[[str, bytes], bytes]


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Serve a folder on a free port; `context` makes it HTTPS.

    Where `serve` returns less than the content, the connection is closed after it, although more
    was announced. All connections are closed and their threads ended by `server_close`.
    """

    # So that server_close waits for them.
    daemon_threads = False

    def __init__(self, folder: Path, serve: Serve, context: ssl.SSLContext | None = None) -> None:
        self.serve = serve
        self._context = context
        self._connections: set[socket.socket] = set()
        super().__init__((LOOPBACK, 0), functools.partial(_Handler, directory=str(folder)))

    @property
    def port(self) -> int:
        return self.server_address[1]

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self._context:
            # The handshake is for the connection's own thread: a client that says nothing must not
            # keep the others waiting.
            connection = self._context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: socket.socket) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                # Not TLS's own, which another thread may be in the middle of.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Clients may leave at any time, and may not trust the authority.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(http.server.SimpleHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    timeout = TIMEOUT

    def copyfile(self, source: IO[bytes], outputfile: IO[bytes]) -> None:
        content = source.read()
        served = self.server.serve(urllib.parse.unquote(self.path), content)
        outputfile.write(served)
        if len(served) < len(content):
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the tests ask for the requests."""
