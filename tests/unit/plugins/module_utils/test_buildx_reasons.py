# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._buildx_cli import Buildx
from ansible_collections.arm64.docker.plugins.module_utils._buildx_reasons import explain
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._process import Result
from ansible_collections.arm64.docker.tests.unit.buildx import RECORDS
from ansible_collections.arm64.docker.tests.unit.fakes import FakeRunner, said, silent

PULL = """#1 [internal] booting buildkit
#1 pulling image moby/buildkit:buildx-stable-1 done
------
 > [internal] booting buildkit:
------
ERROR: Error response from daemon: Get "https://registry.example.org/v2/": no such host
"""


@pytest.mark.parametrize(
    ("result", "message", "remedy"),
    [
        (Result((), None, missing=True), "no docker command ('docker')", "docker_engine"),
        (Result((), 126, stderr="Exec format error"), "cannot be executed", "uname -m"),
        (silent(), "within 30 s", "timeout"),
        (
            said(stderr="docker: unknown command: docker buildx", rc=1),
            "no plugin buildx",
            "docker-",
        ),
        (
            said(stderr="docker: 'buildx' is not a docker command.\nSee 'docker --help'", rc=1),
            "no plugin buildx",
            "docker-buildx-plugin",
        ),
        (
            said(stderr="Error: unrecognized command `podman buildx inspect`", rc=125),
            "Podman's",
            "podman-docker",
        ),
        (
            said(stderr="permission denied while trying to connect to the Docker daemon", rc=1),
            "permission denied",
            "group docker",
        ),
        (
            said(stderr="exit status 255: stderr=ssh: connect to host pi port 22: refused", rc=1),
            "ssh: connect",
            "BatchMode",
        ),
        (said(stderr=PULL, rc=1), "no such host", "mirror"),
        (
            said(stderr="Cannot connect to the Docker daemon at tcp://127.0.0.1:1.", rc=1),
            "Cannot connect",
            "systemctl status docker",
        ),
        (said(stderr="ERROR: context deadline exceeded", rc=1), "deadline", "BuildKit listens"),
        (
            said(stderr="invalid driver option foo for docker-container driver", rc=1),
            "foo",
            "driver_opts",
        ),
        (said(stderr="failed to parse config: (2, 1): unterminated", rc=1), "(2, 1)", "Correct"),
        (said(stderr="failed to parse buildkit config: (2, 1): open", rc=1), "(2, 1)", "Correct"),
        (said(stderr="ERROR: run `docker context use pi` to switch", rc=1), "use pi", "context"),
        (said(stderr="something new", rc=1), "something new", "by hand"),
        (said(rc=1), "it said nothing", "by hand"),
    ],
)
def test_a_failure_is_told_with_its_reason_and_a_remedy(
    result: Result, message: str, remedy: str
) -> None:
    shown, advice = explain(result, "docker", 30)
    assert message in shown
    assert remedy in advice


@pytest.mark.parametrize("release", ["debian13-0.13.1", "debian-sid-0.29.1"])
def test_a_missing_builder_is_no_error(release: str) -> None:
    answer = (RECORDS / f"buildx-{release}-amd64-missing.stderr").read_text(encoding="utf-8")
    buildx = Buildx(FakeRunner(docker=said(stderr=answer, rc=1)))
    assert buildx.builder(buildx.ask_builder("nope")) is None


def test_another_error_is_not_taken_for_a_missing_builder() -> None:
    buildx = Buildx(FakeRunner(docker=said(stderr="ERROR: open /x: permission denied", rc=1)))
    with pytest.raises(DockerHostError, match="builders cannot be read"):
        buildx.builder(buildx.ask_builder("b"))


def test_contexts_are_read_as_docker_prints_them() -> None:
    answer = (RECORDS / "docker-28.2.2-amd64-contexts.txt").read_text(encoding="utf-8")
    buildx = Buildx(FakeRunner(docker=said(answer)), config="/srv/docker")
    assert buildx.contexts(buildx.ask_contexts()) == {"default": "unix:///var/run/docker.sock"}
    assert buildx.runner.asked[0][:3] == ("docker", "--config", "/srv/docker")


@pytest.mark.parametrize("answer", ["banana", "[]", "{}", '"x"'])
def test_contexts_of_another_form_are_refused(answer: str) -> None:
    buildx = Buildx(FakeRunner(docker=said(answer)))
    with pytest.raises(DockerHostError, match="docker context ls"):
        buildx.contexts(buildx.ask_contexts())
