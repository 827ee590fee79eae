# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn the tar of a root filesystem into an image archive for `docker load`, on standard output.

`docker import` and the legacy builder record the architecture of the machine that they run on;
an archive says its own, and every engine takes it.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import sys
import tarfile
from pathlib import Path


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, as lower-case hex."""
    sha256 = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            sha256.update(block)
    return sha256.hexdigest()


def image_config(layer: str, arguments: argparse.Namespace) -> bytes:
    """Return the image's JSON configuration; `layer` is the hex digest of its only layer."""
    platform = {"os": "linux", "architecture": arguments.architecture}
    if arguments.variant:
        platform["variant"] = arguments.variant
    more = json.loads(arguments.config)
    path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    config = {
        **platform,
        "config": {
            **more,
            "Cmd": json.loads(arguments.command),
            "Env": [path, *more.get("Env", [])],
            "Labels": dict(label.split("=", 1) for label in arguments.label),
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer}"]},
        "history": [{"created_by": "mmdebstrap"}],
    }
    return json.dumps(config, sort_keys=True).encode()


def write_archive(arguments: argparse.Namespace) -> None:
    """Write the archive: the configuration, the layer, and the manifest that names both."""
    layer = digest(arguments.rootfs)
    config = image_config(layer, arguments)
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    layer_name = f"{layer}/layer.tar"
    manifest = [{"Config": config_name, "RepoTags": [arguments.name], "Layers": [layer_name]}]

    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as archive:

        def add(name: str, content: bytes) -> None:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))

        add(config_name, config)
        archive.add(str(arguments.rootfs), arcname=layer_name)
        add("manifest.json", json.dumps(manifest).encode())


def main() -> None:
    """Read the command line and write the archive."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rootfs", type=Path, required=True)
    parser.add_argument("--architecture", required=True, help="as Go names it, such as arm64")
    parser.add_argument("--variant", default="", help="such as v8")
    parser.add_argument("--name", required=True, help="repository:tag")
    parser.add_argument("--command", default="[]", help="what a container runs, as a JSON list")
    parser.add_argument("--config", default="{}", help="more of the image's configuration, as JSON")
    parser.add_argument("--label", action="append", default=[], help="KEY=VALUE")
    write_archive(parser.parse_args())


if __name__ == "__main__":
    main()
