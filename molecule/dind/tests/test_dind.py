# SPDX-License-Identifier: GPL-3.0-or-later
"""What a booted arm64 machine shows of engines in containers, by its own means."""

from __future__ import annotations

TOOLS = (
    "cd /; tar -c bin lib $(ls -d lib64 usr/bin/sh usr/bin/dash usr/bin/cat usr/bin/touch"
    " usr/lib/*-linux-gnu/libc.so.6 usr/lib/*-linux-gnu/ld-linux* usr/lib/ld-linux* usr/lib64/ld-*"
    " 2>/dev/null) | docker-entrypoint.sh import - tools"
)


def test_the_engine_answers_through_the_exported_context(host):
    with host.sudo():
        said = host.check_output("docker --context ci version --format '{{.Server.Arch}}'")
    assert said == "arm64"


def test_without_a_certificate_nothing_is_answered(host):
    with host.sudo():
        assert host.run("docker --host tcp://127.0.0.1:2376 version").rc != 0
        assert host.run("docker --host tcp://127.0.0.1:2376 --tls version").rc != 0


def test_the_client_builds_and_runs_in_its_engine(host):
    with host.sudo():
        host.check_output("docker exec ci sh -ec %s", TOOLS)
        build = "printf 'FROM tools\\nRUN echo built >/proof\\n' | docker build --tag proof -"
        host.check_output("docker exec client sh -ec %s", build)
        said = host.check_output("docker exec client docker run --rm proof cat /proof")
    assert said == "built"


def test_what_the_engine_without_root_writes_is_its_users_on_the_host(host):
    with host.sudo():
        host.check_output("docker exec field sh -ec %s", TOOLS)
        host.check_output(
            "docker exec field docker-entrypoint.sh run --rm -v /shared:/shared tools"
            " touch /shared/made"
        )
        made = host.file("/srv/shared/made")
        assert (made.uid, made.gid) == (1234, 5678)


def test_the_engine_without_root_says_that_it_listens(host):
    with host.sudo():
        log = host.run("docker logs field")
    text = log.stdout + log.stderr
    assert "Daemon has completed initialization" in text
    assert "API listen on /run/user/1234/docker.sock" in text
