# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages with the names, dependencies and layout of Docker Desktop and of what it needs."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Mapping
from pathlib import Path

# As apt says of a package of 4.15 and QEMU's of 4.20 (docker/desktop-linux#106 and #147), but that
# on arm64 it is Arm's QEMU. All but libseccomp2, which every Debian has, are made here.
DEPENDENCIES = (
    "docker-ce-cli",
    "libseccomp2",
    "libcap-ng0",
    "pass",
    "libgtk-3-0",
    "libx11-xcb1",
    "qemu-system-arm (>= 5.2.0)",
)

UNIT = """\
[Unit]
Description=Docker Desktop
[Service]
ExecStart=/opt/docker-desktop/bin/com.docker.backend
[Install]
WantedBy=graphical-session.target
"""

# Keeps what it was asked, and the name of the context, in the folder of the user.
CLIENT = """\
#!/bin/sh
echo "$*" >>"$HOME/docker-was-asked"
case "$1 $2" in
    "context inspect") grep -q "create $3" "$HOME/docker-was-asked" ;;
esac
"""


def desktop(folder: Path, version: str, architecture: str = "arm64") -> bytes:
    """Return a package of Docker Desktop, such as of version 4.86.0-236216."""
    files = {
        "opt/docker-desktop/bin/com.docker.backend": "#!/bin/sh\nexec sleep infinity\n",
        "opt/docker-desktop/version": f"{version}\n",
        "usr/bin/docker-desktop": "#!/bin/sh\n",
        "usr/lib/systemd/user/docker-desktop.service": UNIT,
        "usr/share/applications/docker-desktop.desktop": "[Desktop Entry]\nType=Application\n",
    }
    return _build(folder, "docker-desktop", version, architecture, files, DEPENDENCIES)


def other(folder: Path, name: str) -> bytes:
    """Return a package that is not Docker Desktop."""
    return _build(folder, name, "1", "arm64", {f"opt/{name}": ""})


def repository(folder: Path) -> None:
    """Make a folder from which apt can take what Desktop depends on."""
    folder.mkdir()
    index = ""
    client = {"usr/bin/docker": CLIENT}
    for dependency in DEPENDENCIES:
        name = dependency.split()[0]
        if name == "libseccomp2":
            continue
        files = client if name == "docker-ce-cli" else {f"opt/{name}": ""}
        content = _build(folder, name, "9:9.9", "arm64", files)
        (folder / f"{name}.deb").write_bytes(content)
        index += (
            f"Package: {name}\nVersion: 9:9.9\nArchitecture: arm64\nMaintainer: tests\n"
            f"Filename: ./{name}.deb\nSize: {len(content)}\n"
            f"SHA256: {hashlib.sha256(content).hexdigest()}\n\n"
        )
    (folder / "Packages").write_text(index, encoding="utf-8")


def _build(
    folder: Path,
    name: str,
    version: str,
    architecture: str,
    files: Mapping[str, str],
    dependencies: tuple[str, ...] = (),
) -> bytes:
    root = folder / f"{name}-{architecture}-{version.replace(':', '_')}.root"
    control = (
        f"Package: {name}\nVersion: {version}\nArchitecture: {architecture}\n"
        f"Maintainer: tests <tests@example.org>\nDescription: stands for {name}\n"
    )
    if dependencies:
        control += f"Depends: {', '.join(dependencies)}\n"
    for path, content in {**files, "DEBIAN/control": control}.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")
        target.chmod(0o755 if "/bin/" in path else 0o644)
    made = root.with_suffix(".deb")
    command = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", root, made]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return made.read_bytes()
