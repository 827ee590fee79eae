# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input: refused before anything is made, or taken back."""

from __future__ import annotations

import socket
import subprocess

import pytest

from dind.conftest import IMAGE, PREFIX, ROOTLESS_IMAGE

NAME = f"{PREFIX}-refused"
FOREIGN = f"{PREFIX}-foreign"
PORT = 23761


@pytest.fixture
def foreign(host):
    """Run a container that the role did not make, on a port."""
    port = f"127.0.0.1:{PORT}:80"
    host.docker("network", "create", FOREIGN)
    words = ["--detach", "--name", FOREIGN, "--publish", port, "--network", FOREIGN]
    host.docker("run", *words, "--entrypoint", "sleep", IMAGE, "600")
    yield FOREIGN
    host.clean()


@pytest.fixture
def program():
    """Return a port that a program of this machine listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_what_cannot_be_is_refused_and_nothing_is_made(host, foreign, program):
    one = {"name": NAME, "image": IMAGE}
    rootless = {**one, "variant": "dind-rootless", "image": ROOTLESS_IMAGE}
    cases = {
        "name": ([{**one, "name": foreign}], "was not made for this"),
        "port": ([{**one, "port": PORT}], f"by the container {foreign}"),
        "network": ([one, {**one, "name": f"{NAME}2", "network": NAME}], "by turns"),
        "uid": ([{**rootless, "uid": 100001}], "subordinate ids"),
        "plain": ([{**one, "tls": False, "port": PORT, "address": "0.0.0.0"}], "beyond loopback"),
        "old": ([{"name": NAME, "version": "18.06"}], "began with 18.09"),
        "owner": (
            [{**one, "port": 23762, "export": {"path": "/nowhere", "owner": "nobody-there"}}],
            "there is no such user",
        ),
        "host": ([{**one, "tls": False, "network": "host"}], "Docker's own"),
        "environment": (
            [{**one, "environment": {"DOCKER_TLS_CERTDIR": ""}}],
            "the option tls sets",
        ),
        "lacking": ([{**one, "certificates": "/nowhere"}], "there is no client/ca.pem"),
        "unknown": ([{**one, "banana": 1}], "banana"),
        "held": ([{**one, "port": program}], "by a program of the host"),
        "number": ([{**one, "version": 20.10}], "YAML reads 20.10 as 20.1"),
    }
    run = host.plays({name: instances for name, (instances, _) in cases.items()})
    for name, (_, words) in cases.items():
        assert words in run.message(name), name
    assert set(host.made()) == {foreign}


def test_an_engine_that_never_answers_is_taken_back_with_its_log(host):
    broken = {"name": NAME, "image": IMAGE, "daemon_options": {"storage-driver": "banana"}}
    run = host.play([broken], docker_dind_wait=20)
    message = run.message()
    assert "did not answer within 20 seconds" in message
    assert "banana" in message
    assert f"Removed again: {NAME}" in message
    assert host.made() == []


@pytest.mark.full
def test_certificates_of_another_authority_are_replaced_only_when_asked(host):
    one = {"name": NAME, "image": IMAGE}
    host.play([one]).demand()
    host.docker(
        "exec", NAME, "sh", "-ec",
        "cd /certs/client; openssl req -x509 -nodes -newkey rsa:2048 -subj /CN=other -days 9"
        " -keyout /tmp/other.key -out ca.pem",
    )  # fmt: skip
    before = host.docker("inspect", "--format", "{{.State.StartedAt}}", NAME)
    refused = host.play([one])
    assert "docker_dind_replace_certificates" in refused.message()
    assert host.docker("inspect", "--format", "{{.State.StartedAt}}", NAME) == before
    replaced = host.play([one], docker_dind_replace_certificates=True).demand()
    assert replaced.changed > 0
    assert host.play([one]).demand().changed == 0
    host.play([one], docker_dind_state="absent", docker_dind_remove_volumes=True).demand()
    assert host.made() == []


@pytest.mark.full
def test_what_another_engine_has_left_or_others_use_is_kept(host):
    one = {"name": NAME, "image": IMAGE}
    host.play([one]).demand()
    rootless = {**one, "variant": "dind-rootless", "image": ROOTLESS_IMAGE}
    started = host.docker("inspect", "--format", "{{.State.StartedAt}}", NAME)
    assert f"the volume {NAME}-storage holds files of user 0" in host.play([rootless]).message()
    assert host.docker("inspect", "--format", "{{.State.StartedAt}}", NAME) == started

    words = ["--detach", "--name", FOREIGN, "--network", NAME, "--entrypoint", "sleep"]
    host.docker("run", *words, IMAGE, "600")
    refused = host.play([one], docker_dind_state="absent")
    assert f"docker network disconnect {NAME} {FOREIGN}" in refused.message()
    assert NAME in host.made()
    host.docker("rm", "--force", "--volumes", FOREIGN)
    host.play([one], docker_dind_state="absent", docker_dind_remove_volumes=True).demand()
    assert host.made() == []


@pytest.mark.full
def test_certificates_of_ones_own_are_used_and_read_anew_once_replaced(host, tmp_path):
    one = {"name": NAME, "image": IMAGE}
    host.play([one]).demand()
    for name in ("ca", "server", "client"):
        host.docker("cp", f"{NAME}:/certs/{name}", str(tmp_path / name))
    authority = (tmp_path / "ca").rename(tmp_path / "elsewhere")
    host.play([one], docker_dind_state="absent", docker_dind_remove_volumes=True).demand()

    # Those name 127.0.0.1, through which the role asks.
    own = {**one, "port": 23763, "certificates": str(tmp_path)}
    run = host.play([own]).demand()
    assert "certificates for 824 days" in run.output
    assert host.play([own]).demand().changed == 0
    told = host.play([own], docker_dind_renew_days=1000).demand()
    assert told.changed == 0
    assert "issue them anew" in told.output

    server = tmp_path / "server"
    (tmp_path / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:docker\n")
    issuing = ["openssl", "x509", "-req", "-in", server / "csr.pem", "-days", "99"]
    issuing += ["-CA", authority / "cert.pem", "-CAkey", authority / "key.pem", "-CAcreateserial"]
    issuing += ["-extfile", tmp_path / "names", "-out", server / "cert.pem"]
    subprocess.run(issuing, check=True, capture_output=True)
    renewed = host.play([own]).demand()
    assert renewed.changed > 0
    assert "certificates for 98 days" in renewed.output
    assert host.play([own]).demand().changed == 0
    host.play([own], docker_dind_state="absent", docker_dind_remove_volumes=True).demand()


def test_a_registry_that_is_silent_is_explained_by_the_pull_and_nothing_is_left(host):
    run = host.play([{"name": NAME, "image": "127.0.0.1:9/none/dind:1"}])
    assert "127.0.0.1:9/none/dind" in run.message()
    assert host.made() == []
