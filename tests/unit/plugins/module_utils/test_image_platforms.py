# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._image_manifest import (
    Index,
    read_config,
    read_manifest,
)
from ansible_collections.arm64.docker.plugins.module_utils._image_platforms import (
    Available,
    Target,
    describe,
    misfit,
    select,
)
from ansible_collections.arm64.docker.plugins.module_utils._image_reference import ImageReference
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform
from ansible_collections.arm64.docker.plugins.module_utils._registry_document import (
    INDEXES,
    MANIFESTS,
    Document,
)
from ansible_collections.arm64.docker.tests.unit.hosts import FIXTURES

IMAGE = ImageReference.parse("example.org/app:1")
OCI_INDEX, DOCKER_LIST = INDEXES
OCI_MANIFEST, DOCKER_MANIFEST = MANIFESTS


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class Store:
    """Documents by their digests, as a registry holds them."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}
        self.asked: list[str] = []

    def put(self, document: Any) -> str:
        body = json.dumps(document).encode()
        self.held[digest(body)] = body
        return digest(body)

    def manifest(self, platform: str) -> str:
        config = self.put(dict(zip(("os", "architecture", "variant"), platform.split("/"))))
        return self.put({"schemaVersion": 2, "config": {"digest": config}, "layers": []})

    def index(self, *entries: Any) -> str:
        return self.put({"schemaVersion": 2, "manifests": list(entries)})

    def get(self, image: ImageReference, version: str) -> Document:
        self.asked.append(version)
        return Document(self.held[version], version, "", image.registry)

    def platforms(self, top: str) -> list[str]:
        image = ImageReference(IMAGE.registry, IMAGE.repository, "", top)
        return [str(one.platform) for one in describe(image, self.get, self.get).available]


def entry(digest: str, platform: str = "", media_type: str = OCI_MANIFEST) -> dict[str, Any]:
    said = dict(zip(("os", "architecture", "variant"), platform.split("/")))
    line = {"digest": digest, "size": 7, "mediaType": media_type}
    return {**line, "platform": said} if platform else line


def test_an_index_is_answered_with_one_request() -> None:
    store = Store()
    parts = [store.manifest(name) for name in ("linux/amd64", "linux/arm64/v8")]
    top = store.index(entry(parts[0], "linux/amd64"), entry(parts[1], "linux/arm64/v8"))
    assert store.platforms(top) == ["linux/amd64", "linux/arm64"]
    assert store.asked == [top]


def test_a_manifest_is_answered_with_its_configuration() -> None:
    store = Store()
    top = store.manifest("linux/arm/v6")
    assert store.platforms(top) == ["linux/arm/v6"]
    assert len(store.asked) == 2


def test_a_manifest_tells_by_its_configuration_which_devices_it_needs() -> None:
    store = Store()
    wants = {"Env": ["PATH=/bin", "NVIDIA_VISIBLE_DEVICES=all"], "Labels": None}
    config = store.put({"os": "linux", "architecture": "amd64", "config": wants})
    gpu = store.put({"schemaVersion": 2, "config": {"digest": config}, "layers": []})
    top = store.index(entry(gpu), entry(gpu, "linux/arm64"))
    image = ImageReference(IMAGE.registry, IMAGE.repository, "", top)
    read, listed = describe(image, store.get, store.get).available
    assert read.devices == ("variable NVIDIA_VISIBLE_DEVICES",)
    assert listed.devices is None


def test_attestations_and_what_is_no_image_are_left_out() -> None:
    store = Store()
    proof = entry(digest(b"1"), "linux/arm64")
    proof["annotations"] = {"vnd.docker.reference.type": "attestation-manifest"}
    top = store.index(
        entry(digest(b"2"), "linux/arm64"),
        entry(digest(b"3"), "unknown/unknown"),
        proof,
        entry(digest(b"4"), "", "application/vnd.example.chart+json"),
    )
    assert store.platforms(top) == ["linux/arm64"]


def test_indexes_in_indexes_and_entries_without_a_platform_are_followed() -> None:
    store = Store()
    inner = store.index(entry(store.manifest("linux/arm64"), "linux/arm64"))
    bare = store.manifest("linux/riscv64")
    top = store.index(entry(inner, "", OCI_INDEX), entry(bare), entry(digest(b"x"), "linux/386"))
    assert store.platforms(top) == ["linux/arm64", "linux/riscv64", "linux/386"]


EMPTY = "application/vnd.oci.empty.v1+json"


def artifact(store: Store, kind: str = EMPTY) -> str:
    """Put a manifest whose configuration is none of an image."""
    config = {"mediaType": kind, "digest": store.put({})}
    return store.put({"schemaVersion": 2, "config": config, "layers": []})


def test_an_artifact_among_the_entries_of_an_index_is_left_out() -> None:
    store = Store()
    silent = artifact(store, "application/vnd.oci.image.config.v1+json")
    top = store.index(entry(artifact(store)), entry(digest(b"x"), "linux/arm64"), entry(silent))
    assert store.platforms(top) == ["linux/arm64"]
    inner = store.index(entry(artifact(store)))
    nested = store.index(entry(inner, "", OCI_INDEX), entry(store.manifest("linux/arm64")))
    assert store.platforms(nested) == ["linux/arm64"]


def test_an_index_of_artifacts_alone_is_no_image() -> None:
    store = Store()
    with pytest.raises(DockerHostError, match=re.escape(f"is no image, but holds '{EMPTY}'")):
        store.platforms(store.index(entry(artifact(store))))


@pytest.mark.parametrize("part", ["lin\ud800ux", "linux\x1b[31m", "linux/arm64", "lin ux", "é"])
def test_a_platform_that_no_platform_can_be_called_is_looked_up_behind_the_entry(part: str) -> None:
    store = Store()
    odd = {
        **entry(store.manifest("linux/riscv64")),
        "platform": {"os": part, "architecture": "arm64"},
    }
    assert store.platforms(store.index(odd)) == ["linux/riscv64"]
    config = json.dumps({"os": "linux", "architecture": part}).encode()
    with pytest.raises(DockerHostError, match="does not say for which platform"):
        read_config(IMAGE, config)


def test_an_empty_index_holds_nothing() -> None:
    store = Store()
    assert store.platforms(store.index()) == []


def test_indexes_are_followed_to_a_bound() -> None:
    store = Store()
    top = store.index()
    for _ in range(5):
        top = store.index(entry(top, "", OCI_INDEX))
    with pytest.raises(DockerHostError, match="more indexes"):
        store.platforms(top)
    wide = store.index(*[entry(store.index(), "", OCI_INDEX) for _ in range(65)])
    store.asked.clear()
    with pytest.raises(DockerHostError, match="more indexes"):
        store.platforms(wide)
    assert len(store.asked) == 65


@pytest.mark.parametrize(
    ("document", "content_type", "media_type"),
    [
        ({"mediaType": DOCKER_LIST, "manifests": []}, OCI_MANIFEST, DOCKER_LIST),
        ({"manifests": []}, DOCKER_LIST, DOCKER_LIST),
        ({"manifests": []}, "application/json", OCI_INDEX),
        ({"manifests": []}, "", OCI_INDEX),
        ({"config": {"digest": digest(b"")}}, DOCKER_MANIFEST, DOCKER_MANIFEST),
        ({"config": {"digest": digest(b"")}}, "", OCI_MANIFEST),
    ],
)
def test_the_kind_is_told_by_the_body_then_the_header_then_the_shape(
    document: Any, content_type: str, media_type: str
) -> None:
    found = read_manifest(IMAGE, json.dumps(document).encode(), content_type)
    assert found.media_type == media_type
    assert isinstance(found, Index) is (media_type in INDEXES)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"schemaVersion": 1, "architecture": "amd64"}, "before 1.10"),
        ({"mediaType": "application/vnd.oci.artifact.manifest.v1+json"}, "is no image"),
        ({"config": {"mediaType": "application/vnd.docker.plugin.v1+json"}}, "is no image"),
        ({"mediaType": OCI_INDEX, "manifests": [], "layers": []}, "neither"),
        ({"mediaType": OCI_MANIFEST, "config": {}, "manifests": []}, "neither"),
        ({"mediaType": OCI_INDEX}, "neither"),
        ({"manifests": [{"digest": digest(b""), "size": True}]}, "neither"),
        ({"manifests": [{"digest": digest(b""), "size": -1}]}, "neither"),
        ({"manifests": [{"digest": digest(b""), "size": 2**63}]}, "neither"),
        ({"mediaType": "a\ud800\x07"}, r"a\ud800\x07"),
        ({"config": {"mediaType": "a\ud800\x07"}}, r"a\ud800\x07"),
    ],
)
def test_what_is_no_image_is_an_error(document: Any, words: str) -> None:
    with pytest.raises(DockerHostError) as error:
        read_manifest(IMAGE, json.dumps(document).encode(), "")
    assert words in error.value.message
    assert str(IMAGE) in error.value.message


@pytest.mark.parametrize("config", [{}, {"os": "linux"}, {"os": 1, "architecture": "arm64"},
                                    {"os": "linux", "architecture": "a" * 65}])  # fmt: skip
def test_a_configuration_without_a_platform_is_an_error(config: Any) -> None:
    with pytest.raises(DockerHostError):
        read_config(IMAGE, json.dumps(config).encode())


RECORDS = FIXTURES / "registry"
ARM64 = ["linux/arm64"]
# By document: the platforms that it names, or words of the error.
MEANINGS = {
    "index-artifact": ARM64,
    "index-attestation": ARM64,
    "index-duplicate": ARM64,
    "index-null-fields": ARM64,
    "index-odd-size": "neither an index nor a manifest",
    "index-fractional-size": "neither an index nor a manifest",
    "index-null-entry": "neither an index nor a manifest",
    "index-surrogate": ARM64,
    "index-control": ARM64,
    "index-slash": ARM64,
    "index-list-for-platform": ARM64,
    "index-unknown-digest": "neither an index nor a manifest",
    "index-and-manifest": "neither an index nor a manifest",
    "manifest-odd-config-type": r"is no image, but holds 'text/\x07\udfff'",
    "manifest-empty-config": "is no image, but holds",
    "odd-media-type": r"is no image, but '\x85\ud800'",
    "schema-1": "before 1.10",
    "errors": "neither an index nor a manifest",
    "config-devices": ARM64,
    "config-null-fields": ["linux/arm/v7"],
    "config-odd-platform": "does not say for which platform",
}


def test_every_document_of_the_fixtures_has_a_meaning() -> None:
    assert {path.stem for path in RECORDS.glob("*.json")} == MEANINGS.keys()


@pytest.mark.parametrize(("name", "meaning"), MEANINGS.items())
def test_an_odd_document_is_read_or_is_an_error_in_words_that_can_be_shown(
    name: str, meaning: list[str] | str
) -> None:
    content = (RECORDS / f"{name}.json").read_bytes()
    store = Store()
    config = digest(content if name.startswith("config-") else b"{}")
    store.held = {config: content, digest(b"{}"): b"{}"}
    bare = json.dumps({"config": {"digest": config}, "layers": []}).encode()
    # Behind an entry that says no platform lies what is no image.
    store.held[f"sha256:{'b' * 64}"] = (RECORDS / "manifest-empty-config.json").read_bytes()
    store.held["1"] = bare if name.startswith("config-") else content
    if isinstance(meaning, str):
        with pytest.raises(DockerHostError) as error:
            describe(IMAGE, store.get, store.get)
        assert meaning in error.value.message
        assert str(error.value).isprintable()
    else:
        found = describe(IMAGE, store.get, store.get)
        assert [str(one.platform) for one in found.available] == meaning
        assert all(text.isprintable() for one in found.available for text in one.devices or ())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.just(digest(b"")),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["manifests", "config", "digest", "size", "platform", "os", "mediaType",
                         "architecture", "variant", "annotations", "layers", "Env", "Labels",
                         "devices", "deploy", "resources"]),
        inner, max_size=5,
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_any_json_is_read_or_an_error(document: Any) -> None:
    body = json.dumps(document).encode()
    for read in (lambda: read_manifest(IMAGE, body, ""), lambda: read_config(IMAGE, body)):
        try:
            read()
        except DockerHostError:
            continue


def available(*names: str) -> list[Available]:
    return [
        Available(Platform.of_image(*(name.split("/") + [""])[:3]), digest(name.encode()), 1)
        for name in names
    ]


def chosen(host: str, *names: str, wanted: str = "", **target: Any) -> tuple | None:
    target["emulated"] = tuple(map(Platform.parse, target.get("emulated", ())))
    platform = Platform.parse(wanted) if wanted else None
    found = select(Target(Platform.parse(host), **target), available(*names), platform)
    return (str(found.chosen.platform), found.match) if found else None


@pytest.mark.parametrize(
    ("host", "names", "expected"),
    [
        ("arm64", ["linux/amd64", "linux/arm/v7", "linux/arm64"], ("linux/arm64", "exact")),
        ("arm64", ["linux/arm/v5", "linux/arm/v7"], ("linux/arm/v7", "compatible")),
        ("arm64", ["linux/arm/v5", "linux/arm/v8"], ("linux/arm/v8", "compatible")),
        ("arm64", ["linux/amd64"], None),
        ("arm64", ["windows/arm64"], None),
        ("arm64", [], None),
        ("arm/v6", ["linux/arm64", "linux/arm/v7", "linux/arm/v5"], ("linux/arm/v5", "compatible")),
        ("arm/v7", ["linux/arm64"], None),
        ("amd64", ["linux/386"], ("linux/386", "compatible")),
    ],
)
def test_a_host_takes_what_fits_it_best(host: str, names: list, expected: Any) -> None:
    assert chosen(host, *names) == expected


def test_emulation_comes_last_and_only_as_listed() -> None:
    names = ["linux/amd64", "linux/s390x", "linux/arm/v7"]
    assert chosen("arm64", *names, emulated=["amd64"])[1] == "compatible"
    assert chosen("arm64", *names[:2], emulated=["s390x", "amd64"]) == ("linux/s390x", "emulated")
    assert chosen("arm64", *names[:2], emulated=["riscv64"]) is None
    assert chosen("arm64", *names, aarch32=False, emulated=["arm/v7"])[1] == "emulated"


def test_cores_without_aarch32_take_no_32_bit_program() -> None:
    assert chosen("arm64", "linux/arm/v7", aarch32=False) is None
    assert chosen("arm64", "linux/arm/v7", "linux/arm64", aarch32=False)[1] == "exact"
    assert chosen("arm/v7", "linux/arm/v7", aarch32=False)[1] == "exact"


def test_a_service_that_demands_a_platform_gets_that_or_nothing() -> None:
    both = ["linux/arm64", "linux/amd64"]
    assert chosen("arm64", *both, wanted="arm64") == ("linux/arm64", "exact")
    assert chosen("arm64", *both, wanted="amd64") is None
    assert chosen("arm64", *both, wanted="amd64", emulated=["amd64"])[1] == "emulated"
    assert chosen("arm64", *both, wanted="arm/v7") is None


def test_a_misfit_says_what_there_is_and_what_to_do() -> None:
    target = Target(Platform.parse("arm64"))
    error = misfit(IMAGE, target, available("linux/amd64", "linux/386"))
    assert "not there for linux/arm64, but for linux/amd64, linux/386" in error.message
    assert "emulated_platforms" in error.remedy
    assert "index is empty" in misfit(IMAGE, target, []).message
    arm = misfit(IMAGE, Target(target.platform, aarch32=False), available("linux/arm/v7"))
    assert "AArch32" in arm.message
    demanded = misfit(IMAGE, target, available("linux/amd64"), Platform.parse("amd64"))
    assert "asked for as linux/amd64" in demanded.message
    both = Target(target.platform, (Platform.parse("amd64"),))
    emulated = misfit(IMAGE, both, available("linux/arm64"), Platform.parse("amd64"))
    assert "not there for linux/amd64, but for linux/arm64" in emulated.message
    assert "take platform out of the service: the host takes linux/arm64" in emulated.remedy
    assert "emulated_platforms" not in emulated.remedy
    neither = misfit(IMAGE, both, available("linux/s390x"), Platform.parse("arm64"))
    assert "emulated_platforms" not in neither.remedy
    assert "platform out" not in neither.remedy
    many = misfit(IMAGE, target, available(*[f"linux/x{number}" for number in range(40)]))
    assert len(many.message) < 400
