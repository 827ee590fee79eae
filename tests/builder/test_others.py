# SPDX-License-Identifier: GPL-3.0-or-later
"""Builders of the drivers remote and docker, and what stands in the way of any."""

from __future__ import annotations

import pytest

NAME = "arm64-docker-test"


def test_a_buildkit_that_runs_is_used_and_builds(host, buildkit, tmp_path):
    made = host.settle(
        name=NAME,
        driver="remote",
        endpoint=buildkit.address,
        platforms=["linux/arm64"],
        bootstrap=True,
        use=True,
    )
    assert made["status"] == "running"
    assert made["nodes"][0]["buildkit_version"]
    assert made["nodes"][0]["fixed_platforms"] == ["linux/arm64"]
    assert len(made["platforms"]) > 1
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /proof\n")
    archive = tmp_path / "out"
    host.docker("buildx", "build", "--output", f"type=local,dest={archive}", str(tmp_path))
    assert (archive / "proof").read_text().startswith("FROM scratch")


def test_a_buildkit_that_went_away_is_an_error_where_it_shall_run(host, buildkit):
    options = {"name": NAME, "driver": "remote", "endpoint": buildkit.address}
    host.settle(**options)
    buildkit.close()
    away = host.builder(**options)
    assert (away["changed"], away["status"]) == (False, "inactive")
    message = host.refusal(**options, bootstrap=True)
    assert "does not start" in message
    assert "whether BuildKit listens" in message
    moved = host.settle(**{**options, "endpoint": "unix:///run/arm64-docker-none.sock"})
    assert f"node {NAME}0 has another endpoint" in moved["actions"][0]
    assert "keeping" not in moved["actions"][0]


def test_a_builder_is_put_back_where_its_new_node_does_not_start(host, buildkit):
    options = {"name": NAME, "driver": "remote", "endpoint": buildkit.address, "bootstrap": True}
    host.settle(**options)
    record = host.config / "buildx/instances" / NAME
    before = record.read_bytes()
    moved = {**options, "endpoint": "unix:///run/arm64-docker-none.sock", "use": True}
    assert "put back as it was" in host.refusal(**moved)
    assert record.read_bytes() == before
    assert host.docker("buildx", "inspect").splitlines()[0].split() == ["Name:", "default"]
    assert host.builder(**options)["changed"] is False


def test_the_builder_of_a_context_is_used(host):
    host.settle(name=NAME, use=True)
    back = host.settle(name="default", driver="docker", use=True, bootstrap=True)
    assert back["actions"] == ["use builder default"]
    assert (back["driver"], back["status"]) == ("docker", "running")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "default"}, "a docker context has that name"),
        ({"name": "default", "state": "absent"}, "buildx does not remove"),
        ({"name": "field"}, "a docker context has that name"),
        ({"name": "field", "driver": "docker"}, "The Docker daemon of the context 'field'"),
        ({"name": "other", "driver": "docker"}, "There is no docker context 'other'"),
        ({"name": NAME, "driver": "remote"}, "has no endpoint"),
        ({"name": NAME, "driver": "banana"}, "docker-container, remote, docker"),
        ({"name": NAME, "endpoint": "feild"}, "neither a docker context (default, field)"),
        ({"name": NAME, "endpoint": "field"}, "Start the daemon there"),
        ({"name": NAME, "driver_opts": {"banana": 1}}, "invalid driver option banana"),
        ({"name": NAME, "docker_cli": "/opt/none/docker"}, "no docker command"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(host, options, words):
    host.docker("context", "create", "field", "--docker", "host=unix:///run/arm64-docker-none.sock")
    assert words in host.refusal(**options)
    assert host.names() == []


def test_a_daemon_that_does_not_answer_is_named(host):
    silent = {"DOCKER_HOST": "unix:///run/arm64-docker-none.sock"}
    for options in ({"name": NAME}, {"name": "default", "driver": "docker"}):
        attempt = host.attempt(environment=silent, **options)
        assert attempt.rc != 0
        assert "unix:///run/arm64-docker-none.sock" in attempt.result()["msg"]
        assert "systemctl status docker" in attempt.result()["msg"]
    assert host.names() == []
