# SPDX-License-Identifier: GPL-3.0-or-later
"""A web server on the loopback, for as long as a test needs it."""

from __future__ import annotations

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Callable, Union

Page = Union[bytes, int, Callable[["Visit"], None]]


class Visit(BaseHTTPRequestHandler):
    """Answers one request with the page of its path: a body, a status, or a function's doing."""

    def do_GET(self) -> None:
        site: Site = self.server.site
        site.asked.append(self.path)
        page = site.pages.get(self.path, 404)
        if isinstance(page, int):
            self.send_error(page)
        elif callable(page):
            page(self)
        else:
            self.begin()
            self.wfile.write(page)

    def begin(self, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Site:
    """A server with its pages by path; ``asked`` lists the paths of all requests."""

    def __init__(self, context: ssl.SSLContext | None = None, **pages: Page) -> None:
        self.pages: dict[str, Page] = {f"/{name}": page for name, page in pages.items()}
        self.asked: list[str] = []
        # Set when the test is over, for pages that wait.
        self.over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Visit)
        self._server.site = self
        self._server.handle_error = lambda *_: None
        self._scheme = "http"
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self._scheme = "https"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Site:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
