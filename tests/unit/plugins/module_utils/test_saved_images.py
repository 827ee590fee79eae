# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._archive import docker_archive
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
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


def test_an_archive_of_containerd_says_both_ids(tmp_path: Path) -> None:
    config = json.dumps({"os": "linux", "architecture": "arm", "variant": "v7"}).encode()
    digest = hashlib.sha256(config).hexdigest()
    entry = {"Config": f"blobs/sha256/{digest}", "RepoTags": None, "Layers": []}
    index = {"schemaVersion": 2, "manifests": [{"digest": f"sha256:{'b' * 64}"}]}
    place = tmp_path / "app.tar"
    files = {f"blobs/sha256/{digest}": config, "manifest.json": [entry], "index.json": index}
    place.write_bytes(tar(files))
    (image,) = read_archive(str(place))
    assert image.ids == (f"sha256:{digest}", f"sha256:{'b' * 64}")
    assert (image.names, str(image.platform)) == ((), "linux/arm/v7")


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
