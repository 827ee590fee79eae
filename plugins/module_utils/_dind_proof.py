# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reach an engine in a container the way a user does, and see that others do not."""

from __future__ import annotations

import calendar
import json
import os
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any, Mapping

from ansible_collections.arm64.docker.plugins.module_utils._certificate import (
    Certificate,
    read_der,
    read_pem,
)
from ansible_collections.arm64.docker.plugins.module_utils._dind_container import (
    PLAIN_PORT,
    TLS_PORT,
    local,
    url,
)
from ansible_collections.arm64.docker.plugins.module_utils._dind_export import CLIENT_FILES
from ansible_collections.arm64.docker.plugins.module_utils._docker_cli import Connection, interpret
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._process import (
    Pending,
    Result,
    Runner,
)
from ansible_collections.arm64.docker.plugins.module_utils._regular_file import read_regular

_PING = b"GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n"
# How many lines of a log explain a failure, and what a daemon says when it gives up.
_LAST = 60
_ENDS = ("level=fatal", "failed to start daemon")
_LISTENING = ("Daemon has completed initialization", "API listen on ")


@dataclass(frozen=True)
class Engine:
    """An engine in a container.

    ``folder`` has ca.pem, cert.pem and key.pem of a client, and is empty where TLS is off.
    """

    address: str
    port: int
    folder: str

    @property
    def url(self) -> str:
        return url(self.address, self.port)

    def connection(self, cli: str) -> Connection:
        if not self.folder:
            return Connection(cli=cli, host=self.url)
        return Connection(
            cli=cli,
            host=self.url,
            tls_ca_cert=os.path.join(self.folder, "ca.pem"),
            tls_client_cert=os.path.join(self.folder, "cert.pem"),
            tls_client_key=os.path.join(self.folder, "key.pem"),
        )


def engine(instance: Mapping[str, Any], container: Mapping[str, Any], folder: str) -> Engine | None:
    """Return how the host reaches an engine: by its published port, else inside its network."""
    inner = TLS_PORT if instance["tls"] else PLAIN_PORT
    settings = container["NetworkSettings"]
    for binding in (settings.get("Ports") or {}).get(f"{inner}/tcp") or []:
        return Engine(local(binding["HostIp"]), int(binding["HostPort"]), folder)
    network = (settings.get("Networks") or {}).get(instance["network"]) or {}
    if network.get("IPAddress"):
        return Engine(network["IPAddress"], inner, folder)
    return None


def version(engine: Engine, runner: Runner, cli: str, timeout: float) -> tuple[Any, str]:
    """Return the facts of docker_version_facts for an engine, or None and why it did not answer."""
    answer = runner.run(engine.connection(cli).version_argv(), timeout)
    facts, problem = interpret(answer, cli, engine.url)
    return (facts, "") if problem is None else (None, problem.message)


def asking_security(engine: Engine, runner: Runner, cli: str, timeout: float) -> Pending:
    """Begin to ask an engine how it is secured; :func:`is_rootless` reads the answer."""
    return runner.start(
        engine.connection(cli).argv("info", "--format", "{{json .SecurityOptions}}"), timeout
    )


def is_rootless(answer: Result) -> bool | None:
    """Tell whether an engine says that it runs without root; None where it says nothing."""
    try:
        options = json.loads(answer.stdout) if answer.ok else None
    except ValueError:
        return None
    return None if options is None else "name=rootless" in options


def serves(engine: Engine, timeout: float) -> bool:
    """Tell whether something serves at an engine's address: far cheaper than the docker command.

    With a published port the host takes connections as soon as the container runs.
    """
    try:
        with socket.create_connection((engine.address, engine.port), timeout) as plain:
            if engine.folder:
                _anonymous().wrap_socket(plain).close()
                return True
            plain.sendall(_PING)
            return bool(plain.recv(1))
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
        return False
    except ssl.SSLError:
        # Before TLS 1.3 a client hears during the greeting that it lacks a certificate.
        return True
    except OSError:
        return False


def without_certificate(engine: Engine, timeout: float) -> tuple[str, Certificate | None]:
    """Ask an engine as a client that has no certificate, and read the one that it shows.

    The question is whom the engine trusts, so nothing is demanded of its own certificate: a client
    that turns away first (Python 3.13 and later: from an authority without key usage, as the image
    makes it) would take that for a refusal.

    :returns: ``refused``, ``accepted`` or ``silent``, and the server's certificate, None where the
        engine did not show one
    """
    shown = None
    try:
        plain = socket.create_connection((engine.address, engine.port), timeout)
        with plain, _anonymous().wrap_socket(plain) as secure:
            shown = read_der(secure.getpeercert(binary_form=True) or b"")
            # TLS 1.3 tells a client that it lacks a certificate with its first answer.
            secure.sendall(_PING)
            return ("accepted" if secure.recv(1) else "refused"), shown
    except (ssl.SSLError, ConnectionError):
        return "refused", shown
    except (OSError, ValueError):
        return "silent", shown


def _anonymous() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def certificate(folder: str, name: str, links: bool = False) -> Certificate | None:
    """Read a certificate of a folder; None where there is none.

    :param links: whether links are followed
    :raises DockerHostError: where it is damaged, or may not be read
    """
    path = os.path.join(folder, name)
    try:
        content = read_regular(path, links)
    except OSError as error:
        raise DockerHostError(f"{path} cannot be read: {error}.", "Run with become.") from error
    return None if content is None else read_pem(content.decode("ascii", "replace"), path)


def newer(folder: str, started: str, now: float) -> bool:
    """Tell whether a file of certificates has changed since a container was started.

    A change that is still to come, by the clock of this host, tells nothing.

    :param started: as docker says it, such as 2026-11-22T10:00:00.123456789Z
    :param now: seconds since 1970
    """
    seconds, _point, rest = started.partition(".")
    since = calendar.timegm(time.strptime(seconds.rstrip("Z"), "%Y-%m-%dT%H:%M:%S"))
    fraction = float(f"0.{rest.rstrip('Z') or 0}")
    try:
        changed = [os.stat(os.path.join(folder, name)).st_ctime for name in CLIENT_FILES]
    except OSError:
        return False
    return any(since + fraction < moment <= now for moment in changed)


def all_said(lines: list[str]) -> bool:
    """Tell whether the daemon has said all of them."""
    return all(any(words in line for line in lines) for words in _LISTENING)


def why_not_ready(lines: list[str]) -> list[str]:
    """Return the last lines of a log, and before them those with which a daemon ended.

    A container that is started again may just be at its beginning.
    """
    last = lines[-_LAST:]
    ends = [line for line in lines[:-_LAST] if any(words in line for words in _ENDS)]
    return ends[-3:] + last


def listening(lines: list[str]) -> list[str]:
    """Return the lines by which the daemon says that it is ready."""
    return [line for line in lines if any(words in line for words in _LISTENING)]
