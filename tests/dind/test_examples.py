# SPDX-License-Identifier: GPL-3.0-or-later
"""The files in docs/examples, executed: what they build arrives, for arm64, in a real registry."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from dind.conftest import IMAGE, PREFIX
from dind.registry_server import RegistryServer

EXAMPLES = Path(__file__).resolve().parents[2] / "docs/examples"
NETWORK = f"{PREFIX}-examples"


@pytest.fixture(scope="module")
def network(host):
    host.docker("network", "create", NETWORK)
    yield host.docker(
        "network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", NETWORK
    ).strip()
    host.clean()


@pytest.fixture
def registry(network, tmp_path):
    folder = tmp_path / "registry"
    folder.mkdir()
    with RegistryServer(folder, network) as server:
        yield server


def load(name):
    return yaml.load((EXAMPLES / name).read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


def test_the_compose_file_builds_and_pushes(registry, tmp_path):
    environment = {
        **os.environ,
        "DIND_IMAGE": IMAGE,
        "CLI_IMAGE": IMAGE,
        "REGISTRY": registry.name,
        "REGISTRY_CA": str(registry.authority),
        "APP": str(EXAMPLES / "app"),
        "COMPOSE_PROJECT_NAME": PREFIX,
    }
    compose = ["docker", "compose", "--file", str(EXAMPLES / "compose.yml")]
    try:
        done = subprocess.run(
            [*compose, "run", "--rm", "build"],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        subprocess.run(
            [*compose, "down", "--volumes"], env=environment, capture_output=True, check=False
        )
    assert registry.architecture("app") == "arm64"


def test_the_job_of_gitlab_builds_and_pushes(host, registry, tmp_path):
    job = load("gitlab-ci.yml")["build"]
    (service,) = job["services"]
    variables = {**job["variables"], "REGISTRY": registry.name}
    volume = f"{PREFIX}-examples-gitlab"
    trust = tmp_path / "certs.d" / registry.name
    trust.mkdir(parents=True)
    shutil.copy(registry.authority, trust / "ca.crt")
    shared = ["--network", NETWORK, "--volume", f"{volume}:/certs/client"]
    shared += ["--volume", f"{tmp_path}/certs.d:/etc/docker/certs.d:ro"]
    alias = ["--network-alias", service["alias"], "--name", f"{PREFIX}-gitlab"]
    host.docker("run", "--detach", "--privileged", *alias, *shared, *_environment(variables), IMAGE)
    script = "\n".join(["set -e", *job["before_script"], *job["script"]])
    sources = ["--volume", f"{EXAMPLES}:/sources:ro", "--workdir", "/sources"]
    client = ["run", "--rm", *shared, *sources, *_environment(variables)]
    host.docker(*client, "--entrypoint", "sh", IMAGE, "-c", script)
    assert registry.architecture("app") == "arm64"


def test_the_job_of_github_builds_and_pushes(host, registry, tmp_path):
    job = load("github-actions.yml")["jobs"]["build"]
    service = job["services"]["engine"]
    name, certificates = f"{PREFIX}-github", tmp_path / "certs"
    # A port and a folder of this test in the place of the runner's own.
    published = [f"127.0.0.1:23770:{port.partition(':')[2]}" for port in service["ports"]]
    volumes = [v.replace("/tmp/certs", str(certificates), 1) for v in service["volumes"]]
    words = [w for p in published for w in ("--publish", p)]
    words += [w for v in volumes for w in ("--volume", v)]
    options = shlex.split(service["options"])
    host.docker("run", "--detach", "--name", name, *options, *words, "--network", NETWORK, IMAGE)
    sources = tmp_path / "sources"
    shutil.copytree(EXAMPLES / "app", sources / "app")
    shutil.copy(registry.authority, sources / "ca.crt")
    settings = tmp_path / "env"
    settings.touch()
    known = {**os.environ, "REGISTRY": registry.name, "ENGINE": name, "GITHUB_ENV": str(settings)}
    for step in job["steps"]:
        if "run" not in step:
            continue
        for line in settings.read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition("=")
            known[key] = value
        script = step["run"].replace("/tmp/certs", str(certificates)).replace(":2376", ":23770")
        done = subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=sources,
            env=known,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert registry.architecture("app") == "arm64"


def _environment(variables):
    return [word for key, value in variables.items() for word in ("--env", f"{key}={value}")]
