# SPDX-License-Identifier: GPL-3.0-or-later
"""The repository as tests use it."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

from .build import build
from .server import LOOPBACK, Server

# Where machines find the loopback of the host that emulates them: QEMU's user networking.
FROM_MACHINES = "10.0.2.2"
# In seconds: how soon a server notices that it is to end.
POLL = 0.1


class Repository:
    """The repository, built if need be, and served over HTTPS and HTTP inside a `with`.

    `host` is the address in the URLs: FROM_MACHINES for those that a test machine is to use.

    `close_after` and `corrupt` plant a fault at once, in all packages served from then on. It is
    taken away by `mend`, or at the end of a `with` around the call.
    """

    def __init__(self, host: str = LOOPBACK) -> None:
        self._host = host
        self._built = build()
        self._fault: Callable[[bytes], bytes] | None = None
        self._servers: dict[str, Server] = {}
        self._stack = contextlib.ExitStack()
        self._requests: list[str] = []

    def __enter__(self) -> Repository:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._built.tls / "server.pem", self._built.tls / "server.key")
        with contextlib.ExitStack() as stack:
            for scheme in ("http", "https"):
                tls = context if scheme == "https" else None
                server = stack.enter_context(Server(self.folder, self._serve, tls))
                thread = threading.Thread(target=server.serve_forever, args=(POLL,))
                thread.start()
                stack.callback(thread.join)
                stack.callback(server.shutdown)
                self._servers[scheme] = server
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def url(self) -> str:
        """Of the server, without a slash at the end; apt's URI is that and `/linux/debian`."""
        return f"https://{self._host}:{self._servers['https'].port}"

    @property
    def http_url(self) -> str:
        """The same over plain HTTP."""
        return f"http://{self._host}:{self._servers['http'].port}"

    @property
    def key_url(self) -> str:
        """Of the signing key, armoured, over HTTPS."""
        return f"{self.url}/linux/debian/gpg"

    @property
    def fingerprint(self) -> str:
        """The signing key's, 40 upper-case hex digits."""
        return self._built.fingerprint

    @property
    def ca(self) -> Path:
        """The certificate of the authority that the server's is from, as PEM."""
        return self._built.tls / "ca.pem"

    @property
    def folder(self) -> Path:
        """What is served: linux/debian with gpg and dists lies in it."""
        return self._built.public

    @property
    def requests(self) -> list[str]:
        """The paths of the files served so far, in order."""
        return list(self._requests)

    def close_after(self, size: int) -> contextlib.ExitStack:
        """Close the connection after the first `size` bytes of a package."""
        return self._plant(lambda content: content[:size])

    def corrupt(self) -> contextlib.ExitStack:
        """Serve packages with a bit of their last byte flipped."""
        return self._plant(lambda content: content[:-1] + bytes([content[-1] ^ 1]))

    def mend(self) -> None:
        """Serve packages as they are."""
        self._fault = None

    def _plant(self, fault: Callable[[bytes], bytes]) -> contextlib.ExitStack:
        self._fault = fault
        undo = contextlib.ExitStack()
        undo.callback(self.mend)
        return undo

    def _serve(self, path: str, content: bytes) -> bytes:
        self._requests.append(path)
        if self._fault and path.endswith(".deb"):
            return self._fault(content)
        return content
