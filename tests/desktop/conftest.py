# SPDX-License-Identifier: GPL-3.0-or-later
"""An arm64 container without Docker, and a server that has Docker Desktop for it."""

from __future__ import annotations

import subprocess
import uuid

import pytest
from plays.runner import Controller, Run, extra_vars
from repository import tls

from desktop import packages, server

IMAGE = "arm64-docker-test/debian13:latest"
OPERATOR = "pilot"


class Host:
    """The container, known to Ansible as `host`."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address

    def run(self, script: str) -> str:
        """Run a shell script as root; return its standard output. Raises where a line fails."""
        command = ["docker", "exec", "-i", self.name, "sh", "-e"]
        return subprocess.run(
            command, input=script, stdout=subprocess.PIPE, text=True, timeout=600, check=True
        ).stdout

    def play(self, *options: str, **variables) -> Run:
        """Run the playbook desktop with options of the role docker_desktop."""
        connection = {
            "ansible_connection": "community.docker.docker",
            "ansible_host": self.name,
            "ansible_python_interpreter": "/usr/bin/python3",
        }
        given = {
            "docker_observe_timeout": 200,
            "docker_desktop_server": self.address,
            # What this machine gives to its containers is not what the tests are about.
            "docker_desktop_minimum_memory": 1,
            "docker_desktop_ignore": ["cgroup"],
            **variables,
        }
        controller = Controller({"all": {"hosts": {"host": connection}}})
        return controller.playbook("arm64.docker.desktop", *extra_vars(**given), *options)

    def version(self) -> str:
        """Return the installed version of Docker Desktop, or nothing."""
        status = self.run("dpkg-query -W -f '${db:Status-Abbrev}${Version}' docker-desktop || true")
        return status[3:] if status.startswith("ii") else ""

    def leftovers(self) -> str:
        """Return the paths of packages that lie around, and of half-done downloads."""
        return self.run(
            "find /var/cache/arm64-docker /var/cache/apt/archives /root/.ansible /tmp /var/tmp"
            " -type f -name '*desktop*' 2>/dev/null || true"
        )


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls") / "made"
    tls.make(folder)
    return folder


@pytest.fixture(scope="session")
def web(certificates):
    with server.serving(certificates) as running:
        yield running


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("packages")


@pytest.fixture(scope="session")
def host(web, certificates, folder):
    """Start the container. Its null device stands for KVM's: both can be read and written."""
    packages.repository(folder / "repository")
    name = f"arm64-docker-desktop-{uuid.uuid4().hex[:8]}"
    start = ["docker", "run", "--detach", "--name", name, "--network", "host", "--init"]
    start += ["--platform", "linux/arm64"]
    start += ["--volume", f"{certificates}:/srv/tls:ro"]
    start += ["--volume", f"{folder / 'repository'}:/srv/repository:ro"]
    subprocess.run([*start, IMAGE], check=True, stdout=subprocess.DEVNULL)
    try:
        host = Host(name, web.address)
        # sudo takes the variable SSL_CERT_FILE away.
        host.run(f"""
            mkdir -p /etc/ssl/certs
            cat /srv/tls/ca.pem >>/etc/ssl/certs/ca-certificates.crt
            rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
            echo 'deb [trusted=yes] file:/srv/repository ./' >/etc/apt/sources.list
            apt-get -qq update
            useradd --create-home --shell /bin/sh {OPERATOR}
        """)
        yield host
    finally:
        subprocess.run(["docker", "rm", "--force", "--volumes", name], check=True)
