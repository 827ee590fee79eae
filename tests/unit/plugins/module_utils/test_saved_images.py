# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import lzma
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._archive import docker_archive
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._image_content import missing_archives
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform
from ansible_collections.arm64.docker.plugins.module_utils._saved_images import read_archive

ARM64 = Platform.parse("linux/arm64")


def tar(files: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_names_platform_and_id_are_read(tmp_path: Path, pack: Any) -> None:
    place = tmp_path / "app.tar"
    place.write_bytes(pack(docker_archive("team/app:1", ARM64, {"/app": b"x"}, ["/app"])))
    (image,) = read_archive(str(place))
    assert (image.names, image.platform) == (("team/app:1",), ARM64)
    (identity,) = image.ids
    assert identity.startswith("sha256:")


def test_an_archive_that_was_packed_from_a_folder_is_read(tmp_path: Path) -> None:
    saved = Saved()
    own, manifest = saved.image()
    saved.write(tmp_path / "app.tar", [(own, ["app:1"])], manifest)
    with tarfile.open(tmp_path / "app.tar") as archive:
        files = {f"./{one.name}": archive.extractfile(one).read() for one in archive}
    (tmp_path / "app.tar").write_bytes(tar(files))
    (image,) = read_archive(str(tmp_path / "app.tar"))
    assert (image.names, image.ids) == (("app:1",), (own, manifest))


class Saved:
    """The files of an archive, by their names; blobs are named by their digests."""

    def __init__(self) -> None:
        self.files: dict[str, Any] = {}

    def blob(self, document: dict[str, Any]) -> str:
        data = json.dumps(document).encode()
        digest = hashlib.sha256(data).hexdigest()
        self.files[f"blobs/sha256/{digest}"] = data
        return f"sha256:{digest}"

    def image(self, **config: Any) -> tuple[str, str]:
        """Add an image, and return the digests of its configuration and of its manifest."""
        own = self.blob({"os": "linux", "architecture": "arm64", **config})
        return own, self.blob({"schemaVersion": 2, "config": {"digest": own}, "layers": []})

    def index(self, *manifests: str) -> dict[str, Any]:
        return {"schemaVersion": 2, "manifests": [{"digest": digest} for digest in manifests]}

    def write(self, place: Path, images: list[tuple[str, list[str]]], *index: str) -> str:
        """Write the archive of images, which are digests of configurations with names."""
        manifest = [
            {"Config": f"blobs/{own.replace(':', '/')}", "RepoTags": names, "Layers": []}
            for own, names in images
        ]
        found = {**self.files, "manifest.json": manifest}
        place.write_bytes(tar({**found, "index.json": self.index(*index)} if index else found))
        return str(place)


def test_each_image_of_an_archive_has_the_ids_of_both_stores_and_of_no_other(
    tmp_path: Path,
) -> None:
    saved = Saved()
    (web, web_manifest), (job, job_manifest) = saved.image(), saved.image(created="later")
    index = saved.blob(saved.index(job_manifest, f"sha256:{'b' * 64}"))
    place = saved.write(tmp_path / "app.tar", [(web, ["w:1"]), (job, [])], web_manifest, index)
    first, second = read_archive(place)
    assert (first.names, first.ids) == (("w:1",), (web, web_manifest))
    assert second.names == ()
    assert second.ids == (job, *sorted((index, job_manifest)))


def test_an_index_without_its_manifest_says_nothing(tmp_path: Path) -> None:
    saved = Saved()
    own, _manifest = saved.image(architecture="arm", variant="v7")
    place = saved.write(tmp_path / "app.tar", [(own, [])], f"sha256:{'b' * 64}")
    (image,) = read_archive(place)
    assert (image.ids, str(image.platform)) == ((own,), "linux/arm/v7")


def test_an_index_that_names_itself_comes_to_an_end(tmp_path: Path) -> None:
    saved = Saved()
    own, _manifest = saved.image()
    itself = f"sha256:{'c' * 64}"
    saved.files[f"blobs/sha256/{'c' * 64}"] = saved.index(itself)
    (image,) = read_archive(saved.write(tmp_path / "app.tar", [(own, [])], itself))
    assert image.ids == (own,)


CONFIG = {
    "created": "2026-01-05T10:00:00.120+02:00",
    "variant": "v8",
    "rootfs": {"type": "layers", "diff_ids": ["sha256:1", "sha256:2"]},
    "config": {"Env": ["A=1"], "Cmd": ["/app"], "Entrypoint": None, "User": "app"},
}
ON_HOST = {
    "Id": f"sha256:{'d' * 64}",
    "RepoTags": ["app:1"],
    "Os": "linux",
    "Architecture": "arm64",
    "Created": "2026-01-05T08:00:00.12Z",
    "RootFS": {"Type": "layers", "Layers": ["sha256:1", "sha256:2"]},
    "Config": {"Env": ["A=1"], "Cmd": ["/app"], "Labels": {}, "User": "app", "Volumes": None},
}


def lacks(place: str, *present: dict[str, Any]) -> bool:
    """Say whether a host with these images lacks one of an archive."""
    saved = [
        {"archive": place, "names": one.names, "ids": one.ids, "content": one.content}
        for one in read_archive(place)
    ]
    return missing_archives(saved, list(present)) == [place]


def saved_app(place: Path, *names: str, **config: Any) -> str:
    saved = Saved()
    own, _manifest = saved.image(**{**CONFIG, **config})
    return saved.write(place, [(own, list(names or ["app:1"]))])


def test_an_image_is_the_same_whatever_id_the_engine_gave_it(tmp_path: Path) -> None:
    assert not lacks(saved_app(tmp_path / "app.tar"), ON_HOST)


def test_of_an_image_without_a_time_engines_say_several_things(tmp_path: Path) -> None:
    place = saved_app(tmp_path / "app.tar", created=None)
    for said in ({"Created": "0001-01-01T00:00:00Z"}, {"Created": ""}, {"Created": None}):
        assert not lacks(place, {**ON_HOST, **said})
    assert lacks(place, ON_HOST)


@pytest.mark.parametrize(
    "other",
    [
        {"Created": "2026-01-05T10:00:00.12Z"},
        {"Created": "yesterday"},
        {"Architecture": "amd64"},
        {"RootFS": {"Layers": ["sha256:2", "sha256:1"]}},
        {"RootFS": {}},
        {"Config": {**ON_HOST["Config"], "Env": ["A=2"]}},
        {"Config": {**ON_HOST["Config"], "Labels": {"a": "b"}}},
        {"Config": {**ON_HOST["Config"], "Healthcheck": {"Test": ["CMD", "true"]}}},
        {"Config": {**ON_HOST["Config"], "User": ""}},
        {"Config": None},
        {"RepoTags": ["app:2"]},
        {"RepoTags": None},
    ],
)
def test_a_name_that_stands_for_another_image_has_to_be_loaded(
    tmp_path: Path, other: dict[str, Any]
) -> None:
    assert lacks(saved_app(tmp_path / "app.tar"), {**ON_HOST, **other})


@pytest.mark.parametrize(
    ("saved", "present"),
    [
        ("docker.io/library/app:1", "app:1"),
        ("app:1", "docker.io/library/app:1"),
        ("docker.io/team/app:1", "team/app:1"),
        ("index.docker.io/team/app:1", "docker.io/team/app:1"),
    ],
)
def test_names_of_docker_hub_are_the_same_short_and_in_full(
    tmp_path: Path, saved: str, present: str
) -> None:
    place = saved_app(tmp_path / "app.tar", saved)
    assert not lacks(place, {**ON_HOST, "RepoTags": [present]})
    assert lacks(place, {**ON_HOST, "RepoTags": [f"example.org/{present}"]})


def test_each_image_of_an_archive_has_to_be_there_by_each_of_its_names(tmp_path: Path) -> None:
    saved = Saved()
    (app, _manifest), (job, manifest) = saved.image(**CONFIG), saved.image()
    images = [(app, ["app:1", "app:latest"]), (job, ["job:1"])]
    place = saved.write(tmp_path / "app.tar", images, manifest)
    has_app = {**ON_HOST, "RepoTags": ["app:1", "app:latest"]}
    has_job = {"Id": manifest, "RepoTags": ["job:1"]}
    assert not lacks(place, has_app, has_job)
    assert lacks(place, has_app)
    assert lacks(place, ON_HOST, has_job)
    assert lacks(place, {**has_app, "RepoTags": [*has_app["RepoTags"], "job:1"]})


def test_one_of_several_platforms_by_one_name_is_enough(tmp_path: Path) -> None:
    saved = Saved()
    (own, _manifest), (other, _other) = saved.image(**CONFIG), saved.image(architecture="amd64")
    place = saved.write(tmp_path / "app.tar", [(own, ["app:1"]), (other, ["app:1"])])
    assert not lacks(place, ON_HOST)


def test_an_archive_without_names_is_always_loaded(tmp_path: Path) -> None:
    saved = Saved()
    own, _manifest = saved.image(**CONFIG)
    assert lacks(saved.write(tmp_path / "app.tar", [(own, [])]), ON_HOST)


LAYER = b"".join(b"%d" % number for number in range(50000))


def damaged(data: bytes) -> bytes:
    """Return what is packed with another byte in its middle."""
    place = len(data) // 2
    return data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no archive",
        tar({"other": b""}),
        tar({"manifest.json": b"{"}),
        tar({"manifest.json": {"Config": 1}}),
        tar({"manifest.json": [{"Config": "missing.json"}]}),
        tar({"manifest.json": [{"Config": "c.json"}], "c.json": []}),
        gzip.compress(tar({"manifest.json": []}))[:30],
        damaged(lzma.compress(tar({"layer": LAYER, "manifest.json": []}))),
    ],
)
def test_what_is_no_archive_is_an_error_that_names_it(tmp_path: Path, content: bytes) -> None:
    place = tmp_path / "app.tar"
    place.write_bytes(content)
    with pytest.raises(DockerHostError, match=r"app\.tar .*docker save"):
        read_archive(str(place))


def test_a_missing_archive_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DockerHostError, match="No such file"):
        read_archive(str(tmp_path / "app.tar"))


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["Config", "RepoTags", "manifests", "x"]), inner, max_size=3
            )
        ),
        max_leaves=8,
    )
)
def test_any_manifest_is_read_or_refused(tmp_path: Path, manifest: Any) -> None:
    place = tmp_path / "app.tar"
    place.write_bytes(tar({"manifest.json": manifest, "index.json": manifest}))
    with contextlib.suppress(DockerHostError):
        read_archive(str(place))
