# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the role docker_dind against its container run by hand, each until the engine answers.

Boots an arm64 machine and gives it Docker and the image first. Prints a table.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT / "tests"))

from machine.lifecycle import Machine  # noqa: E402
from plays.runner import Controller, extra_vars  # noqa: E402

PREPARE = CHECKOUT / "molecule/dind/prepare.yml"
IMAGE = "arm64-docker-test/dind:latest"
ROUNDS = 3
BOUND = 2.0
PATIENCE_SECONDS = 300

# The role alone, over the connection of the playbooks: what comes before has its own benchmark.
PLAY = [
    {
        "name": "Run Docker in Docker",
        "hosts": "all",
        "gather_facts": False,
        "become": True,
        "vars_files": [str(CHECKOUT / "playbooks/vars/connection.yml")],
        "roles": [{"role": "arm64.docker.docker_dind"}],
    }
]

# As the image's documentation says.
BY_HAND = f"""set -e
docker network create hand
docker run --detach --privileged --name hand --network hand --network-alias docker \\
    --env DOCKER_TLS_CERTDIR=/certs --volume hand-ca:/certs/ca --volume hand-client:/certs/client \\
    --volume hand-data:/var/lib/docker --publish 127.0.0.1:23761:2376 {IMAGE}
until docker exec --env DOCKER_HOST=tcp://docker:2376 --env DOCKER_TLS_VERIFY=1 \\
    --env DOCKER_CERT_PATH=/certs/client hand docker version | grep Server:; do sleep 0.1; done
"""
REMOVE = """docker rm --force --volumes hand
docker network rm hand
docker volume rm hand-ca hand-client hand-data"""


def by_hand(machine: Machine) -> float:
    """Return the seconds until the engine of a container that is run by hand answers."""
    started = time.monotonic()
    machine.ssh(BY_HAND, timeout=PATIENCE_SECONDS)
    seconds = time.monotonic() - started
    machine.ssh(REMOVE)
    return seconds


def by_role(controller: Controller, playbook: Path) -> float:
    """Return the seconds until the role has proven its engine."""
    instances = [{"name": "ci", "image": IMAGE, "port": 23762}]
    run = controller.playbook(str(playbook), *extra_vars(docker_dind_instances=instances)).demand()
    gone = extra_vars(
        docker_dind_instances=instances,
        docker_dind_state="absent",
        docker_dind_remove_volumes=True,
    )
    controller.playbook(str(playbook), *gone).demand()
    return run.seconds


def main() -> None:
    hand, role = [], []
    with tempfile.TemporaryDirectory() as folder, Machine("bench-dind") as machine:
        playbook = Path(folder, "play.yml")
        playbook.write_text(yaml.safe_dump(PLAY), encoding="utf-8")
        machine.start()
        controller = Controller(machine.inventory())
        controller.playbook(str(PREPARE)).demand()
        for _ in range(ROUNDS):
            hand.append(by_hand(machine))
            role.append(by_role(controller, playbook))
    ratio = statistics.median(role) / statistics.median(hand)
    print("| what | seconds | ratio of medians | bound |\n|---|---|---|---|")
    print(f"| `docker run` by hand | {_listed(hand)} | | |")
    print(f"| docker_dind | {_listed(role)} | {ratio:.2f} | {BOUND:.2f} |")


def _listed(seconds: list[float]) -> str:
    return ", ".join(f"{value:.1f}" for value in seconds)


if __name__ == "__main__":
    main()
