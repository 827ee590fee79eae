# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that listens on a socket of the file system and answers as it is told to."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from types import TracebackType


class Engine:
    """Answers the request for a path with its JSON in ``answers``, or with the bytes as they are.

    With None it takes the connection and says nothing. ``asked`` has the first line of each
    request.
    """

    def __init__(self, path: Path, answers: dict[str, str | bytes | None]) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self._over = threading.Event()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen()
        self._listener.settimeout(0.05)
        self._thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                connection = self._listener.accept()[0]
            except socket.timeout:
                continue
            with connection:
                self.asked.append(connection.recv(65536).decode().splitlines()[0])
                answer = self.answers[self.asked[-1].split()[1]]
                if answer is None:
                    self._over.wait()
                else:
                    connection.sendall(self._reply(answer))

    @staticmethod
    def _reply(answer: str | bytes) -> bytes:
        if isinstance(answer, bytes):
            return answer
        body = answer.encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    def __enter__(self) -> Engine:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
        self._listener.close()
