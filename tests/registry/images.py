# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of every shape that registries hold, made by hand and pushed by skopeo."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import io
import json
import ssl
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import RegistryError
from .lifecycle import PASSWORD, USER, Registry
from .programs import run
from .tokens import PRIVATE

OCI = "application/vnd.oci.image"
DOCKER = "application/vnd.docker"
OCI_INDEX = f"{OCI}.index.v1+json"
OCI_MANIFEST = f"{OCI}.manifest.v1+json"
DOCKER_LIST = f"{DOCKER}.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = f"{DOCKER}.distribution.manifest.v2+json"


@dataclass(frozen=True)
class Kind:
    """The media types of Docker or of OCI."""

    index: str
    manifest: str
    config: str
    layer: str


KINDS = {
    "oci": Kind(OCI_INDEX, OCI_MANIFEST, f"{OCI}.config.v1+json", f"{OCI}.layer.v1.tar+gzip"),
    "docker": Kind(
        DOCKER_LIST,
        DOCKER_MANIFEST,
        f"{DOCKER}.container.image.v1+json",
        f"{DOCKER}.image.rootfs.diff.tar.gzip",
    ),
}


@dataclass
class Image:
    """Documents of one image: `manifest` is what its tag stands for, `blobs` all by digest.

    `parts` are the manifests that an index names. `platforms` are those that it is there for.
    """

    repository: str
    media_type: str
    manifest: bytes
    platforms: list[str]
    parts: dict[str, bytes] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    by_skopeo: bool = True

    @property
    def digest(self) -> str:
        return digest(self.manifest)


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def single(
    repository: str,
    kind: str,
    platform: str,
    media_type: bool = True,
    environment: Sequence[str] = (),
) -> Image:
    """Return an image of one platform; without `media_type` its manifest does not name it."""
    types = KINDS[kind]
    layer = _layer(f"{repository} {platform}")
    system, architecture, *variant = platform.split("/")
    config = _json(
        {
            "os": system,
            "architecture": architecture,
            **({"variant": variant[0]} if variant else {}),
            "config": {"Cmd": ["/exit"], **({"Env": list(environment)} if environment else {})},
            "rootfs": {"type": "layers", "diff_ids": [digest(gzip.decompress(layer))]},
        }
    )
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "config": _descriptor(types.config, config),
        "layers": [_descriptor(types.layer, layer)],
    }
    if media_type:
        manifest["mediaType"] = types.manifest
    blobs = {digest(config): config, digest(layer): layer}
    return Image(repository, types.manifest, _json(manifest), [platform], blobs=blobs)


def attestation(subject: Image) -> Image:
    """Return what buildx adds to an index for each of its images: a manifest of no platform."""
    statement = _json({"_type": "https://in-toto.io/Statement/v0.1", "subject": []})
    config = _json(
        {
            "architecture": "unknown",
            "os": "unknown",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [digest(statement)]},
        }
    )
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _descriptor(KINDS["oci"].config, config),
        "layers": [_descriptor("application/vnd.in-toto+json", statement)],
    }
    blobs = {digest(config): config, digest(statement): statement}
    return Image(subject.repository, OCI_MANIFEST, _json(manifest), [], blobs=blobs)


def index(
    repository: str,
    kind: str,
    platforms: Sequence[str],
    attested: bool = False,
    media_type: bool = True,
    said: bool = True,
    environment: Sequence[str] = (),
) -> Image:
    """Return an index; without `said` its entries do not name their platforms."""
    entries, whole = [], Image(repository, KINDS[kind].index, b"", list(platforms))
    for platform in platforms:
        one = single(repository, kind, platform, environment=environment)
        entries.append(_entry(whole, one, platform if said else ""))
    for one in list(whole.parts.values()) if attested else []:
        proof = attestation(Image(repository, OCI_MANIFEST, one, []))
        notes = {
            "vnd.docker.reference.digest": digest(one),
            "vnd.docker.reference.type": "attestation-manifest",
        }
        entries.append({**_entry(whole, proof, "unknown/unknown"), "annotations": notes})
    document: dict[str, Any] = {"schemaVersion": 2, "manifests": entries}
    if media_type:
        document["mediaType"] = KINDS[kind].index
    whole.manifest = _json(document)
    return whole


def nested(repository: str) -> Image:
    """Return an index that names an index, as some tools make them."""
    inner = index(repository, "oci", ["linux/arm64", "linux/arm/v7"])
    outer = single(repository, "oci", "linux/amd64")
    whole = Image(repository, OCI_INDEX, b"", ["linux/arm64", "linux/arm/v7", "linux/amd64"])
    whole.by_skopeo = False
    for part, content in inner.parts.items():
        whole.parts[part], whole.types[part] = content, inner.types[part]
    whole.blobs.update(inner.blobs)
    entries = [_entry(whole, inner, ""), _entry(whole, outer, "linux/amd64")]
    whole.manifest = _json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})
    return whole


