# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module says of every image, against what skopeo reads."""

from __future__ import annotations

import json

import pytest

from registry.asking import ask, ask_one
from registry.images import DOCKER_LIST, OCI_INDEX, all_images, digest, inspect
from registry.reading import read_with_skopeo

REPOSITORIES = [image.repository for image in all_images()]
WAYS = ["open", "htpasswd", "token"]


def login(registry):
    if not registry.login:
        return []
    username, password = registry.login
    return [{"registry": registry.name, "username": username, "password": password}]


@pytest.fixture(scope="module")
def answers(registries, images):
    """What the module answers for all images of all registries, in one call."""
    names = [f"{registries.all[way].name}/{name}" for way in WAYS for name in REPOSITORIES]
    logins = [entry for way in WAYS for entry in login(registries.all[way])]
    answer = ask(images=names, ca_path=str(registries.ca), registry_auth=logins)
    return {row["name"]: row for row in answer["images"]}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("repository", REPOSITORIES)
def test_ours_and_skopeo_agree_on_every_image(registries, images, answers, way, repository):
    registry, image = registries.all[way], images[repository]
    row = answers[f"{registry.name}/{repository}"]
    raw = inspect(repository, registry, registries.ca)
    assert row["digest"], row["error"]
    assert row["digest"] == digest(raw) == image.digest
    assert row["media_type"] == image.media_type
    assert row["kind"] == ("index" if image.media_type in (OCI_INDEX, DOCKER_LIST) else "manifest")
    ours = {one["platform"]: one["digest"] for one in row["platforms"]}
    assert ours == read_with_skopeo(repository, registry, registries.ca, raw)
    assert sorted(ours) == sorted(name.replace("arm64/v8", "arm64") for name in image.platforms)
    for one in row["platforms"]:
        manifest = inspect(f"{repository}@{one['digest']}", registry, registries.ca)
        assert one["size"] == len(manifest)


@pytest.mark.parametrize(
    ("repository", "selected"),
    [
        ("test/oci-index", ("linux/arm64", "exact")),
        ("test/attested", ("linux/arm64", "exact")),
        ("test/docker-list", ("linux/arm64", "exact")),
        ("test/no-media-type", ("linux/arm64", "exact")),
        ("test/no-platforms", ("linux/arm64", "exact")),
        ("test/nested", ("linux/arm64", "exact")),
        ("test/oci-bare", ("linux/arm64", "exact")),
        ("test/docker-arm64", ("linux/arm64", "exact")),
        ("test/arm-only", ("linux/arm/v7", "compatible")),
        ("test/oci-arm-v6", ("linux/arm/v6", "compatible")),
        ("test/amd64-only", None),
        ("test/docker-amd64", None),
        ("test/s390x-and-amd64", None),
        ("test/empty", None),
    ],
)
def test_an_arm64_host_gets_what_fits_it_best(registries, answers, repository, selected):
    row = answers[f"{registries.open.name}/{repository}"]
    digests = {one["platform"]: one["digest"] for one in row["platforms"]}
    if selected is None:
        assert row["selected"] is None
        assert row["supported"] is False
        assert repository in row["error"]
        return
    platform, match = selected
    assert row["selected"] == {
        "platform": platform,
        "digest": digests[platform],
        "match": match,
    }
    assert (row["supported"], row["error"]) == (True, None)


def test_skopeo_chooses_the_same_for_an_arm64_host(registries, images, answers):
    for repository in ("test/oci-index", "test/docker-list", "test/attested"):
        name = f"{registries.open.name}/{repository}"
        config = inspect(
            repository, registries.open, registries.ca, "--config", "--override-arch=arm64",
            "--override-os=linux",
        )  # fmt: skip
        chosen = answers[name]["selected"]["digest"]
        manifest = json.loads(inspect(f"{repository}@{chosen}", registries.open, registries.ca))
        assert manifest["config"]["digest"] == digest(config)


def test_an_emulated_platform_is_taken_only_where_it_is_listed(registries, images):
    name = f"{registries.open.name}/test/s390x-and-amd64"
    options = {"ca_path": str(registries.ca)}
    assert ask_one(name, **options)["selected"] is None
    amd64 = ask_one(name, emulated_platforms=["amd64", "s390x"], **options)["selected"]
    assert (amd64["platform"], amd64["match"]) == ("linux/amd64", "emulated")
    s390x = ask_one(name, emulated_platforms=["s390x", "amd64"], **options)["selected"]
    assert (s390x["platform"], s390x["match"]) == ("linux/s390x", "emulated")


def test_cores_without_aarch32_take_no_32_bit_image_and_the_error_says_so(registries, images):
    name = f"{registries.open.name}/test/arm-only"
    row = ask_one(name, ca_path=str(registries.ca), aarch32=False)
    assert row["supported"] is False
    assert "AArch32" in row["error"]


def test_an_arm_host_never_takes_arm64(registries, images):
    options = {"ca_path": str(registries.ca), "platform": "arm/v6"}
    assert ask_one(f"{registries.open.name}/test/oci-arm64", **options)["selected"] is None
    v6 = ask_one(f"{registries.open.name}/test/docker-list", **options)["selected"]
    assert (v6["platform"], v6["match"]) == ("linux/arm/v6", "exact")


def test_a_digest_and_a_tag_with_a_digest_are_asked_for_by_the_digest(registries, images):
    image = images["test/docker-list"]
    for tag in ("", ":latest", ":no-such-tag"):
        name = f"{registries.open.name}/test/docker-list{tag}@{image.digest}"
        row = ask_one(name, ca_path=str(registries.ca))
        assert (row["digest"], row["supported"]) == (image.digest, True)
        assert row["reference"] == name
