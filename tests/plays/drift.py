# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift in everything that the roles of site decide on: how to plant it, how to see it mended."""

from __future__ import annotations

from dataclasses import dataclass

from plays.runner import extra_vars

# The account that the runs ask for in docker_engine_users.
OPERATOR = "pilot"

SITE = (
    "arm64.docker.site",
    *extra_vars(
        docker_engine_users=[OPERATOR],
        docker_engine_live_restore=True,
        docker_engine_no_proxy="localhost",
        docker_engine_registry_ca={"registry.example.org": "only the form is a certificate's\n"},
        docker_engine_hold=True,
    ),
)


@dataclass(frozen=True)
class Drift:
    """Shell lines for root on the target; ``mended`` succeeds when nothing is left of the drift.

    Those that go ``together`` can be on a host at the same time.
    """

    name: str
    plant: str
    mended: str
    together: bool = True


DRIFTS = (
    Drift(
        "a package was removed",
        "apt-get -qq -y --allow-change-held-packages remove docker-buildx",
        "docker buildx version",
    ),
    Drift(
        "the service was stopped",
        "systemctl stop docker.service docker.socket",
        "systemctl is-active docker.service",
    ),
    Drift(
        "the engine itself was removed",
        "apt-get -qq -y --allow-change-held-packages remove docker.io",
        "docker version",
        together=False,
    ),
    Drift(
        "the service is enabled until the next boot only",
        "systemctl disable docker.service; systemctl enable --runtime docker.service",
        "systemctl is-enabled docker.service | grep -qx enabled",
        together=False,
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
    Drift(
        "a package is held no longer",
        "apt-mark unhold containerd",
        "apt-mark showhold | grep -qx containerd",
    ),
    Drift(
        "a key of daemon.json is another",
        'sed -i \'s/"live-restore": true/"live-restore": false/\' /etc/docker/daemon.json',
        "grep -q '\"live-restore\": true' /etc/docker/daemon.json",
    ),
    Drift(
        "the drop-in is gone",
        "rm /etc/systemd/system/docker.service.d/arm64-docker.conf; systemctl daemon-reload",
        "systemctl show --property=Environment docker.service | grep -q NO_PROXY=localhost",
    ),
    Drift(
        "the certificate of a registry is another",
        "echo other >/etc/docker/certs.d/registry.example.org/ca.crt",
        "grep -q form /etc/docker/certs.d/registry.example.org/ca.crt",
    ),
)
