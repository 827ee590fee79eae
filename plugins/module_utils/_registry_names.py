# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses of hosts, looked up within a deadline.

The system's resolver takes none: with three name servers that are silent it waits half a minute
and more (resolv.conf(5), timeout and attempts). So it is waited for in a thread of its own.
"""

from __future__ import annotations

import socket
import threading
import time
from typing import Any


class _Lookup:
    """A question to the resolver, which goes on when nobody waits for it any more."""

    def __init__(self, host: str, port: int) -> None:
        self._question = (host, port)
        self._found: list[Any] = []
        self._error: Exception | None = None
        self._over = threading.Event()
        # A daemon: the process does not wait for the resolver when it ends.
        threading.Thread(target=self._ask, daemon=True).start()

    def result(self, seconds: float) -> list[Any]:
        if not self._over.wait(seconds):
            raise socket.gaierror(socket.EAI_AGAIN, "the resolver gave no answer in time")
        if self._error is not None:
            raise self._error
        return self._found

    def _ask(self) -> None:
        try:
            self._found = socket.getaddrinfo(*self._question, 0, socket.SOCK_STREAM)
        except Exception as error:  # noqa: BLE001
            self._error = error
        with _LOCK:
            _UNDER_WAY.pop(self._question, None)
        self._over.set()


_LOCK = threading.Lock()
# By host and port. Who asks again joins the question that is under way, so that a resolver that is
# silent has one thread for each name and no more.
_UNDER_WAY: dict[tuple, _Lookup] = {}


def addresses(host: str, port: int, deadline: float) -> list[Any]:
    """Return what socket.getaddrinfo says of a host, for connections.

    :param deadline: a moment of time.monotonic()
    :raises OSError: where there is no answer, or not in time
    :raises UnicodeError: where no host can have that name
    """
    with _LOCK:
        lookup = _UNDER_WAY.get((host, port))
        if lookup is None:
            lookup = _UNDER_WAY[host, port] = _Lookup(host, port)
    return lookup.result(max(0.0, deadline - time.monotonic()))
