# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What registries hold and send: media types, digests, and how much may still be asked for."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Mapping

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._image_reference import (
    ImageReference,
    is_digest,
)
from ansible_collections.arm64.docker.plugins.module_utils._registry_endpoints import Endpoint
from ansible_collections.arm64.docker.plugins.module_utils._registry_transport import Answer

INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_RATE = re.compile(r"(\d{1,9})(?:\s*;\s*w=(\d{1,9}))?")


@dataclass(frozen=True)
class Document:
    """What a registry holds: ``media_type`` is that of the header, "" where there is none."""

    body: bytes
    digest: str
    media_type: str
    source: str


def verified(endpoint: Endpoint, image: ImageReference, answer: Answer, version: str) -> Document:
    """Return what a server sent, once it is what its digest says.

    :param version: the tag or digest that was asked for
    :raises DockerHostError: where it is a web page, or something else than the digest stands for
    """
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "text/html":
        raise DockerHostError(
            f"{endpoint.name} answers with a web page and not as a registry.",
            "Check the address of the registry, and whether a proxy wants a login.",
        )
    said = answer.headers.get("docker-content-digest", "").strip()
    for digest in (version, said):
        if is_digest(digest):
            algorithm, _colon, digits = digest.partition(":")
            if hashlib.new(algorithm, answer.body).hexdigest() != digits:
                raise DockerHostError(
                    f"{endpoint.name} sent something else for {image} than its digest {digest} "
                    "stands for.",
                    "Do not use this image: it was damaged, or changed on its way; look at the "
                    "registry and at proxies before it.",
                )
    own = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
    digest = next((name for name in (version, said) if is_digest(name)), own)
    return Document(answer.body, digest, media_type, endpoint.name)


def rate_limit(headers: Mapping[str, str]) -> dict[str, int]:
    """Return what the headers say of Docker Hub's limit, and of others that speak like it.

    ``limit`` and ``remaining`` are pulls in ``window_seconds``; what was not said is left out.
    """
    found = {}
    for key in ("limit", "remaining"):
        rate = _RATE.match(headers.get(f"ratelimit-{key}", ""))
        if rate:
            found[key] = int(rate[1])
            if rate[2]:
                found["window_seconds"] = int(rate[2])
    return found
