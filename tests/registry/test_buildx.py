# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module says of images that buildx made and pushed, against skopeo and Docker."""

from __future__ import annotations

import json

import pytest

from registry.asking import ask_one
from registry.engine import Engine
from registry.images import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, inspect
from registry.reading import read_with_skopeo

PLATFORMS = ["linux/amd64", "linux/arm64/v8", "linux/arm/v7", "linux/arm/v6"]
OCI, DOCKER = "--output=type=image,oci-mediatypes=true", "--output=type=image,oci-mediatypes=false"
PROVEN, BARE = "--provenance=mode=max", "--provenance=false"

# repository -> platforms, options of buildx, media type of the result, attestations in it
IMAGES = {
    "buildx/attested": (PLATFORMS, [OCI, PROVEN], OCI_INDEX, len(PLATFORMS)),
    "buildx/attested-arm64": (["linux/arm64"], [OCI, PROVEN], OCI_INDEX, 1),
    "buildx/index": (PLATFORMS, [OCI, BARE], OCI_INDEX, 0),
    "buildx/list": (PLATFORMS, [DOCKER, BARE], DOCKER_LIST, 0),
    "buildx/arm64": (["linux/arm64"], [OCI, BARE], OCI_MANIFEST, 0),
    "buildx/docker-arm64": (["linux/arm64"], [DOCKER, BARE], DOCKER_MANIFEST, 0),
}
HOSTS = ["linux/arm64", "linux/arm/v7", "linux/arm/v6", "linux/amd64", "linux/riscv64"]


@pytest.fixture(scope="module")
def built(registries, tmp_path_factory):
    with Engine(tmp_path_factory.mktemp("builder") / "docker", containerd=True) as engine:
        for repository, (platforms, options, _, _) in IMAGES.items():
            engine.build(f"{registries.open.name}/{repository}", platforms, *options)


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("repository", IMAGES)
def test_ours_and_skopeo_agree_on_what_buildx_made(registries, repository):
    platforms, _, media_type, attestations = IMAGES[repository]
    raw = inspect(repository, registries.open, registries.ca)
    row = ask_one(f"{registries.open.name}/{repository}", ca_path=str(registries.ca))
    assert row["media_type"] == json.loads(raw)["mediaType"] == media_type
    ours = {one["platform"]: one["digest"] for one in row["platforms"]}
    assert ours == read_with_skopeo(repository, registries.open, registries.ca, raw)
    assert sorted(ours) == sorted(name.replace("arm64/v8", "arm64") for name in platforms)
    assert raw.count(b'"attestation-manifest"') == attestations


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("repository", IMAGES)
def test_docker_pulls_what_the_module_chooses(registries, engine, repository, host):
    name = f"{registries.open.name}/{repository}"
    chosen = ask_one(name, platform=host, ca_path=str(registries.ca))["selected"]
    ours = None
    if chosen:
        manifest = inspect(f"{repository}@{chosen['digest']}", registries.open, registries.ca)
        ours = json.loads(manifest)["config"]["digest"]
    assert engine.pull(name, host) == ours
