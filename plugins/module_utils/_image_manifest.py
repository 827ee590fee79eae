# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a registry sends for an image: an index of several platforms, or the manifest of one."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Mapping

from ansible_collections.arm64.docker.plugins.module_utils._devices import device_reasons
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._image_reference import (
    ImageReference,
    is_digest,
)
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform
from ansible_collections.arm64.docker.plugins.module_utils._printable import printable
from ansible_collections.arm64.docker.plugins.module_utils._registry_document import (
    INDEXES,
    MANIFESTS,
)

# application/octet-stream is what Docker 1.10 pushed.
_CONFIGS = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
    "application/octet-stream",
    "",
)
_ATTESTATION = ("vnd.docker.reference.type", "attestation-manifest")
# What Docker and containerd know is in these; a slash would end the part.
_PLATFORM_PART = re.compile(r"[A-Za-z0-9._-]{0,64}")
_LARGEST = 2**63 - 1
_SHOWN = 80
_NOT_A_REGISTRY = "Check that this is the address of a registry, and that it is in order."


@dataclass(frozen=True)
class Entry:
    """One line of an index; ``platform`` is None where it says none."""

    digest: str
    size: int
    platform: Platform | None
    is_index: bool


@dataclass(frozen=True)
class Index:
    media_type: str
    entries: tuple


@dataclass(frozen=True)
class Manifest:
    media_type: str
    config: str


class NoImage(DockerHostError):
    """What a registry holds is in order, and no image: an artifact of another kind."""

    def __init__(self, message: str) -> None:
        super().__init__(
            message, "Name an image; charts, signatures and other artifacts run on no platform."
        )


def read_manifest(image: ImageReference, body: bytes, content_type: str) -> Index | Manifest:
    """Read what a registry sent; attestations (unknown/unknown) are no entries.

    :param content_type: of the answer, for a body that does not say what it is; then its shape does
    :raises NoImage: where it is something else
    :raises DockerHostError: where it is nothing that a registry holds, or too old
    """
    document = _object(image, body)
    media_type = _media_type(image, document, content_type)
    if media_type in INDEXES:
        lines = document.get("manifests")
        if not isinstance(lines, list) or "layers" in document:
            raise _wrong_shape(image)
        entries = (_entry(image, line) for line in lines)
        return Index(media_type, tuple(entry for entry in entries if entry is not None))
    config = document.get("config")
    if not isinstance(config, dict) or "manifests" in document:
        raise _wrong_shape(image)
    kind = config.get("mediaType", "")
    if kind not in _CONFIGS:
        raise NoImage(f"{image} is no image, but holds '{_shown(kind)}'.")
    if not _has_digest(config):
        raise _wrong_shape(image)
    return Manifest(media_type, config["digest"])


def read_config(image: ImageReference, body: bytes) -> tuple[Platform, tuple]:
    """Return the platform that the configuration of an image names, and why it needs devices.

    :raises NoImage: where it names no platform
    :raises DockerHostError: where it is no configuration
    """
    document = _object(image, body)
    platform = _platform(document)
    if platform is None:
        raise NoImage(f"{image} does not say for which platform it is.")
    config = document.get("config")
    reasons = device_reasons(config) if isinstance(config, dict) else ()
    return platform, tuple(map(printable, reasons))


def _object(image: ImageReference, body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise DockerHostError(
            f"What {image.registry} sends for {image} is no JSON.", _NOT_A_REGISTRY
        ) from None
    if not isinstance(document, dict):
        raise _wrong_shape(image)
    return document


def _media_type(image: ImageReference, document: Mapping[str, Any], content_type: str) -> str:
    known = (*INDEXES, *MANIFESTS)
    said = document.get("mediaType")
    for media_type in (said, content_type):
        if media_type in known:
            return str(media_type)
    if document.get("schemaVersion") == 1:
        raise DockerHostError(
            f"{image} is in the format of Docker before 1.10, which Docker no longer pulls.",
            "Take a newer tag, or push the image again with a newer Docker.",
        )
    if isinstance(said, str) and said:
        raise NoImage(f"{image} is no image, but '{_shown(said)}'.")
    if "manifests" in document:
        return INDEXES[0]
    if "config" in document:
        return MANIFESTS[0]
    raise _wrong_shape(image)


def _entry(image: ImageReference, line: Any) -> Entry | None:
    if not isinstance(line, dict) or not _has_digest(line):
        raise _wrong_shape(image)
    size = line.get("size", 0)
    if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= _LARGEST:
        raise _wrong_shape(image)
    notes = line.get("annotations")
    if isinstance(notes, dict) and notes.get(_ATTESTATION[0]) == _ATTESTATION[1]:
        return None
    said = line.get("platform")
    platform = _platform(said) if isinstance(said, dict) else None
    if platform is not None and (platform.os, platform.architecture) == ("unknown", "unknown"):
        return None
    media_type = line.get("mediaType")
    if isinstance(media_type, str) and media_type and media_type not in (*INDEXES, *MANIFESTS):
        return None
    return Entry(line["digest"], size, platform, media_type in INDEXES)


def _platform(said: Mapping[str, Any]) -> Platform | None:
    parts = [said.get(key) or "" for key in ("os", "architecture", "variant")]
    if not all(isinstance(part, str) and _PLATFORM_PART.fullmatch(part) for part in parts):
        return None
    return Platform.of_image(*parts) if parts[0] and parts[1] else None


def _shown(media_type: Any) -> str:
    return printable(str(media_type)[:_SHOWN])


def _has_digest(descriptor: Mapping[str, Any]) -> bool:
    digest = descriptor.get("digest")
    return isinstance(digest, str) and is_digest(digest)


def _wrong_shape(image: ImageReference) -> DockerHostError:
    return DockerHostError(
        f"What {image.registry} sends for {image} is neither an index nor a manifest.",
        _NOT_A_REGISTRY,
    )
