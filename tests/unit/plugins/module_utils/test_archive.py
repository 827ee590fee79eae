# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import io
import json
import tarfile

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._archive import docker_archive
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform

PROGRAMS = {"/exit": b"\x7fELF one", "/bin/print": b"\x7fELF two"}


def archive(platform: str = "linux/arm64") -> bytes:
    return docker_archive("test/x:1", Platform.parse(platform), PROGRAMS, ["/exit"])


def files(content: bytes) -> dict[str, tuple[bytes, int]]:
    with tarfile.open(fileobj=io.BytesIO(content)) as opened:
        return {entry.name: (opened.extractfile(entry).read(), entry.mode) for entry in opened}


def test_the_same_arguments_give_the_same_bytes() -> None:
    assert archive() == archive()
    assert archive() != archive("linux/amd64")


def test_the_archive_is_what_docker_load_takes() -> None:
    found = files(archive())
    (image,) = json.loads(found["manifest.json"][0])
    assert image["RepoTags"] == ["test/x:1"]
    assert set(found) == {"manifest.json", image["Config"], *image["Layers"]}
    config = json.loads(found[image["Config"]][0])
    assert config["config"] == {"Cmd": ["/exit"]}
    assert len(config["history"]) == len(image["Layers"]) == 1


def test_configuration_and_layer_are_named_by_their_digests() -> None:
    found = files(archive())
    (image,) = json.loads(found["manifest.json"][0])
    config, layer = found[image["Config"]][0], found[image["Layers"][0]][0]
    digest = hashlib.sha256(layer).hexdigest()
    assert image["Config"] == f"{hashlib.sha256(config).hexdigest()}.json"
    assert image["Layers"] == [f"{digest}/layer.tar"]
    assert json.loads(config)["rootfs"] == {"type": "layers", "diff_ids": [f"sha256:{digest}"]}


def test_the_layer_holds_the_programs_executable() -> None:
    found = files(archive())
    (image,) = json.loads(found["manifest.json"][0])
    layer = files(found[image["Layers"][0]][0])
    assert layer == {
        "bin/print": (b"\x7fELF two", 0o755),
        "exit": (b"\x7fELF one", 0o755),
    }


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ("linux/arm64", {"os": "linux", "architecture": "arm64", "variant": "v8"}),
        ("linux/amd64", {"os": "linux", "architecture": "amd64"}),
        ("linux/arm/v7", {"os": "linux", "architecture": "arm", "variant": "v7"}),
    ],
)
def test_the_configuration_says_the_platform(platform: str, expected: dict[str, str]) -> None:
    found = files(archive(platform))
    (image,) = json.loads(found["manifest.json"][0])
    config = json.loads(found[image["Config"]][0])
    assert {key: config[key] for key in ("os", "architecture", "variant") if key in config} == (
        expected
    )
