# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift in everything that the roles of site decide on: how to plant it, how to see it mended."""

from __future__ import annotations

from dataclasses import dataclass

from plays.runner import extra_vars

# The account that the runs ask for in docker_engine_users.
OPERATOR = "pilot"

SITE = ("arm64.docker.site", *extra_vars(docker_engine_users=[OPERATOR]))


@dataclass(frozen=True)
class Drift:
    """Shell lines for root on the target; ``mended`` succeeds when nothing is left of the drift."""

    name: str
    plant: str
    mended: str


DRIFTS = (
    Drift(
        "a package was removed",
        "apt-get -qq -y remove docker-buildx",
        "docker buildx version",
    ),
    Drift(
        "the service was stopped",
        "systemctl stop docker.service docker.socket",
        "systemctl is-active docker.service",
    ),
    Drift(
        "the engine itself was removed",
        "apt-get -qq -y remove docker.io",
        "docker version",
    ),
    Drift(
        "the service is enabled until the next boot only",
        "systemctl disable docker.service; systemctl enable --runtime docker.service",
        "systemctl is-enabled docker.service | grep -qx enabled",
    ),
    Drift(
        "the service was disabled",
        "systemctl disable docker.service",
        "systemctl is-enabled docker.service | grep -qx enabled",
    ),
    Drift(
        "an account left the group docker",
        f"gpasswd --delete {OPERATOR} docker",
        f"id -nG {OPERATOR} | grep -qw docker",
    ),
)
