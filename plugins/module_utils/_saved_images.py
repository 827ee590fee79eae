# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The images in an archive of ``docker save``, read without loading it."""

from __future__ import annotations

import hashlib
import json
import posixpath
import tarfile
import zlib
from dataclasses import dataclass
from typing import Any, Iterable, Iterator

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._image_content import content_of_config
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform

try:
    from lzma import LZMAError
except ImportError:
    # A Python that was built without it unpacks nothing that could be damaged so.
    LZMAError = zlib.error

_MANIFEST, _INDEX = "manifest.json", "index.json"
# A configuration is some kilobytes; nothing here is ever longer.
_LIMIT = 8 * 1024 * 1024
# An index names manifests, or at most indexes of them; what is deeper is left out.
_DEEPEST = 4


@dataclass(frozen=True)
class SavedImage:
    """An image of an archive: its names, the ids that an engine may give it, its platform.

    ``config`` holds Env and Labels as the image has them. Docker's own store calls an image by the
    digest of its configuration, that of containerd by the digest of its manifest or index, which
    it makes anew of an archive without index.json; ``content`` is a digest of what the image is
    by either.
    """

    names: tuple
    ids: tuple
    platform: Platform
    config: dict
    content: str


def read_archive(path: str) -> list[SavedImage]:
    """Return the images of an archive, which may be compressed.

    :raises DockerHostError: where the file is no archive of ``docker save``
    """
    try:
        with tarfile.open(path) as archive:
            return _images(_Members(archive, path))
    except (OSError, tarfile.TarError, EOFError, zlib.error, LZMAError) as error:
        reason = getattr(error, "strerror", None) or "it is no archive, or not a whole one"
        raise DockerHostError(
            f"{path} cannot be read: {reason}.", "Make it with 'docker save --output FILE IMAGE'."
        ) from error
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise _no_image(path) from error


class _Members:
    """The files of an archive that hold JSON."""

    def __init__(self, archive: Any, path: str) -> None:
        self._archive = archive
        self._path = path
        # Packed from a folder, names begin with ./ and engines load them.
        self._members = {
            posixpath.normpath(member.name): member for member in archive if member.isfile()
        }

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def read(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Give what files hold, in their order in the archive, one at a time.

        In that order a compressed archive is unpacked once for all of them.

        :raises DockerHostError: where one is missing or too long
        """
        wanted = set(names)
        if any(name not in self or self._members[name].size > _LIMIT for name in wanted):
            raise _no_image(self._path)
        for name in sorted(wanted, key=lambda name: self._members[name].offset):
            yield name, self._archive.extractfile(self._members[name]).read()

    def document(self, name: str) -> Any:
        """Return what a file of JSON holds.

        :raises DockerHostError: where it is missing or too long
        """
        ((_name, data),) = self.read([name])
        return json.loads(data)


def _images(members: _Members) -> list[SavedImage]:
    entries = members.document(_MANIFEST)
    digests = _digests(members)
    found = {
        name: _image(data, digests) for name, data in members.read(e["Config"] for e in entries)
    }
    return [
        SavedImage(tuple(entry.get("RepoTags") or ()), *found[entry["Config"]]) for entry in entries
    ]


def _image(data: bytes, digests: dict[str, list[str]]) -> tuple:
    """Return what the configuration of an image says of it: ids, platform, config, content."""
    document = json.loads(data)
    own = f"sha256:{hashlib.sha256(data).hexdigest()}"
    said = [document.get(key) or "" for key in ("os", "architecture", "variant")]
    return (
        (own, *digests.get(own, ())),
        Platform.of_image(*said),
        {key: (document.get("config") or {}).get(key) for key in ("Env", "Labels")},
        content_of_config(document),
    )


def _digests(members: _Members) -> dict[str, list[str]]:
    """Return the digests of indexes and manifests that lead to an image, by its configuration's.

    What index.json names and the archive does not hold is left out: of an image for several
    platforms there may be one.
    """
    if _INDEX not in members:
        return {}
    found: dict[str, list[str]] = {}
    level = {entry["digest"]: {entry["digest"]} for entry in members.document(_INDEX)["manifests"]}
    for _depth in range(_DEEPEST):
        files = {_blob(digest): digest for digest in level if _blob(digest) in members}
        inner: dict[str, set[str]] = {}
        for name, data in members.read(files):
            document, way = json.loads(data), level[files[name]]
            for entry in document.get("manifests") or ():
                inner.setdefault(entry["digest"], {entry["digest"]}).update(way)
            if document.get("config"):
                known = found.setdefault(document["config"]["digest"], [])
                known += sorted(way.difference(known))
        level = inner
    return found


def _blob(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _no_image(path: str) -> DockerHostError:
    return DockerHostError(
        f"{path} holds no image of 'docker save'.",
        "Make it with 'docker save --output FILE IMAGE', which names its images in manifest.json.",
    )
