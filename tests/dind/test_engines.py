# SPDX-License-Identifier: GPL-3.0-or-later
"""The main path: engines as root and without, a client, a registry, a second run, renewal, removal.

One module after the other: each test goes on with what the one before left.
"""

from __future__ import annotations

import json
import os
import subprocess
import time

import pytest

from dind.conftest import IMAGE, PREFIX, ROOTLESS_IMAGE

CI, FIELD, CLIENT = f"{PREFIX}-ci", f"{PREFIX}-field", f"{PREFIX}-client"
PORT = 23760


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    return tmp_path_factory.mktemp("exported")


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """Return a folder that the container without root may write to."""
    folder = tmp_path_factory.mktemp("shared")
    folder.chmod(0o777)
    for parent in folder.parents[:2]:
        parent.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def instances(host, exported, shared):
    host.docker("tag", IMAGE, "arm64-docker-test/docker:26.1.5-dind")
    yield [
        {
            "name": CI,
            "repository": "arm64-docker-test/docker",
            "version": "26.1.5",
            "port": PORT,
            "san": ["192.0.2.7", "ci.example.org"],
            "memory": "1g",
            "daemon_options": {"label": ["one=1", "two=2"], "debug": True},
            "mirrors": ["https://mirror.example.org"],
            "export": {"path": str(exported / "ci"), "context": CI},
        },
        {
            "name": FIELD,
            "variant": "dind-rootless",
            "image": ROOTLESS_IMAGE,
            "uid": 1234,
            "gid": 5678,
            "volumes": [f"{shared}:/shared"],
            "port": PORT + 1,
            "export": {
                "to": "controller",
                "path": str(exported / "field"),
                "context": FIELD,
                "endpoint": "localhost",
            },
        },
        {"name": CLIENT, "variant": "cli", "image": IMAGE, "engine": CI},
    ]
    for name in (CI, FIELD):
        host.docker("context", "rm", "--force", name, check=False)
    host.docker("rmi", "arm64-docker-test/docker:26.1.5-dind", check=False)


def test_check_mode_foresees_and_makes_nothing(host, instances):
    foreseen = host.play(instances, "--check", "--diff").demand()
    assert foreseen.changed > 0
    assert host.made() == []


def test_the_engines_run_and_answer_over_tls_alone(host, instances):
    run = host.play(instances, "--diff").demand()
    assert run.changed > 0
    assert f"{CI}: tcp://127.0.0.1:{PORT}, Docker " in run.output
    assert "certificates for 824 days" in run.output
    plain = ["docker", "--host", f"tcp://127.0.0.1:{PORT}", "version"]
    assert subprocess.run(plain, capture_output=True, check=False).returncode != 0
    anonymous = ["curl", "--silent", "--insecure", f"https://127.0.0.1:{PORT}/version"]
    assert b"ApiVersion" not in subprocess.run(anonymous, capture_output=True, check=False).stdout


def test_a_second_run_changes_nothing_and_compares_containers_only(host, instances):
    again = host.play(instances).demand()
    assert again.changed == 0
    assert sorted(name.rpartition(".")[2] for name in again.sent) == [
        "dind_info",
        "docker_container",
        "docker_container",
        "docker_container",
        "docker_host_facts",
    ]


def test_the_certificate_holds_the_names_that_were_asked_for(host, instances):
    text = host.docker(
        "exec",
        CI,
        "openssl",
        "x509",
        "-in",
        "/certs/server/cert.pem",
        "-noout",
        "-ext",
        "subjectAltName",
    )
    for name in (f"DNS:{CI}", "IP Address:192.0.2.7", "DNS:ci.example.org", "DNS:docker"):
        assert name in text


def test_the_daemon_has_its_options_and_limits(host, instances):
    info = json.loads(host.inside(CI, "info", "--format", "{{json .}}"))
    assert {"one=1", "two=2"} <= set(info["Labels"])
    assert info["Debug"] is True
    assert info["RegistryConfig"]["Mirrors"] == ["https://mirror.example.org/"]
    limits = json.loads(host.docker("inspect", "--format", "{{json .HostConfig}}", CI))
    assert limits["Memory"] == 2**30


def test_the_client_finds_its_engine(host, instances):
    assert host.docker("exec", CLIENT, "docker", "info", "--format", "{{.Name}}").strip() == (
        host.inside(CI, "info", "--format", "{{.Name}}").strip()
    )


def test_the_exported_certificates_make_a_working_context(host, instances, exported):
    for name in ("ca.pem", "cert.pem", "key.pem"):
        status = (exported / "ci" / name).stat()
        assert (status.st_mode & 0o777, status.st_uid) == (0o600, os.getuid())
    answer = host.docker("--context", CI, "version", "--format", "{{.Server.Version}}")
    assert answer == host.inside(CI, "version", "--format", "{{.Server.Version}}")


def test_the_context_in_use_leads_nobody_to_another_daemon(host, instances):
    host.docker("context", "use", CI)
    try:
        assert host.play(instances).demand().changed == 0
        assert host.docker("context", "show").strip() == CI
    finally:
        host.docker("context", "use", "default")


