# SPDX-License-Identifier: GPL-3.0-or-later
"""A BuildKit that listens on a socket: the one in the Docker daemon, which has none of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from pathlib import Path


class Relay:
    """Connects every caller of a socket with the builder of the context default."""

    def __init__(self, path: Path, config: Path) -> None:
        self.address = f"unix://{path}"
        self._environment = {
            **os.environ,
            "DOCKER_CONFIG": str(config),
            # In releases before 0.14 the command is an experiment.
            "BUILDX_EXPERIMENTAL": "1",
        }
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
                        ["docker", "buildx", "--builder", "default", "dial-stdio"],
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
