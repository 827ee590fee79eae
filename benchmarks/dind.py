# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the role docker_dind against its container run by hand, each until the engine answers.

Needs a Docker Engine on this machine and the images of the tests (`make dind` makes them). Prints a
table.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT / "tests"))

from dind.conftest import IMAGE, PREFIX, Host  # noqa: E402

ROUNDS = 3
BOUND = 2.0
PATIENCE_SECONDS = 120


def by_hand(host: Host, name: str) -> float:
    """Run the container as the image's documentation says; return seconds until it answers."""
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
        if time.monotonic() - started > PATIENCE_SECONDS:
            raise SystemExit(f"{name} did not answer within {PATIENCE_SECONDS} s")
        time.sleep(0.1)
    return time.monotonic() - started


def main() -> None:
    manual, ours = [], []
    with tempfile.TemporaryDirectory() as folder:
        host = Host(Path(folder))
        try:
            for number in range(ROUNDS):
                host.clean()
                manual.append(by_hand(host, f"{PREFIX}-hand-{number}"))
                instance = {"name": f"{PREFIX}-role", "image": IMAGE, "port": 23762}
                ours.append(host.play([instance]).demand().seconds)
        finally:
            host.clean()
    ratio = statistics.median(ours) / statistics.median(manual)
    print("| what | seconds | ratio of medians | bound |\n|---|---|---|---|")
    print(f"| `docker run` by hand | {_listed(manual)} | | |")
    print(f"| docker_dind | {_listed(ours)} | {ratio:.2f} | {BOUND:.2f} |")


def _listed(seconds: list[float]) -> str:
    return ", ".join(f"{value:.1f}" for value in seconds)


if __name__ == "__main__":
    main()
