# SPDX-License-Identifier: GPL-3.0-or-later
"""What the repository holds: Docker's packages, and which files of Debian's make them.

Names, versions, relations and places of files follow Docker's own packages (docker-ce-packaging,
deb/common/control, and containerd-packaging, debian/control), since they are what a host meets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

RELEASE = "trixie"
ENGINES = ("26.1.4", "26.1.5", "27.0.1")
RUNTIMES = ("1.7.24", "1.7.25")
BUILDX = ("0.13.1", "0.14.0")
COMPOSE = "2.26.1"

REVISION = f"1~debian.13~{RELEASE}"
PLUGINS = "usr/libexec/docker/cli-plugins"
UNITS = "usr/lib/systemd/system"


@dataclass(frozen=True)
class File:
    """A file out of a Debian package, or the text `content`.

    `to` is its place in the package, where it is another one than in Debian's; `edits` are pairs of
    texts, of which the first is there and gives way to the second.
    """

    origin: str
    path: str
    to: str = ""
    edits: tuple[tuple[str, str], ...] = ()
    content: str = ""
    # The program says which version it has: it is to say the package's.
    says_version: bool = False

    @property
    def target(self) -> str:
        return self.to or self.path


@dataclass(frozen=True)
class Package:
    """One version of one package; `release` is its version as its programs say it."""

    name: str
    release: str
    version: str
    files: tuple[File, ...]
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def file_name(self) -> str:
        return f"{self.name}_{self.version.partition(':')[2] or self.version}_arm64.deb"


def all_packages() -> tuple[Package, ...]:
    """Return every package in every version."""
    return (
        *(make(version) for version in ENGINES for make in (_engine, _client, _rootless)),
        *(_runtime(version) for version in RUNTIMES),
        *(_buildx(version) for version in BUILDX),
        _compose(COMPOSE),
    )


def _engine(version: str) -> Package:
    place = ("/usr/sbin/dockerd", "/usr/bin/dockerd")
    service = (place, ("EnvironmentFile=-/etc/default/docker\n", ""), (" $DOCKER_OPTS", ""))
    return Package(
        "docker-ce",
        version,
        f"5:{version}-{REVISION}",
        (
            File("docker.io", "usr/sbin/dockerd", "usr/bin/dockerd", says_version=True),
            File("docker.io", "usr/sbin/docker-proxy", "usr/bin/docker-proxy"),
            File("tini", "usr/bin/tini-static", "usr/bin/docker-init"),
            File("docker.io", f"{UNITS}/docker.service", edits=service),
            File("docker.io", f"{UNITS}/docker.socket"),
            File("docker.io", "etc/default/docker"),
            File("docker.io", "etc/init.d/docker", edits=(place,)),
        ),
        {
            "Pre-Depends": "init-system-helpers (>= 1.54~)",
            "Depends": "containerd.io (>= 1.6.24), docker-ce-cli, iptables, libc6, libsystemd0",
            "Recommends": "apparmor, ca-certificates, docker-ce-rootless-extras, git, pigz, procps,"
            " xz-utils",
            "Suggests": "cgroupfs-mount | cgroup-lite",
            "Conflicts": "docker (<< 1.5~), docker-engine, docker.io",
            "Replaces": "docker-engine",
        },
    )


def _client(version: str) -> Package:
    return Package(
        "docker-ce-cli",
        version,
        f"5:{version}-{REVISION}",
        (File("docker-cli", "usr/bin/docker", says_version=True),),
        {
            "Depends": "libc6",
            "Recommends": "docker-buildx-plugin, docker-compose-plugin",
            "Conflicts": "docker (<< 1.5~), docker-engine, docker.io",
            "Breaks": "docker-ce (<< 5:0)",
            "Replaces": "docker-ce (<< 5:0)",
        },
    )


def _rootless(version: str) -> Package:
    # Without rootlesskit, which Docker's package brings: it is there to be installed and removed.
    scripts = ("dockerd-rootless.sh", "dockerd-rootless-setuptool.sh")
    return Package(
        "docker-ce-rootless-extras",
        version,
        f"5:{version}-{REVISION}",
        tuple(
            File("docker.io", f"usr/share/docker.io/contrib/{name}", f"usr/bin/{name}")
            for name in scripts
        ),
        {
            "Depends": "dbus-user-session",
            "Enhances": "docker-ce",
            "Conflicts": "rootlesskit",
            "Breaks": "rootlesskit",
            "Replaces": "rootlesskit",
        },
    )


def _runtime(version: str) -> Package:
    shims = ("containerd-shim", "containerd-shim-runc-v1", "containerd-shim-runc-v2")
    return Package(
        "containerd.io",
        version,
        f"{version}-1",
        (
            File("containerd", "usr/bin/containerd", says_version=True),
            File("containerd", "usr/bin/ctr", says_version=True),
            *(File("containerd", f"usr/bin/{name}") for name in shims),
            File("runc", "usr/sbin/runc", "usr/bin/runc"),
            File("containerd", f"{UNITS}/containerd.service"),
            # Docker needs no CRI, and Docker's package turns it off.
            File("", "etc/containerd/config.toml", content='disabled_plugins = ["cri"]\n'),
        ),
        {
            # Of Debian's runc.
            "Depends": "libc6 (>= 2.38), libseccomp2 (>= 2.5.0)",
            "Provides": "containerd, runc",
            "Conflicts": "containerd, runc",
            "Replaces": "containerd, runc",
        },
    )


def _buildx(version: str) -> Package:
    # As Docker's: it owns the same file as Debian's docker-buildx and has no Conflicts with it.
    return Package(
        "docker-buildx-plugin",
        version,
        f"{version}-{REVISION}",
        (File("docker-buildx", f"{PLUGINS}/docker-buildx", says_version=True),),
        {"Depends": "libc6", "Enhances": "docker-ce-cli", "Replaces": "docker-ce-cli"},
    )


def _compose(version: str) -> Package:
    return Package(
        "docker-compose-plugin",
        version,
        f"{version}-{REVISION}",
        (File("docker-compose", f"{PLUGINS}/docker-compose"),),
        {
            "Depends": "libc6",
            "Enhances": "docker-ce-cli",
            "Conflicts": "docker-compose",
            "Breaks": "docker-compose",
            "Replaces": "docker-compose",
        },
    )


def origins() -> list[str]:
    """Return the names of the Debian packages that the files come from."""
    return sorted({file.origin for package in all_packages() for file in package.files} - {""})
