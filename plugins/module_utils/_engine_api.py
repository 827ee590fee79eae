# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask an engine through its socket: far cheaper than the docker command."""

from __future__ import annotations

import http.client
import json
import socket
import time
from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._registry_socket import BoundedSocket

# An answer has a few kilobytes. Who answers may be any user's program.
_SIZE_LIMIT = 1024 * 1024

_REMEDY = "The journal of the daemon says what it does."


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path
        self._deadline = time.monotonic() + timeout

    def connect(self) -> None:
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connected.settimeout(self.timeout)
            connected.connect(self._path)
        except OSError:
            connected.close()
            raise
        self.sock = BoundedSocket(connected, self._deadline)


def get(path: str, what: str, timeout: float) -> dict[str, Any]:
    """Return what a GET of Docker's Engine API says, such as of /version or /info.

    :param path: the engine's socket
    :param timeout: seconds that the whole answer may take
    :raises DockerHostError: where nothing answers, not in time, or not as an engine does
    """
    connection = _Connection(path, timeout)
    try:
        connection.request("GET", what)
        answer = connection.getresponse()
        document = json.loads(answer.read(_SIZE_LIMIT))
    except socket.timeout as error:
        raise DockerHostError(
            f"The Docker daemon at {path} took the connection and did not answer within "
            f"{timeout:.0f} s.",
            _REMEDY,
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise DockerHostError(f"No Docker daemon answers at {path}: {error}", _REMEDY) from error
    except (ValueError, RecursionError) as error:
        raise DockerHostError(f"What answers at {path} is no JSON: {error}", _REMEDY) from error
    finally:
        connection.close()
    if answer.status != http.client.OK or not isinstance(document, dict):
        raise DockerHostError(f"What answers at {path} is no Docker daemon.", _REMEDY)
    return document
