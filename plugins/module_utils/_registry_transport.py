# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP exchanges with registries: kept-alive connections, bounded in bytes and in seconds."""

from __future__ import annotations

import base64
import contextlib
import http.client
import os
import re
import socket
import ssl
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Mapping

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._registry_connect import (
    connect,
    secured,
    tunnel,
)
from ansible_collections.arm64.docker.plugins.module_utils._registry_endpoints import Endpoint
from ansible_collections.arm64.docker.plugins.module_utils._registry_errors import unreachable
from ansible_collections.arm64.docker.plugins.module_utils._registry_socket import BoundedSocket

_PART = 64 * 1024
_STALE = (http.client.BadStatusLine, ConnectionError)
# Some registries refuse clients that do not name themselves.
_AGENT = "arm64.docker"
# What OpenSSL reads as a certificate; keys and others may lie beside them.
_CERTIFICATE = re.compile(rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----")


@dataclass(frozen=True)
class Request:
    """What is asked: ``limit`` bounds the bytes of the answer, ``form`` is sent as POST."""

    path: str
    headers: Mapping[str, str]
    limit: int
    form: str | None = None


@dataclass(frozen=True)
class Answer:
    """What a server answered; names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    challenges: tuple
    body: bytes


@dataclass(frozen=True)
class Trust:
    """The contexts of TLS, which all workers share: reading the authorities takes its time."""

    verified: ssl.SSLContext
    unverified: ssl.SSLContext

    @classmethod
    def build(cls, ca_path: str | None, validate_certs: bool) -> Trust:
        """Trust the system's authorities, and those of a file or folder besides.

        :raises DockerHostError: where that file is none
        """
        unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        unverified.check_hostname = False
        unverified.verify_mode = ssl.CERT_NONE
        if not validate_certs:
            return cls(unverified, unverified)
        verified = ssl.create_default_context()
        if ca_path:
            try:
                files = _authorities(ca_path) if os.path.isdir(ca_path) else [ca_path]
            except OSError as error:
                raise _no_certificates(ca_path, error) from error
            for place in files:
                try:
                    verified.load_verify_locations(cafile=place)
                except OSError as error:
                    raise _no_certificates(place, error) from error
        return cls(verified, unverified)


class Transport:
    """The connections of one worker: one for each server, kept alive."""

    def __init__(self, trust: Trust, timeout: float) -> None:
        self._trust = trust
        self._timeout = timeout
        self._connections: dict[Endpoint, http.client.HTTPConnection] = {}
        self._proxies = urllib.request.getproxies_environment()

    def exchange(self, endpoint: Endpoint, request: Request) -> Answer:
        """Ask a server once, for as many seconds as a request may take.

        :raises Unreachable: where there is no answer
        :raises DockerHostError: where the answer is too large
        """
        deadline = time.monotonic() + self._timeout
        kept = endpoint in self._connections and self._connections[endpoint].sock is not None
        try:
            try:
                return self._try(endpoint, request, deadline)
            except _STALE:
                # A server closes connections that were idle too long for it.
                if not kept:
                    raise
                self._drop(endpoint)
                return self._try(endpoint, request, deadline)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._drop(endpoint)
            raise unreachable(endpoint, error, self._timeout) from error
        except BaseException:
            # What is left unread of an answer is no answer to the next request.
            self._drop(endpoint)
            raise

    def close(self) -> None:
        for endpoint in list(self._connections):
            self._drop(endpoint)

    def _try(self, endpoint: Endpoint, request: Request, deadline: float) -> Answer:
        connection = self._connection(endpoint, deadline)
        headers = {"User-Agent": _AGENT, **request.headers}
        target = request.path
        if endpoint.scheme == "http" and self._proxy(endpoint):
            target = f"{endpoint.url}{request.path}"
            headers.update(_proxy_login(self._proxy(endpoint)))
        headers["Host"] = endpoint.name
        if request.form is None:
            connection.request("GET", target, headers=headers)
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            connection.request("POST", target, body=request.form.encode(), headers=headers)
        response = connection.getresponse()
        body = _body(response, request.limit, endpoint)
        return Answer(
            response.status,
            {name.lower(): value for name, value in response.getheaders()},
            tuple(response.headers.get_all("WWW-Authenticate", [])),
            body,
        )

    def _connection(self, endpoint: Endpoint, deadline: float) -> http.client.HTTPConnection:
        connection = self._connections.get(endpoint)
        if connection is None:
            connection = http.client.HTTPConnection(endpoint.host, endpoint.port)
            self._connections[endpoint] = connection
        if connection.sock is None:
            connection.sock = BoundedSocket(self._connected(endpoint, deadline), deadline)
        connection.sock.deadline = deadline
        return connection

    def _connected(self, endpoint: Endpoint, deadline: float) -> socket.socket:
        """Return a new connection to a server, or to the proxy before it, ready for HTTP."""
        proxy = self._proxy(endpoint)
        host, port = (proxy.hostname, proxy.port or 80) if proxy else (endpoint.host, endpoint.port)
        end = connect(host, port, deadline)
        try:
            if endpoint.scheme == "http":
                return end
            if proxy:
                tunnel(end, endpoint.host, endpoint.port, _proxy_login(proxy), deadline)
            context = self._trust.unverified if endpoint.insecure else self._trust.verified
            return secured(end, endpoint.host, context, deadline)
        except BaseException:
            end.close()
            raise

    def _proxy(self, endpoint: Endpoint) -> urllib.parse.SplitResult | None:
        address = self._proxies.get(endpoint.scheme)
        if not address or urllib.request.proxy_bypass_environment(endpoint.name, self._proxies):
            return None
        proxy = urllib.parse.urlsplit(address if "://" in address else f"http://{address}")
        if proxy.scheme != "http" or not proxy.hostname:
            raise DockerHostError(
                f"{endpoint.scheme}_proxy of the environment names no proxy that speaks HTTP.",
                "Write it as http://proxy.example.org:3128.",
            )
        return proxy

    def _drop(self, endpoint: Endpoint) -> None:
        connection = self._connections.pop(endpoint, None)
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()


def _authorities(folder: str) -> list[str]:
    """Return the files of a folder that hold certificates in PEM; what cannot be read is none.

    :raises OSError: where the folder cannot be listed or has no such file
    """
    found = []
    for name in sorted(os.listdir(folder)):
        place = os.path.join(folder, name)
        if os.path.isfile(place):
            with contextlib.suppress(OSError), open(place, "rb") as stream:
                if any(map(_CERTIFICATE.match, stream)):
                    found.append(place)
    if not found:
        raise OSError("no file in it has any")
    return found


def _no_certificates(place: str, error: OSError) -> DockerHostError:
    return DockerHostError(
        f"{place} holds no certificates that can be read: {error}.",
        "Name a file of certificates in PEM in ca_path, or a folder of such files.",
    )


def _body(response: http.client.HTTPResponse, limit: int, endpoint: Endpoint) -> bytes:
    parts, size = [], 0
    while size <= limit and (response.length or 0) <= limit:
        part = response.read(min(_PART, limit + 1 - size))
        if not part:
            break
        parts.append(part)
        size += len(part)
    else:
        raise DockerHostError(
            f"{endpoint.name} sends more than {limit // 1024} KiB, which no description of an "
            "image has.",
            "Check that this is the address of a registry.",
        )
    # Python tells of a body that was cut off only where it is read in one piece.
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return b"".join(parts)


def _proxy_login(proxy: urllib.parse.SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    user, password = map(urllib.parse.unquote, (proxy.username, proxy.password or ""))
    return {"Proxy-Authorization": basic(user, password)}


def basic(username: str, password: str) -> str:
    """Return the value of a header for HTTP's Basic login."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
