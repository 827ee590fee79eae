# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets whose reads end at one moment, however often a byte arrives before it."""

from __future__ import annotations

import io
import socket
import time
from typing import Any


class BoundedSocket:
    """A connected socket for http.client, on which no read or write goes on past a deadline.

    A timeout of the socket begins anew with every byte, so that a server could keep its client
    for ever. ``deadline`` is a moment of time.monotonic(), set anew for each request.
    """

    def __init__(self, connected: socket.socket, deadline: float) -> None:
        self._socket = connected
        self.deadline = deadline

    def sendall(self, data: Any) -> None:
        self.bound()
        self._socket.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self, self._socket.makefile(mode, buffering=0)))

    def close(self) -> None:
        self._socket.close()

    def bound(self) -> None:
        """Let the next wait last no longer than the time that is left.

        :raises socket.timeout: where none is left
        """
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise socket.timeout("timed out")
        self._socket.settimeout(left)


class _Reader(io.RawIOBase):
    def __init__(self, bounded: BoundedSocket, raw: Any) -> None:
        super().__init__()
        self._bounded = bounded
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._bounded.bound()
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
