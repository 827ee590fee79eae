# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the docker command for its version, and say plainly why it does not answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils._docker_version import (
    VERSION_ARGUMENTS,
    parse,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._process import CANNOT_EXECUTE, Result

# What the client and Go's libraries say where TLS is not set up, not wanted or not trusted.
_TLS_WORDS = (
    "x509",
    "tls",
    "certificate",
    "http request to an https server",
    "http response to https client",
    "unable to resolve docker endpoint: open ",
)


@dataclass(frozen=True)
class Connection:
    """Which docker command to run, and which daemon it shall talk to; None is its default."""

    cli: str = "docker"
    host: str | None = None
    context: str | None = None
    tls_ca_cert: str | None = None
    tls_client_cert: str | None = None
    tls_client_key: str | None = None

    def version_argv(self) -> list[str]:
        """Return the command line that asks for the version as JSON."""
        return self.argv(*VERSION_ARGUMENTS)

    def argv(self, *words: str) -> list[str]:
        """Return the command line of any docker command to this daemon."""
        argv = [self.cli]
        if self.context:
            argv += ["--context", self.context]
        if self.host:
            argv += ["--host", self.host]
        if self.tls_ca_cert or self.tls_client_cert or self.tls_client_key:
            argv.append("--tlsverify")
        for option, value in (
            ("--tlscacert", self.tls_ca_cert),
            ("--tlscert", self.tls_client_cert),
            ("--tlskey", self.tls_client_key),
        ):
            if value:
                argv += [option, value]
        return argv + list(words)


@dataclass(frozen=True)
class Problem:
    """Why the daemon's part of an answer is missing; ``id`` is the id of the finding."""

    id: str
    message: str
    remedy: str


def interpret(
    result: Result, cli: str, daemon: str
) -> tuple[dict[str, Any] | None, Problem | None]:
    """Turn what ``docker version`` said into facts and, where the daemon is silent, the reason.

    :param daemon: the daemon's address in words, for messages
    :returns: the facts (None where not even the client answered) and the problem (None where
        the daemon answered)
    """
    if result.missing:
        return None, Problem(
            "docker_missing",
            f"There is no docker command ('{cli}').",
            "Install Docker with the role arm64.docker.docker_engine.",
        )
    if result.rc == CANNOT_EXECUTE:
        return None, Problem(
            "docker_unreadable",
            f"The docker command ('{cli}') cannot be executed: {result.stderr.strip()}",
            "It may be built for another architecture: compare 'file' of it with 'uname -m', and "
            "install the system's own with the role arm64.docker.docker_engine.",
        )
    if result.timed_out:
        return None, Problem(
            "daemon_silent",
            f"The Docker daemon at {daemon} took the connection and did not answer in time.",
            "Look into 'journalctl -u docker' and the disk, then restart it with "
            "'systemctl restart docker'.",
        )
    try:
        facts = parse(result.stdout)
    except DockerHostError as error:
        if "podman" in f"{error.message} {result.stderr}".lower():
            return None, Problem(
                "docker_is_podman",
                f"The docker command ('{cli}') is Podman's (package podman-docker), not Docker's.",
                "Remove podman-docker, then install Docker with the role "
                "arm64.docker.docker_engine.",
            )
        if result.stderr.strip():
            return None, _problem(result.stderr, daemon)
        return None, Problem("docker_unreadable", error.message, error.remedy)
    if facts["server"] is None:
        return facts, _problem(result.stderr, daemon)
    return facts, None


def _problem(stderr: str, daemon: str) -> Problem:
    said = " ".join(stderr.split())
    words = said.lower()
    if "permission denied" in words:
        return Problem(
            "daemon_forbidden",
            f"The Docker daemon at {daemon} may not be used by this user: {said}",
            "Run with become, or add the user to the group docker (docker_engine_users).",
        )
    if "is too old" in words or "is too new" in words:
        return Problem(
            "api_version_mismatch",
            f"The docker command and the daemon at {daemon} speak no common API version: {said}",
            "Bring both to one release, or set min-api-version in daemon.json.",
        )
    if "context" in words and "not found" in words:
        return Problem(
            "context_missing",
            f"The docker context does not exist: {said}",
            "'docker context ls' shows those that do.",
        )
    if any(word in words for word in _TLS_WORDS):
        return Problem(
            "daemon_tls",
            f"TLS with the Docker daemon at {daemon} failed: {said}",
            "Check that both sides use TLS, CA, client certificate and key, their dates, and the "
            "clock of this host.",
        )
    return Problem(
        "daemon_unreachable",
        f"No Docker daemon answers at {daemon}: {said or 'docker said nothing'}",
        "'systemctl status docker' and 'journalctl -u docker' say why it is not running.",
    )
