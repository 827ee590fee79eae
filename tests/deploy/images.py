# SPDX-License-Identifier: GPL-3.0-or-later
"""Images that run: a shell of this machine, and programs of other architectures."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import re
import subprocess
import tarfile
from pathlib import Path

from registry import Registry
from registry.programs import run

_PROGRAMS = ("/bin/sh", "/bin/sleep", "/bin/cat", "/bin/uname")
# What images call the architectures that these tests run on.
OWN = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
OTHER = {"amd64": "arm64", "arm64": "amd64"}[OWN]
ADDRESS = re.compile(r"(/\S+) \(0x")


def write_shell(place: Path, name: str, word: str = "first") -> Path:
    """Write an archive with an image that has a shell, and `/word` with a word in it."""
    files = {path: Path(path).read_bytes() for path in _PROGRAMS}
    for path in _libraries():
        files[path] = Path(path).read_bytes()
    files["/word"] = f"{word}\n".encode()
    layer = _tar(files, 0o755)
    config = json.dumps(
        {
            "architecture": OWN,
            "os": "linux",
            "config": {"Cmd": ["/bin/sleep", "600"], "Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{_digest(layer)}"]},
        }
    ).encode()
    manifest = [{"Config": f"{_digest(config)}.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    content = {
        f"{_digest(config)}.json": config,
        "layer.tar": layer,
        "manifest.json": json.dumps(manifest).encode(),
    }
    place.write_bytes(_tar(content, 0o644))
    return place


def push(archive: Path, registry: Registry, repository: str, ca: Path) -> str:
    """Push the image of an archive to a registry, and return its name."""
    name = f"{registry.name}/{repository}"
    run(
        ["skopeo", "copy", "--quiet", f"docker-archive:{archive}", f"docker://{name}"],
        {"SSL_CERT_FILE": str(ca)},
    )
    return name


def _libraries() -> set[str]:
    found = set()
    for program in _PROGRAMS:
        done = subprocess.run(["ldd", program], capture_output=True, text=True, check=True)
        found |= set(ADDRESS.findall(done.stdout))
    return found


def _tar(files: dict[str, bytes], mode: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, content in sorted(files.items()):
            member = tarfile.TarInfo(path.lstrip("/"))
            member.size, member.mode = len(content), mode
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
