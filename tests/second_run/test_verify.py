# SPDX-License-Identifier: GPL-3.0-or-later
"""verify runs containers without a network, tries images of the user's, and leaves nothing."""

from __future__ import annotations

import pytest
from plays.runner import extra_vars

GOOD, BAD, MISSING = "own/good:1", "own/bad:1", "127.0.0.1:9/own/missing:1"


@pytest.fixture(scope="session")
def images(machine, controller, first_run):
    """Load two images into the machine: one exits with 0, the other with 3."""
    for name, status in ((GOOD, 0), (BAD, 3)):
        controller.module(
            "arm64.docker.static_image",
            f"path=/root/image.tar reference={name} exit_status={status}",
            "--become",
        ).demand()
        machine.ssh("docker load --input /root/image.tar")


@pytest.fixture
def verify(controller, first_run):
    def run(*images):
        return controller.playbook(
            "arm64.docker.verify",
            *extra_vars(docker_verify_images=list(images), docker_verify_timeout=10),
        )

    return run


def left(machine):
    names = machine.ssh("docker images --format '{{.Repository}}:{{.Tag}}'").stdout.split()
    files = machine.ssh("find /run /tmp -name '*arm64-docker*'").stdout.split()
    return machine.ssh("docker ps --all --quiet").stdout.split(), sorted(names), files


def test_a_container_runs_without_a_network_and_leaves_nothing(verify, machine):
    before = left(machine)
    run = verify().demand()
    assert "exited with 42, as it should" in run.output
    assert run.changed == 0
    assert left(machine) == before


@pytest.mark.full
def test_images_of_the_user_are_run_reported_and_removed_unless_they_were_there(
    verify, machine, images
):
    before = left(machine)
    run = verify(GOOD, {"image": GOOD, "command": ["/exit"]}).demand()
    assert run.output.count(f"{GOOD}: exit status 0") == 2
    assert left(machine) == before


def test_an_image_that_fails_and_one_that_cannot_be_had_fail_the_play_by_name(
    verify, machine, images
):
    before = left(machine)
    run = verify(GOOD, BAD, MISSING)
    assert run.rc != 0
    assert f"{GOOD}: exit status 0" in run.output
    assert f"{BAD}: exit status 3" in run.output
    assert f"{MISSING}: " in run.output
    assert left(machine) == before


def test_an_item_without_an_image_is_refused(verify, machine):
    run = verify({"command": ["/exit"]})
    assert run.rc != 0
    assert 'dictionaries with "image"' in run.output
