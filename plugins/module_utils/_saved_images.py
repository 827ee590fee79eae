# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The images in an archive of ``docker save``, read without loading it."""

from __future__ import annotations

import json
import re
import tarfile
from dataclasses import dataclass
from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform

_MANIFEST, _INDEX = "manifest.json", "index.json"
# A configuration is some kilobytes; nothing here is ever longer.
_LIMIT = 8 * 1024 * 1024
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class SavedImage:
    """An image of an archive: its names, the ids that an engine may give it, its platform.

    ``config`` holds Env and Labels as the image has them. Docker's own store calls an image by the
    digest of its configuration, that of containerd by the digest of its manifest or index.
    """

    names: tuple
    ids: tuple
    platform: Platform
    config: dict


def read_archive(path: str) -> list[SavedImage]:
    """Return the images of an archive, which may be compressed.

    :raises DockerHostError: where the file is no archive of ``docker save``
    """
    try:
        with tarfile.open(path) as archive:
            members = {member.name: member for member in archive if member.isfile()}
            manifest = _json(archive, members, path, _MANIFEST)
            others = _digests(archive, members, path) if len(manifest) == 1 else ()
            return [_image(archive, members, path, entry, others) for entry in manifest]
    except (OSError, tarfile.TarError, EOFError) as error:
        reason = getattr(error, "strerror", None) or "it is no archive, or not a whole one"
        raise DockerHostError(
            f"{path} cannot be read: {reason}.", "Make it with 'docker save --output FILE IMAGE'."
        ) from error
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _no_image(path) from error


def _image(archive: Any, members: dict, path: str, entry: dict, others: tuple) -> SavedImage:
    document = _json(archive, members, path, entry["Config"])
    said = [document.get(key) or "" for key in ("os", "architecture", "variant")]
    found = _DIGEST.search(entry["Config"])
    own = (f"sha256:{found[0]}",) if found else ()
    return SavedImage(
        tuple(entry.get("RepoTags") or ()),
        (*own, *others),
        Platform.of_image(*said),
        {key: (document.get("config") or {}).get(key) for key in ("Env", "Labels")},
    )


def _digests(archive: Any, members: dict, path: str) -> tuple:
    """Return the digests that the index of an archive names, where it has one."""
    if _INDEX not in members:
        return ()
    index = _json(archive, members, path, _INDEX)
    return tuple(entry["digest"] for entry in index["manifests"])


def _json(archive: Any, members: dict, path: str, name: str) -> Any:
    if name not in members or members[name].size > _LIMIT:
        raise _no_image(path)
    return json.loads(archive.extractfile(members[name]).read())


def _no_image(path: str) -> DockerHostError:
    return DockerHostError(
        f"{path} holds no image of 'docker save'.",
        "Make it with 'docker save --output FILE IMAGE', which names its images in manifest.json.",
    )
