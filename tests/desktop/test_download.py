# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's own way to a checked file, on this machine; nothing is installed."""

from __future__ import annotations

import json

import pytest
from plays.runner import Controller, extra_vars

from desktop.server import NAME, ROOT

BUILD = "777777"
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3"}
PACKAGE = b"!<arch>\n" * 20000


@pytest.fixture
def fetch(web, certificates, tmp_path):
    """Return what finds the checksum of a build and fetches it to `tmp_path`."""
    web.publish(BUILD, PACKAGE)
    play = tmp_path / "play.json"
    steps = [
        {
            "name": f"Run {name}",
            "ansible.builtin.include_role": {
                "name": "arm64.docker.docker_desktop",
                "tasks_from": name,
            },
        }
        for name in ("checksum.yml", "fetch.yml")
    ]
    play.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": steps}]))
    environment = {"SSL_CERT_FILE": str(certificates / "ca.pem")}
    controller = Controller({"all": {"hosts": {"host": LOCAL}}}, environment)

    def fetch(**options):
        given = {
            "docker_desktop_server": web.address,
            "docker_desktop_build": BUILD,
            "__docker_desktop_path": str(tmp_path / "package"),
            **options,
        }
        return controller.playbook(str(play), *extra_vars(**given))

    yield fetch
    web.cuts.clear()


def test_a_file_that_breaks_off_is_begun_again_and_is_whole(web, fetch, tmp_path):
    web.cuts[f"{ROOT}/{BUILD}/{NAME}"] = 1
    fetch().demand()
    assert (tmp_path / "package").read_bytes() == PACKAGE


def test_a_file_that_always_breaks_off_is_not_kept(web, fetch, tmp_path):
    web.cuts[f"{ROOT}/{BUILD}/{NAME}"] = 99
    run = fetch()
    assert "nothing was installed" in run.message()
    assert not (tmp_path / "package").exists()


def test_a_file_with_another_checksum_is_not_kept(fetch, tmp_path):
    run = fetch(docker_desktop_sha256="a" * 64)
    assert "nothing was installed" in run.message()
    assert "checksum" in run.message()
    assert not (tmp_path / "package").exists()


@pytest.mark.parametrize("options", [{}, {"docker_desktop_sha256": "a" * 64}])
def test_a_withdrawn_build_is_named_with_the_newest_that_is_known(web, fetch, tmp_path, options):
    web.withdrawn.add(f"{ROOT}/{BUILD}1/")
    run = fetch(docker_desktop_build=f"{BUILD}1", **options)
    for words in ("answers with 403", "six months", "4.86.0", "236216"):
        assert words in run.message(), run.output
    assert not (tmp_path / "package").exists()
