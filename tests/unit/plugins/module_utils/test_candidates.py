# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._candidates import candidates
from ansible_collections.arm64.docker.plugins.module_utils._image_reference import ImageReference
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform

ARM64 = "linux/arm64"


def names(image: str, platform: str = ARM64) -> list[str]:
    found = candidates(ImageReference.parse(image), Platform.parse(platform))
    return [str(one).replace("docker.io/", "") for one in found]


@pytest.mark.parametrize(
    ("image", "platform", "expected"),
    [
        (
            "nginx:1.4.2-slim",
            ARM64,
            [
                "arm64v8/nginx:1.4.2-slim",
                "library/nginx:1.4-slim",
                "library/nginx:1-slim",
                "library/nginx:1.4.3-slim",
                "library/nginx:1.5.0-slim",
                "library/nginx:1.5-slim",
                "library/nginx:2.0.0-slim",
                "library/nginx:2-slim",
                "library/nginx:latest",
            ],
        ),
        ("amd64/nginx:latest", ARM64, ["arm64v8/nginx:latest"]),
        ("nginx", "linux/arm/v7", ["arm32v7/nginx:latest"]),
        ("team/app:stable", ARM64, ["team/app:latest"]),
        (
            "team/app:v22.04.10",
            ARM64,
            [
                *("team/app:v22.04", "team/app:v22", "team/app:v22.04.11"),
                *("team/app:v22.05.0", "team/app:v22.05", "team/app:v23.00.0", "team/app:v23"),
                "team/app:latest",
            ],
        ),
        ("team/app:v09", ARM64, ["team/app:v10", "team/app:latest"]),
        (
            "quay.example.org/team/app:amd64-edge",
            ARM64,
            [
                "quay.example.org/team/app:arm64-edge",
                "quay.example.org/team/app:arm64v8-edge",
                "quay.example.org/team/app:aarch64-edge",
                "quay.example.org/team/app:edge",
                "quay.example.org/team/app:latest",
            ],
        ),
        ("nginx@sha256:" + "a" * 64, ARM64, ["library/nginx:latest"]),
    ],
)
def test_the_nearest_names_come_first(image: str, platform: str, expected: list[str]) -> None:
    assert names(image, platform) == expected


@given(
    st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", fullmatch=True),
    st.sampled_from([ARM64, "linux/arm/v7", "linux/amd64", "linux/riscv64"]),
)
def test_every_candidate_is_a_name_and_another_than_the_image(tag: str, platform: str) -> None:
    image = ImageReference.parse(f"app:{tag}")
    found = candidates(image, Platform.parse(platform))
    assert image not in found
    assert len(set(found)) == len(found)
    for one in found:
        assert ImageReference.parse(str(one)) == one
