# SPDX-License-Identifier: GPL-3.0-or-later
"""A farm of this machine and a booted arm64 board, which builds natively."""

from __future__ import annotations

import os
import platform
import shlex

import pytest
from machine import Machine, ssh
from plays.runner import Controller

from builder.conftest import LOCAL
from builder.relay import DIAL, Relay

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(platform.machine() == "aarch64", reason="both would be native for arm64"),
]

NAME = "arm64-docker-test"

DOCKERFILE = """FROM scratch
ARG TARGETARCH
COPY uname-$TARGETARCH /bin/uname
RUN ["/bin/uname", "-m"]
"""


@pytest.fixture(scope="module")
def board():
    with Machine("builder").start() as machine:
        Controller(machine.inventory()).playbook("arm64.docker.site").demand()
        yield machine


@pytest.fixture
def ssh_of_a_user(board, tmp_path, monkeypatch):
    """Let `ssh` reach the machine, as a user's own ssh_config does."""
    *options, _, _, _ = ssh.command(board.port, "root", [])
    program = tmp_path / "bin/ssh"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec /usr/bin/{shlex.join(options)} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


@pytest.mark.usefixtures("ssh_of_a_user")
def test_a_board_is_appended_over_ssh(host, board):
    address = f"ssh://root@127.0.0.1:{board.port}"
    node = {"name": "board", "endpoint": address, "platforms": ["linux/arm64"]}
    made = host.settle(name=NAME, platforms=["linux/amd64"], nodes=[node])
    assert made["actions"][1:] == [f"append node board to builder {NAME}"]
    assert (made["nodes"][1]["endpoint"], made["nodes"][1]["status"]) == (address, "inactive")
    assert made["nodes"][1]["error"] == ""


def test_each_platform_is_built_where_it_is_native(host, buildkit, board, tmp_path):
    context, out = tmp_path / "context", tmp_path / "out"
    context.mkdir()
    (context / "Dockerfile").write_text(DOCKERFILE)
    here = Controller({"all": {"hosts": {"here": LOCAL}}})
    for architecture in ("amd64", "arm64"):
        options = f"path={context}/uname-{architecture} platform=linux/{architecture}"
        here.module(
            "arm64.docker.static_image", f"{options} program=uname format=program mode=0755"
        ).demand()
    dial = ssh.command(board.port, "root", [shlex.join(DIAL)])
    relay = Relay(tmp_path / "board.sock", dial, os.environ)
    try:
        made = host.settle(
            name=NAME,
            driver="remote",
            endpoint=buildkit.address,
            platforms=["linux/amd64"],
            nodes=[{"name": "board", "endpoint": relay.address, "platforms": ["linux/arm64"]}],
            bootstrap=True,
            use=True,
        )
        assert [node["status"] for node in made["nodes"]] == ["running", "running"]
        platforms = "linux/amd64,linux/arm64"
        host.docker(
            *("buildx", "build", "--platform", platforms),
            *("--output", f"type=local,dest={out}", str(context)),
        )
    finally:
        relay.close()
    assert sorted(path.name for path in out.iterdir()) == ["linux_amd64", "linux_arm64"]
    assert "uname -m" in board.ssh("docker buildx du --verbose").stdout
