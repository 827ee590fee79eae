# SPDX-License-Identifier: GPL-3.0-or-later
"""A BuildKit that listens on a socket: the one in a Docker daemon, which has none of its own."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

# Connects standard input and output with the builder of the context default. In releases of
# buildx before 0.14 the command is an experiment.
DIAL = ("env", "BUILDX_EXPERIMENTAL=1", "docker", "buildx", "--builder", "default", "dial-stdio")


class Relay:
    """Connects every caller of a socket with a program's standard input and output."""

    def __init__(self, path: Path, program: Sequence[str], environment: Mapping[str, str]) -> None:
        self.address = f"unix://{path}"
        self._program = program
        self._environment = environment
        self._programs: list[subprocess.Popen] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(16)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            with caller:
                self._programs.append(
                    subprocess.Popen(
                        self._program,
                        stdin=caller,
                        stdout=caller,
                        stderr=subprocess.DEVNULL,
                        env=self._environment,
                    )
                )

    def close(self) -> None:
        """Listen no longer, and end what runs; more than once is as once."""
        if self._listener.fileno() == -1:
            return
        # A thread that waits for callers does not notice that its socket was closed.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=10)
        for program in self._programs:
            program.terminate()
            program.wait(timeout=10)
