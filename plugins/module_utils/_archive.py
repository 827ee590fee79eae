# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images without a registry: the archive that ``docker load`` takes, made from a few files."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from typing import Mapping, Sequence

from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform


def docker_archive(
    reference: str, platform: Platform, programs: Mapping[str, bytes], command: Sequence[str]
) -> bytes:
    """Return an image of one layer in the format of ``docker save`` (Image Specification 1.2).

    :param reference: name and tag that the image gets when it is loaded
    :param platform: written into the image's configuration, which ``docker import`` and old
        builders leave at the platform of the building machine
    :param programs: content by absolute path, all executable
    :param command: what a container of this image runs

    The same arguments give the same bytes.
    """
    layer = _tar({path.lstrip("/"): (content, 0o755) for path, content in programs.items()})
    digest = hashlib.sha256(layer).hexdigest()
    configuration = {
        "architecture": platform.architecture,
        "os": platform.os,
        "created": "1970-01-01T00:00:00Z",
        "config": {"Cmd": list(command)},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "arm64.docker"}],
    }
    variant = platform.variant or ("v8" if platform.architecture == "arm64" else "")
    if variant:
        configuration["variant"] = variant
    config = json.dumps(configuration, sort_keys=True).encode()
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    layer_name = f"{digest}/layer.tar"
    manifest = [{"Config": config_name, "RepoTags": [reference], "Layers": [layer_name]}]
    return _tar(
        {
            config_name: (config, 0o644),
            layer_name: (layer, 0o644),
            "manifest.json": (json.dumps(manifest).encode(), 0o644),
        }
    )


def _tar(files: Mapping[str, tuple[bytes, int]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, (content, mode) in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
