# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise 7: an installation without any network, from a folder of the controller."""

from __future__ import annotations

import pytest
from machine import Machine
from plays.host import Host
from plays.runner import Controller, extra_vars

from engine.conftest import OBSERVATION, baseline

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Download the packages on this machine, whatever its release and architecture are."""
    folder = tmp_path_factory.mktemp("packages")
    here = Controller({"all": {"hosts": {}}})
    download = ("arm64.docker.download", *extra_vars(docker_download_dir=str(folder)))
    here.playbook(*download).demand()
    assert here.playbook(*download).demand().changed == 0
    return folder


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    with Machine("offline").start(offline=True) as machine:
        host = Host(machine, tmp_path_factory.mktemp("host"))
        host.ssh("systemctl stop apt-daily.timer apt-daily-upgrade.timer")
        yield host
        host.close()


def site(host, folder, *options):
    return host.play("arm64.docker.site", *options, docker_engine_packages_dir=str(folder))


def test_check_mode_predicts_it(host, folder):
    before = baseline(host)
    assert site(host, folder, "--check", "--diff").demand().changed > 0
    assert baseline(host) == before


def test_a_package_with_another_content_is_not_installed(host, folder):
    before = baseline(host)
    package = next(folder.glob("containerd_*.deb"))
    content = package.read_bytes()
    package.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    attempt = site(host, folder)
    package.write_bytes(content)
    assert attempt.rc != 0
    assert "mismatch" in attempt.message().lower()
    assert baseline(host) == before


def test_it_installs_and_a_second_run_sends_one_module(host, folder):
    site(host, folder).demand()
    assert host.ssh("docker version --format '{{.Server.Arch}}'").strip() == "arm64"
    host.ssh("! test -e /var/cache/arm64-docker")
    assert site(host, folder).demand().sent == (OBSERVATION,)


def test_a_folder_of_another_making_is_refused(host, folder, tmp_path):
    host.ssh("apt-get -qq -y remove docker-compose")
    attempt = site(host, tmp_path)
    assert attempt.rc != 0
    assert "arm64.docker.download" in attempt.message()
