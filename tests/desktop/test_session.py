# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker Desktop as a service of a user who is logged in, on a booted arm64 machine: one story."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from machine import Machine
from plays.host import Host
from plays.runner import Run

from desktop import packages
from desktop.conftest import OPERATOR

pytestmark = pytest.mark.full

OBSERVATION = "arm64.docker.docker_host_facts"
OLD, NEW = "4.85.0-235549", "4.86.0-236216"

# What a session does when its user logs in, without a screen: it reaches graphical-session.target.
# Packages come from a folder, /dev/null stands for KVM's device.
WORKSTATION = f"""
cat >/etc/systemd/user/screen.target <<'UNIT'
[Unit]
BindsTo=graphical-session.target
[Install]
WantedBy=default.target
UNIT
systemctl --global --quiet enable screen.target
mkdir -p /usr/share/wayland-sessions
touch /usr/share/wayland-sessions/screen.desktop
echo 'c /dev/kvm 0666 - - - 1:3' >/etc/tmpfiles.d/kvm.conf
systemd-tmpfiles --create /etc/tmpfiles.d/kvm.conf
rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:/srv/repository ./' >/etc/apt/sources.list
apt-get -qq update
useradd --create-home --shell /bin/sh {OPERATOR}
loginctl enable-linger {OPERATOR}
timeout 60 sh -c 'until test -S /run/user/$(id -u {OPERATOR})/systemd/private; do sleep 1; done'
"""


class Workstation(Host):
    """A machine on which Desktop's user is logged in."""

    def install(self, package: Path, **variables: Any) -> Run:
        """Run the playbook desktop with a package of this machine."""
        given = {
            "docker_desktop_file": str(package),
            "docker_desktop_sha256": hashlib.sha256(package.read_bytes()).hexdigest(),
            "docker_desktop_users": [OPERATOR],
            "docker_desktop_minimum_memory": 1,
        }
        return self.play("arm64.docker.desktop", **{**given, **variables})

    def service(self, question: str) -> str:
        """Return what the user's own systemd says of Desktop, such as of `is-active`."""
        return self.ssh(
            f"runuser -u {OPERATOR} -- env XDG_RUNTIME_DIR=/run/user/$(id -u {OPERATOR})"
            f" systemctl --user {question} docker-desktop.service || true"
        ).strip()


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return the packages of two releases by their versions."""
    folder = tmp_path_factory.mktemp("built")
    files = {}
    for version in (OLD, NEW):
        files[version] = folder / f"{version}.deb"
        files[version].write_bytes(packages.desktop(folder / "made", version))
    return files


@pytest.fixture(scope="module")
def workstation(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workstation")
    packages.repository(folder / "repository")
    with Machine("desktop").start() as machine:
        host = Workstation(machine, folder)
        host.module("ansible.builtin.copy", src=str(folder / "repository"), dest="/srv/").demand()
        host.ssh(WORKSTATION)
        yield host
        host.close()


SET_UP = {
    "docker_desktop_autostart": True,
    "docker_desktop_started": True,
    "docker_desktop_context": True,
}


def test_it_is_installed_and_runs_for_a_user_who_is_logged_in(workstation, built):
    workstation.install(built[OLD], **SET_UP).demand()
    assert workstation.service("is-enabled") == "enabled"
    assert workstation.service("is-active") == "active"
    assert "context use desktop-linux" in workstation.ssh(f"cat /home/{OPERATOR}/docker-was-asked")


def test_the_second_run_only_looks(workstation, built):
    assert workstation.install(built[OLD], **SET_UP).demand().sent == (OBSERVATION,)


def test_another_release_takes_its_place(workstation, built):
    workstation.install(built[NEW], **SET_UP).demand()
    assert NEW in workstation.ssh("cat /opt/docker-desktop/version")
    assert workstation.service("is-active") == "active"
    assert workstation.install(built[NEW], **SET_UP).demand().sent == (OBSERVATION,)


def test_it_starts_when_its_user_logs_in(workstation):
    workstation.close()
    workstation.machine.reboot()
    assert workstation.service("is-active") == "active"


def test_removal_ends_it_and_deletes_its_data_where_that_is_asked_for(workstation):
    data = f"/home/{OPERATOR}/.docker/desktop"
    workstation.ssh(f"runuser -u {OPERATOR} -- mkdir -p {data}/vms")
    workstation.play(
        "arm64.docker.desktop",
        docker_desktop_state="absent",
        docker_desktop_users=[OPERATOR],
        docker_desktop_remove_data=True,
    ).demand()
    assert workstation.service("is-active") == "inactive"
    assert workstation.ssh("pgrep -f com.docker.backend || true") == ""
    workstation.ssh(f"test ! -e /opt/docker-desktop; test ! -e {data}")
