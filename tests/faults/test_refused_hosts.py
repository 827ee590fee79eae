# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that Docker cannot run on: preflight refuses them before anything is changed."""

from __future__ import annotations

import pytest
from plays.host import Host

DPKG = "/var/lib/dpkg/status"
RELEASE = "/etc/os-release"

# JetPack 5 is Ubuntu 20.04.
UBUNTU_20_04 = r"""printf '%s\n' 'NAME="Ubuntu"' 'VERSION_ID="20.04"' ID=ubuntu ID_LIKE=debian \
    'PRETTY_NAME="Ubuntu 20.04.6 LTS"' VERSION_CODENAME=focal"""


def dpkg_of(architecture: str) -> str:
    """Return the command that prints dpkg's status file as a system of `architecture` has it."""
    edit = f"/^Package: dpkg$/,/^$/s/^Architecture: .*/Architecture: {architecture}/"
    return f"sed '{edit}' {DPKG}"


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("path", "command", "name", "evidence", "remedy"),
    [
        pytest.param(
            DPKG,
            dpkg_of("amd64"),
            "not_arm64",
            "dpkg amd64",
            "docker_preflight_require_arm64: false",
            id="another-architecture",
        ),
        pytest.param(
            DPKG,
            dpkg_of("armhf"),
            "userland_32bit",
            "the kernel is aarch64, dpkg's architecture armhf",
            "Write the 64-bit image",
            id="32-bit-userland-on-64-bit-kernel",
        ),
        pytest.param(
            DPKG,
            f"head -c -100 {DPKG}",
            "dpkg_damaged",
            "ends within a record",
            "/var/lib/dpkg/status-old",
            id="dpkg-status-cut-off",
        ),
        pytest.param(
            RELEASE,
            f"sed 's/^VERSION_ID=.*/VERSION_ID=\"10\"/' {RELEASE}",
            "unsupported_release",
            "ID=debian, VERSION_ID=10",
            "Use Debian 12 or 13",
            id="debian-10",
        ),
        pytest.param(
            RELEASE,
            UBUNTU_20_04,
            "unsupported_release",
            "ID=ubuntu, VERSION_ID=20.04",
            "Ubuntu 22.04",
            id="jetpack-5",
        ),
    ],
)
def test_what_the_host_says_of_itself(
    host: Host, path: str, command: str, name: str, evidence: str, remedy: str
) -> None:
    with host.showing(path, command):
        attempt = host.play("arm64.docker.site")
    message = attempt.message()
    assert attempt.rc != 0
    assert "is refused; nothing was changed" in message
    assert f"[error] {name}:" in message
    assert evidence in message
    assert remedy in message
    assert attempt.recap["host"]["changed"] == 0


@pytest.mark.usefixtures("untouched")
def test_a_disk_with_less_than_5_gb_free(host: Host) -> None:
    with host.full_disk(left_mb=4 * 1024):
        attempt = host.play("arm64.docker.site")
    assert attempt.rc != 0
    assert "[error] storage_below_5gb:" in attempt.message()
    assert "MiB free for /var/lib/docker on /; 5120 are needed" in attempt.message()
    assert "Free space, enlarge the file system" in attempt.message()


@pytest.mark.usefixtures("untouched")
def test_all_errors_are_named_at_once(host: Host) -> None:
    with host.showing(DPKG, dpkg_of("armhf")), host.showing(RELEASE, UBUNTU_20_04):
        attempt = host.play("arm64.docker.site")
    lines = attempt.message()
    assert attempt.rc != 0
    assert "[error] userland_32bit:" in lines
    assert "[error] unsupported_release:" in lines
    assert 'docker_preflight_ignore: ["userland_32bit", "unsupported_release"]' in lines


# Podman 5.4.2 as Debian 13 packages it; installing it takes an emulated machine minutes.
PODMAN = """\
#!/bin/sh
echo 'Emulate Docker CLI using podman. Create /etc/containers/nodocker to quiet msg.' >&2
if [ "$1" = --host ]; then
    echo 'Error: unable to connect to Podman socket: Get "http://d/v5.4.2/libpod/_ping": dial' \
        "unix ${2#unix://}: connect: no such file or directory: $2" >&2
    exit 125
fi
echo '{"Client":{"APIVersion":"5.4.2","Version":"5.4.2","GoVersion":"go1.24.4","GitCommit":"",\
"BuiltTime":"Sun Dec 21 16:42:12 2025","Built":1766335332,"BuildOrigin":"Debian",\
"OsArch":"linux/arm64","Os":"linux"}}'
"""
INSTALL_PODMAN = f"""
mkdir -p /opt/faults/package/DEBIAN /opt/faults/package/usr/bin
cat >/opt/faults/package/DEBIAN/control <<'end'
Package: podman-docker
Version: 5.4.2+ds1-2+b2
Architecture: arm64
Maintainer: nobody <nobody@example.invalid>
Description: answers as podman's docker command does
end
cat >/opt/faults/package/usr/bin/docker <<'end'
{PODMAN}
end
chmod 0755 /opt/faults/package/usr/bin/docker
dpkg-deb -Znone --build /opt/faults/package /opt/faults/package.deb
dpkg -i /opt/faults/package.deb
"""


@pytest.mark.usefixtures("untouched")
def test_a_docker_command_that_is_podmans(host: Host) -> None:
    with host.planted(INSTALL_PODMAN, "dpkg -P podman-docker; rm -r /opt/faults/package*"):
        attempt = host.play("arm64.docker.site")
        answer = host.module("arm64.docker.docker_version_facts", required=False)
    assert attempt.rc != 0
    assert "[error] docker_is_podman:" in attempt.message()
    assert "apt-get remove podman-docker" in attempt.message()
    assert answer.rc != 0
    assert answer.result()["problem"]["id"] == "docker_is_podman"
    assert "Remove podman-docker" in answer.result()["msg"]