def test_the_certificates_on_the_controller_are_those_of_the_engine(host, instances, exported):
    key = host.docker("exec", FIELD, "cat", "/certs/client/key.pem")
    assert (exported / "field/key.pem").read_text() == key
    for name in ("ca.pem", "cert.pem", "key.pem"):
        assert (exported / "field" / name).stat().st_mode & 0o777 == 0o600
    answer = host.docker("--context", FIELD, "version", "--format", "{{.Server.Version}}")
    assert answer == host.inside(FIELD, "version", "--format", "{{.Server.Version}}")


def test_what_somebody_changes_of_an_export_to_the_controller_comes_back(host, instances, exported):
    (exported / "field/key.pem").chmod(0o644)
    host.docker("context", "rm", "--force", FIELD)
    assert host.play(instances).demand().changed > 0
    assert (exported / "field/key.pem").stat().st_mode & 0o777 == 0o600
    host.docker("--context", FIELD, "version")
    assert host.play(instances).demand().changed == 0


def test_the_engine_without_root_says_so(host, instances):
    assert "name=rootless" in host.inside(FIELD, "info", "--format", "{{json .SecurityOptions}}")
    log = host.docker("logs", FIELD)
    assert "Daemon has completed initialization" in log
    assert "API listen on /run/user/1234/docker.sock" in log
    assert host.docker("exec", FIELD, "id", "-u").strip() == "1234"
    assert host.docker("exec", FIELD, "id", "-g").strip() == "5678"


def test_files_of_its_containers_belong_to_that_user_on_the_host(host, instances, shared):
    load_tools(host, FIELD)
    host.inside(FIELD, "run", "--rm", "-v", "/shared:/shared", "tools", "touch", "/shared/made")
    status = (shared / "made").stat()
    assert (status.st_uid, status.st_gid) == (1234, 5678)


def test_an_image_is_built_and_run_inside(host, instances):
    load_tools(host, CI)
    built = "printf 'FROM tools\\nRUN echo built >/proof\\n' | docker build --tag proof -"
    host.docker("exec", CLIENT, "sh", "-ec", built)
    said = host.docker("exec", CLIENT, "docker", "run", "--rm", "proof", "cat", "/proof")
    assert said.strip() == "built"


def test_certificates_that_end_soon_are_renewed_and_exported_anew(host, instances, exported):
    before = (exported / "ci/cert.pem").read_bytes()
    host.docker(
        "exec", CI, "sh", "-ec",
        "cd /certs/client; openssl x509 -req -in csr.pem -CA ../ca/cert.pem -CAkey ../ca/key.pem"
        " -days 3 -out cert.pem",
    )  # fmt: skip
    host.docker("context", "use", CI)
    try:
        run = host.play(instances).demand()
        assert host.docker("context", "show").strip() == CI
    finally:
        host.docker("context", "use", "default")
    assert run.changed > 0
    assert "certificates for 824 days" in run.output
    assert (exported / "ci/cert.pem").read_bytes() != before
    host.docker("--context", CI, "version")


def test_an_engine_that_was_started_again_is_no_change(host, instances, exported):
    for name in (CI, FIELD):
        host.docker("restart", name)
    for name in (CI, FIELD):
        for _second in range(60):
            if (
                "Version"
                in host.docker("--context", name, "version", check=False).partition("Server:")[2]
            ):
                break
            time.sleep(1)
    issued = host.docker("exec", CI, "cat", "/certs/client/cert.pem")
    assert (exported / "ci/cert.pem").read_text() != issued
    assert host.play(instances).demand().changed == 0
    for name in (CI, FIELD):
        host.docker("--context", name, "version")


def test_what_is_absent_is_gone_and_its_volumes_stay_until_asked(host, instances, exported):
    host.play(instances, docker_dind_state="absent").demand()
    assert (exported / "ci/key.pem").exists()
    left = host.made()
    assert f"{CI}-storage" in left
    assert CI not in left
    host.play(instances, docker_dind_state="absent", docker_dind_remove_volumes=True).demand()
    assert host.made() == []
    assert list(exported.iterdir()) == []
    assert not {CI, FIELD} & set(host.docker("context", "ls", "--format", "{{.Name}}").split())
    again = host.play(
        instances, docker_dind_state="absent", docker_dind_remove_volumes=True
    ).demand()
    assert again.changed == 0


def load_tools(host, engine):
    """Give an engine an image with a shell, made of its own container's programs."""
    host.docker(
        "exec", engine, "sh", "-ec",
        "cd /; tar -c bin lib $(ls -d lib64 usr/bin/sh usr/bin/dash usr/bin/cat usr/bin/touch"
        " usr/lib/*-linux-gnu/libc.so.6 usr/lib/*-linux-gnu/ld-linux* usr/lib/ld-linux*"
        " usr/lib64/ld-* 2>/dev/null) | docker-entrypoint.sh import - tools >/dev/null",
    )  # fmt: skip
