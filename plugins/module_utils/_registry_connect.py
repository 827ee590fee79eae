# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to a server: its addresses one by one, a proxy's tunnel, TLS; all within a deadline."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from typing import Any, Mapping

from ansible_collections.arm64.docker.plugins.module_utils._registry_names import addresses
from ansible_collections.arm64.docker.plugins.module_utils._registry_socket import BoundedSocket

# In seconds: after these an address that does not answer is left for the next one.
_PATIENCE = 5.0


def connect(host: str, port: int, deadline: float) -> socket.socket:
    """Return a connection to the first address of a name that takes one.

    :param deadline: a moment of time.monotonic(); each address has its share of the time to it
    :raises OSError: what the last address said
    """
    found = addresses(host, port, deadline)
    for place, (family, kind, protocol, _name, address) in enumerate(found, 1):
        others = len(found) - place
        left = _left(deadline)
        seconds = min(_PATIENCE, left / (others + 1)) if others else left
        try:
            return _opened(socket.socket(family, kind, protocol), address, seconds)
        except OSError:
            if not others:
                raise
    raise OSError(f"{host} has no address")


def tunnel(
    end: socket.socket, host: str, port: int, headers: Mapping[str, str], deadline: float
) -> None:
    """Have a proxy connect to a server (RFC 9110, 9.3.6).

    :param end: a connection to the proxy
    :raises OSError: where it does not, or not in time
    """
    server = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {server} HTTP/1.1", f"Host: {server}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    bounded = BoundedSocket(end, deadline)
    bounded.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1"))
    answer = http.client.HTTPResponse(bounded, method="CONNECT")
    try:
        answer.begin()
        if answer.status != 200:
            raise OSError(f"the proxy answers {answer.status} {answer.reason}".strip())
    finally:
        answer.close()


def secured(
    end: socket.socket, host: str, context: ssl.SSLContext, deadline: float
) -> ssl.SSLSocket:
    """Return a connection over TLS through one without, which is used up by that.

    :raises OSError: where there is none, or not in time
    """
    end.settimeout(_left(deadline))
    return context.wrap_socket(end, server_hostname=host)


def _opened(end: socket.socket, address: Any, seconds: float) -> socket.socket:
    try:
        end.settimeout(seconds)
        end.connect(address)
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        end.close()
        raise
    return end


def _left(deadline: float) -> float:
    """Return the seconds that are left.

    :raises socket.timeout: where none are
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise socket.timeout("timed out")
    return left
