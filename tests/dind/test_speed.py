# SPDX-License-Identifier: GPL-3.0-or-later
"""The role against the same container run by hand, by turns, each until the engine answers."""

from __future__ import annotations

import statistics
import time

import pytest

from dind.conftest import IMAGE, PREFIX

pytestmark = pytest.mark.full

ROUNDS = 3
BOUND = 2.0
PATIENCE_SECONDS = 120


def by_hand(host, name):
    """Run the container as the image's documentation says, and wait until it answers over TLS."""
    started = time.monotonic()
    host.docker("network", "create", name)
    host.docker(
        *("run", "--detach", "--privileged", "--name", name, "--network", name),
        *("--network-alias", "docker", "--env", "DOCKER_TLS_CERTDIR=/certs"),
        *("--volume", f"{name}-ca:/certs/ca", "--volume", f"{name}-client:/certs/client"),
        *("--volume", f"{name}-data:/var/lib/docker", "--publish", "127.0.0.1:23761:2376", IMAGE),
    )
    ask = ("exec", "--env", "DOCKER_HOST=tcp://docker:2376", "--env", "DOCKER_TLS_VERIFY=1")
    ask += ("--env", "DOCKER_CERT_PATH=/certs/client", name, "docker", "version")
    while "Server:" not in host.docker(*ask, check=False):
        assert time.monotonic() - started < PATIENCE_SECONDS
        time.sleep(0.1)
    return time.monotonic() - started


def test_the_role_takes_less_than_twice_the_time(host):
    manual, ours = [], []
    for number in range(ROUNDS):
        manual.append(by_hand(host, f"{PREFIX}-hand-{number}"))
        ours.append(
            host.play([{"name": f"{PREFIX}-role", "image": IMAGE, "port": 23762}]).demand().seconds
        )
        host.clean()
    print(f"by hand {manual}, the role {ours}")
    assert statistics.median(ours) < BOUND * statistics.median(manual)
