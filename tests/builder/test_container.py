# SPDX-License-Identifier: GPL-3.0-or-later
"""Builders of the driver docker-container. The image of BuildKit is not to be had: none starts."""

from __future__ import annotations

import contextlib
import subprocess

import pytest

NAME = "arm64-docker-test"
FIRST = f"{NAME}0"

# The daemon's own address under another name, since two nodes cannot share one.
SECOND = {"name": "second", "endpoint": "unix:///run/docker.sock", "platforms": ["linux/arm64"]}
NOWHERE = {"name": "board", "endpoint": "ssh://pilot@board.invalid"}


def test_a_builder_is_made_changed_and_removed(host):
    made = host.settle(
        name=NAME,
        platforms=["armhf", "aarch64"],
        driver_opts={"network": "host", "env.NO_PROXY": 'localhost,"quoted"'},
        use=True,
    )
    (node,) = made["nodes"]
    assert (node["name"], node["status"]) == (FIRST, "inactive")
    assert node["fixed_platforms"] == ["linux/arm/v7", "linux/arm64"]
    assert node["driver_opts"] == {"network": "host", "env.NO_PROXY": 'localhost,"quoted"'}
    assert host.docker("buildx", "inspect").splitlines()[0].split() == ["Name:", NAME]

    changed = host.settle(name=NAME, platforms=["amd64"], nodes=[SECOND])
    assert changed["actions"] == [
        f"remove builder {NAME}, keeping its build state (node {FIRST} has other platforms; "
        f"node {FIRST} has other driver options)",
        f"create builder {NAME} with node {FIRST}",
        f"append node second to builder {NAME}",
    ]
    assert changed["platforms"] == ["linux/amd64", "linux/arm64"]
    # Whoever used it still does.
    assert host.docker("buildx", "inspect").splitlines()[0].split() == ["Name:", NAME]

    gone = host.settle(name=NAME, state="absent")
    assert gone["actions"] == [f"remove builder {NAME}"]
    assert host.names() == []


def test_a_node_is_appended_to_what_is_there(host):
    host.docker("buildx", "create", "--name", NAME, "--driver", "docker-container")
    changed = host.settle(name=NAME, nodes=[SECOND])
    assert changed["actions"] == [f"append node second to builder {NAME}"]


def test_a_configuration_is_compared_by_its_meaning(host, tmp_path):
    config = tmp_path / "buildkitd.toml"
    options = {"name": NAME, "buildkitd_config": str(config)}
    assert "There is no file" in host.refusal(**options)
    config.write_text("debug = true\n[worker.oci]\nmax-parallelism = 2\n")
    host.settle(**options)
    config.write_text("# slower\ndebug=true\n\n[worker]\n  [worker.oci]\n  max-parallelism = 2\n")
    assert host.builder(**options)["changed"] is False
    config.write_text("debug = true\n[worker.oci]\nmax-parallelism = 1\n")
    assert "has another configuration" in host.settle(**options)["actions"][0]
    config.write_text("debug = [\n")
    assert "Correct the file" in host.refusal(**options)
    assert "has another configuration" in host.settle(name=NAME)["actions"][0]


def test_a_node_that_does_not_answer_leaves_the_builder_as_it_was(host):
    host.settle(name=NAME, platforms=["linux/arm64"], driver_opts={"network": "host"})
    record = host.config / "buildx/instances" / NAME
    before = record.read_bytes()
    kept = {"platforms": ["linux/arm64"], "driver_opts": {"network": "host"}}
    for options in (kept, {}):
        message = host.refusal(name=NAME, nodes=[NOWHERE], **options)
        assert "'board'" in message
        assert "The builder is as before" in message
        assert "ssh -o BatchMode=yes" in message
        assert record.read_bytes() == before


def test_what_buildx_refuses_costs_no_builder_that_is_there(host):
    made = host.settle(name=NAME, driver_opts={"network": "host"})
    before = host.docker("buildx", "inspect", NAME)
    message = host.refusal(name=NAME, driver_opts={"networks": "host"})
    assert "The builder is as before." in message
    assert host.docker("buildx", "inspect", NAME) == before
    assert host.builder(name=NAME, driver_opts={"network": "host"})["nodes"] == made["nodes"]


def test_a_new_builder_is_not_left_half_made(host):
    assert "'board'" in host.refusal(name=NAME, nodes=[NOWHERE])
    assert host.names() == []


@contextlib.contextmanager
def stopped_container(host):
    """Have the container and the volume that buildx would make of its image."""
    empty = subprocess.run(["tar", "-cT", "/dev/null"], capture_output=True, check=True).stdout
    image = f"{NAME}/no-buildkit"
    subprocess.run(["docker", "import", "-", image], input=empty, check=True)
    container = f"buildx_buildkit_{FIRST}"
    try:
        volume = f"{container}_state:/var/lib/buildkit"
        host.docker("create", "--name", container, "--volume", volume, image, "/buildkitd")
        yield container
    finally:
        # Where the test has passed, the builder took both along.
        subprocess.run(["docker", "rm", "--force", "--volumes", container], check=False)
        subprocess.run(["docker", "volume", "rm", "--force", f"{container}_state"], check=False)
        host.docker("image", "rm", image)


@pytest.mark.parametrize("keep", [True, False])
def test_the_build_cache_outlives_a_change_where_it_shall(host, keep):
    host.builder(name=NAME)
    with stopped_container(host) as container:
        assert host.builder(name=NAME)["status"] == "stopped"
        host.builder(name=NAME, platforms=["linux/arm64"], keep_state=keep)
        assert container not in host.docker("ps", "--all", "--format", "{{.Names}}").split()
        volumes = host.docker("volume", "ls", "--format", "{{.Name}}").split()
        assert (f"{container}_state" in volumes) is keep


def test_a_removal_takes_container_and_cache_along(host):
    host.builder(name=NAME)
    with stopped_container(host) as container:
        host.builder(name=NAME, state="absent")
        assert container not in host.docker("ps", "--all", "--format", "{{.Names}}").split()
        assert container not in host.docker("volume", "ls")


def test_an_image_that_cannot_be_pulled_is_named_with_what_to_do(host):
    image = "registry.invalid/moby/buildkit:none"
    message = host.refusal(name=NAME, driver_opts={"image": image}, bootstrap=True)
    assert f"The builder '{NAME}' is there, and its BuildKit does not start" in message
    assert "registry.invalid" in message
    assert "mirror" in message
    assert host.names() == [NAME]
