# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module chooses, against what `docker pull --platform` of the same images chooses."""

from __future__ import annotations

import json

import pytest

from registry.asking import ask

# Docker's own store follows neither indexes in indexes nor entries without a platform.
REPOSITORIES = [
    "test/oci-index", "test/attested", "test/docker-list", "test/no-media-type", "test/arm-only",
    "test/amd64-only", "test/s390x-and-amd64", "test/oci-arm64", "test/docker-amd64", "test/empty",
]  # fmt: skip
HOSTS = ["linux/arm64", "linux/arm/v7", "linux/amd64"]


@pytest.mark.parametrize("host", HOSTS)
def test_docker_pulls_what_the_module_chooses(registries, images, engine, host):
    names = {repository: f"{registries.open.name}/{repository}" for repository in REPOSITORIES}
    answer = ask(images=list(names.values()), platform=host, ca_path=str(registries.ca))
    ours, theirs = {}, {}
    for repository, row in zip(REPOSITORIES, answer["images"]):
        ours[repository] = None
        if row["selected"]:
            chosen = row["selected"]["digest"]
            manifest = images[repository].parts.get(chosen, images[repository].manifest)
            ours[repository] = json.loads(manifest)["config"]["digest"]
        theirs[repository] = engine.pull(names[repository], host)
    assert ours == theirs
