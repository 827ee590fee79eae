# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._devices import device_reasons

VALUES = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = ["runtime", "gpus", "devices", "env", "environment", "Env", "labels", "deploy", "image"]


@pytest.mark.parametrize(
    ("says", "reasons"),
    [
        ({"image": "nginx", "env": {"TZ": "UTC"}, "labels": {"app": "web"}}, []),
        ({"runtime": "nvidia"}, ["runtime nvidia"]),
        ({"runtime": "runc"}, []),
        ({"gpus": "all"}, ["gpus"]),
        ({"device_requests": [{"driver": "nvidia"}]}, ["a reserved device"]),
        (
            {"deploy": {"resources": {"reservations": {"devices": [{"capabilities": ["gpu"]}]}}}},
            ["a reserved device"],
        ),
        ({"devices": ["/dev/video0:/dev/video0:rw"]}, ["device /dev/video0"]),
        ({"devices": [{"source": "/dev/dri", "target": "/dev/dri"}]}, ["device /dev/dri"]),
        ({"env": {"NVIDIA_VISIBLE_DEVICES": "all"}}, ["variable NVIDIA_VISIBLE_DEVICES"]),
        ({"environment": ["NVIDIA_VISIBLE_DEVICES=0", "A=1"]}, ["variable NVIDIA_VISIBLE_DEVICES"]),
        ({"environment": ["NVIDIA_DRIVER_CAPABILITIES"]}, ["variable NVIDIA_DRIVER_CAPABILITIES"]),
        ({"Env": ["NVIDIA_VISIBLE_DEVICES=void", "NVIDIA_REQUIRE_CUDA=cuda>=12"]}, []),
        (
            {"labels": ["com.nvidia.volumes.needed=nvidia_driver"]},
            ["label com.nvidia.volumes.needed"],
        ),
        ({"Labels": {"com.nvidia.cudnn.version": "9"}}, ["label com.nvidia.cudnn.version"]),
        ({"image": "nvcr.io/nvidia/l4t-base:r36"}, ["an image of NVIDIA's"]),
        ({"Env": None, "Labels": None, "devices": None}, []),
    ],
)
def test_what_needs_a_device_is_named(says: dict[str, Any], reasons: list[str]) -> None:
    assert device_reasons(says) == reasons


@given(st.dictionaries(st.sampled_from(KEYS), VALUES))
def test_any_content_gives_a_list_of_words(says: dict[str, Any]) -> None:
    assert all(isinstance(reason, str) for reason in device_reasons(says))