def all_images() -> list[Image]:
    """Return an image of every shape."""
    usual = ["linux/amd64", "linux/arm64/v8", "linux/arm/v7"]
    empty = Image("test/empty", OCI_INDEX, b"", [])
    empty.manifest = _json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []})
    return [
        index("test/oci-index", "oci", usual),
        index("test/attested", "oci", ["linux/amd64", "linux/arm64"], attested=True),
        index("test/docker-list", "docker", [*usual, "linux/arm/v6", "linux/386"]),
        index("test/no-media-type", "oci", usual, media_type=False),
        index("test/no-platforms", "oci", ["linux/amd64", "linux/arm64"], said=False),
        index("test/arm-only", "docker", ["linux/arm/v5", "linux/arm/v7"]),
        index("test/amd64-only", "oci", ["linux/amd64"], attested=True),
        index("test/s390x-and-amd64", "docker", ["linux/s390x", "linux/amd64"]),
        index(f"{PRIVATE}app", "oci", usual),
        nested("test/nested"),
        empty,
        single("test/oci-arm64", "oci", "linux/arm64"),
        single("test/oci-bare", "oci", "linux/arm64/v8", media_type=False),
        single("test/oci-arm-v6", "oci", "linux/arm/v6"),
        single("test/docker-amd64", "docker", "linux/amd64"),
        single("test/docker-arm64", "docker", "linux/arm64/v8"),
    ]


def push(image: Image, registry: Registry, folder: Path, ca: Path) -> None:
    """Push an image to the open registry, with skopeo where it takes such an image."""
    if not image.by_skopeo:
        push_by_hand(image, registry, ca)
        return
    folder.mkdir(parents=True)
    (folder / "version").write_text("Directory Transport Version: 1.1\n", encoding="ascii")
    (folder / "manifest.json").write_bytes(image.manifest)
    for name, content in image.parts.items():
        (folder / f"{name.partition(':')[2]}.manifest.json").write_bytes(content)
    for name, content in image.blobs.items():
        (folder / name.partition(":")[2]).write_bytes(content)
    run(
        ["skopeo", "copy", "--all", "--preserve-digests", "--quiet"]
        + [f"dir:{folder}", f"docker://{registry.name}/{image.repository}:latest"],
        {"SSL_CERT_FILE": str(ca)},
    )


def inspect(image: str, registry: Registry, ca: Path, *arguments: str) -> bytes:
    """Return what `skopeo inspect --raw` says of an image."""
    login = ["--creds", f"{USER}:{PASSWORD}"] if registry.login else []
    return run(
        ["skopeo", "inspect", "--raw", *login, *arguments, f"docker://{registry.name}/{image}"],
        {"SSL_CERT_FILE": str(ca)},
    )


def push_by_hand(
    image: Image, registry: Registry, ca: Path, tags: Sequence[str] = ("latest",)
) -> None:
    """Push blobs, parts and what the tags stand for over the API of the open registry."""
    host, _, port = registry.name.partition(":")
    base = f"/v2/{image.repository}"
    context = ssl.create_default_context(cafile=ca)
    connection = http.client.HTTPSConnection(host, int(port), timeout=10, context=context)

    def send(method: str, path: str, content: bytes, media_type: str = "") -> str:
        headers = {"Content-Type": media_type} if media_type else {}
        connection.request(method, path, content, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status not in (201, 202):
            raise RegistryError(f"{method} {path}: HTTP {answer.status}")
        return answer.headers["Location"].partition(registry.name)[2]

    for name, content in image.blobs.items():
        place = send("POST", f"{base}/blobs/uploads/", b"")
        send("PUT", f"{place}&digest={name}", content, "application/octet-stream")
    for name, content in image.parts.items():
        send("PUT", f"{base}/manifests/{name}", content, image.types[name])
    for tag in tags:
        send("PUT", f"{base}/manifests/{tag}", image.manifest, image.media_type)
    connection.close()


def _entry(whole: Image, part: Image, platform: str) -> dict[str, Any]:
    whole.parts.update({**part.parts, part.digest: part.manifest})
    whole.types.update({**part.types, part.digest: part.media_type})
    whole.blobs.update(part.blobs)
    entry = _descriptor(part.media_type, part.manifest)
    if platform:
        names = dict(zip(("os", "architecture", "variant"), platform.split("/")))
        entry["platform"] = names
    return entry


def _descriptor(media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest(content), "size": len(content)}


def _layer(text: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        member = tarfile.TarInfo("name")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text.encode()))
    return gzip.compress(stream.getvalue(), mtime=0)


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()
