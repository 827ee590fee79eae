# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a call of docker buildx failed, and what to do about it."""

from __future__ import annotations

import re

from ansible_collections.arm64.docker.plugins.module_utils._process import CANNOT_EXECUTE, Result
from ansible_collections.arm64.docker.plugins.module_utils._secrets import mask_text

# What the docker command says since release 28, and before.
_NO_PLUGIN = re.compile(r"unknown command: docker buildx|'buildx' is not a docker command")
_PODMAN = re.compile(r"podman buildx|using podman", re.IGNORECASE)

# Words of an answer in lower case, and what to do about it; the first that fits counts.
_REMEDIES = (
    (
        ("permission denied while trying to connect", "docker.sock: connect: permission denied"),
        "Run with become, or add the user to the group docker (docker_engine_users).",
    ),
    (
        ("ssh: ", "permission denied (", "host key verification failed", "dial-stdio"),
        "Try 'ssh -o BatchMode=yes USER@MACHINE docker version' as the same user: it has to work "
        "without a question. The key, the host key and the group docker there have to be in place.",
    ),
    (
        ("failed to pull", "pulling image", "registry", "pull access denied", "manifest unknown"),
        "Docker has to be able to pull the image of BuildKit: set a mirror or a proxy with the "
        "role arm64.docker.docker_engine, or name an image that is reachable as image in "
        "driver_opts.",
    ),
    (
        ("cannot connect to the docker daemon", "error during connect", "no such host"),
        "Start the daemon there ('systemctl status docker' says why it does not run), or correct "
        "the endpoint.",
    ),
    (
        ("waiting for connection", "context deadline exceeded", "connection refused"),
        "Look whether BuildKit listens at the endpoint, and whether a firewall is between.",
    ),
    (
        ("invalid driver option", "invalid value"),
        "Docker's page about build drivers names the driver_opts of each.",
    ),
    (
        ("parse config", "parse buildkit config", "toml"),
        "Correct the file that buildkitd_config names.",
    ),
    (
        ("docker context use",),
        "Make that context the current one first; buildx takes no builder of another one.",
    ),
    (
        ("no space left", "read-only file system", "mkdir ", "permission denied"),
        "Look at the folder that buildx keeps builders in (buildx in the folder docker_config).",
    ),
)
_REMEDY = "Run the command by hand, and mend what it names."


def said(result: Result) -> str:
    """Return the end of what a program said, on one line and without secrets."""
    lines = (result.stderr or result.stdout).split("\n")
    kept = [line.strip() for line in lines if line.strip(" -\n")]
    return mask_text(" ".join(kept)[-1000:]) or "it said nothing"


def explain(result: Result, cli: str, seconds: float) -> tuple[str, str]:
    """Return why a call of docker failed, and what to do.

    :param cli: the docker command, for messages
    :param seconds: how long it could take
    """
    words = said(result)
    if result.missing:
        return (
            f"there is no docker command ('{cli}').",
            "Install Docker with the role arm64.docker.docker_engine.",
        )
    if result.rc == CANNOT_EXECUTE:
        return (
            f"the docker command ('{cli}') cannot be executed: {words}",
            "It may be built for another architecture: compare 'file' of it with 'uname -m'.",
        )
    if result.timed_out:
        return (
            f"docker did not come to an end within {seconds:g} s.",
            "Look whether every node answers, or set a longer timeout.",
        )
    if _PODMAN.search(words):
        return (
            f"the docker command ('{cli}') is Podman's (package podman-docker), not Docker's.",
            "Remove podman-docker, then install Docker with the role arm64.docker.docker_engine.",
        )
    if _NO_PLUGIN.search(words):
        return (
            "docker has no plugin buildx.",
            "Install docker-buildx (Debian 13, Ubuntu) or docker-buildx-plugin (Docker's own "
            "repository); Debian 12 has none, and the role arm64.docker.docker_engine installs "
            "Docker's.",
        )
    lower = words.lower()
    return words, next(
        (remedy for signs, remedy in _REMEDIES if any(sign in lower for sign in signs)), _REMEDY
    )
