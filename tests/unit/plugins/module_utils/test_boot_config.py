# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._boot_config import (
    inside,
    models,
    settings,
)
from ansible_collections.arm64.docker.tests.unit.boot_files import FakeFiles

FOLDER = "/boot/firmware"


def board(name: str, **config: str) -> FakeFiles:
    """A Raspberry Pi by its name in the device tree, with files of its boot partition."""
    files = FakeFiles({"/proc/device-tree/compatible": f"raspberrypi,{name}\0brcm,bcm2711\0"})
    files.update({f"{FOLDER}/{key}.txt": text for key, text in config.items()})
    return files


def read(config: str, name: str = "4-model-b", **more: bool) -> dict[str, str]:
    return settings(board(name, config=config), FOLDER, **more)


@pytest.mark.parametrize(
    ("name", "filters"),
    [
        ("4-model-b", {"pi4"}),
        ("400", {"pi4", "pi400"}),
        ("4-compute-module", {"pi4", "cm4"}),
        ("5-model-b", {"pi5"}),
        ("500", {"pi5", "pi500"}),
        ("5-compute-module", {"pi5", "cm5"}),
        ("3-model-b-plus", {"pi3", "pi3+"}),
        ("model-zero-2-w", {"pi0", "pi0w", "pi02"}),
        ("9-model-z", set()),
    ],
)
def test_the_device_tree_says_which_model_filters_apply(name: str, filters: set[str]) -> None:
    assert models(board(name)) == filters
    for model in filters:
        assert read(f"[{model}]\nkernel=x", name) == {"kernel": "x"}
    assert read("[pi1]\nkernel=x", name) == {}


def test_a_board_of_another_maker_has_no_model() -> None:
    assert models(FakeFiles({"/proc/device-tree/compatible": "rockchip,rk3399\0"})) == set()
    assert models(FakeFiles()) == set()


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ("", {}),
        ("kernel=a", {"kernel": "a"}),
        ("kernel=a\nkernel=b\r\n", {"kernel": "b"}),
        ("  kernel=a  \n#kernel=b\n # kernel=c\nkernel\n", {"kernel": "a"}),
        ("dtoverlay=vc4-kms-v3d,cma=512", {"dtoverlay": "vc4-kms-v3d,cma=512"}),
        ("kernel=", {"kernel": ""}),
        ("[pi4]\nkernel=a\n[pi5]\nkernel=b\n", {"kernel": "a"}),
        ("[pi5]\nkernel=a\n[pi4]\nkernel=b\n[all]\narm_64bit=1", {"kernel": "b", "arm_64bit": "1"}),
        ("[none]\nkernel=a\n", {}),
        ("[none]\nkernel=a\n[pi4]\nkernel=b\n[all]\nos_prefix=c/", {"os_prefix": "c/"}),
        ("[EDID=VSC-TD2220]\nkernel=a\n", {}),
        ("[EDID=VSC-TD2220]\n[pi4]\nkernel=a\n", {}),
        ("[0x12345678]\nkernel=a\n[all]\ncmdline=b", {"cmdline": "b"}),
        ("[gpio4=1]\nkernel=a\n[gpio4=0]\nkernel=b", {}),
        ("[board-type=0x14]\nkernel=a", {}),
        ("[HDMI:0]\nkernel=a", {}),
        ("[tryboot]\nkernel=a", {}),
        ("[pi4\nkernel=a", {"kernel": "a"}),
        ("[ALL]\nkernel=a", {}),
    ],
)
def test_settings_count_where_every_filter_above_them_applies(
    config: str, found: dict[str, str]
) -> None:
    assert read(config) == found


def test_a_trial_has_settings_of_its_own() -> None:
    config = "[all]\nos_prefix=current/\n[tryboot]\nos_prefix=new/\n[all]\nkernel=vmlinuz\n"
    assert read(config)["os_prefix"] == "current/"
    assert read(config, tryboot=True) == {"os_prefix": "new/", "kernel": "vmlinuz"}


def test_files_are_included_in_their_place_and_once() -> None:
    files = board(
        "4-model-b",
        config="kernel=a\ninclude more.txt\ninclude ../../etc/passwd.txt\ninclude none.txt\n",
        more="[pi4]\nkernel=b\n[pi5]\ninclude config.txt\ninclude more.txt\ncmdline=c\n",
    )
    files["/etc/passwd.txt"] = "kernel=z"
    assert settings(files, FOLDER) == {"kernel": "b"}


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("cmdline.txt", "/boot/firmware/cmdline.txt"),
        ("current/cmdline.txt", "/boot/firmware/current/cmdline.txt"),
        ("/cmdline.txt", "/boot/firmware/cmdline.txt"),
        ("a/../b", "/boot/firmware/b"),
        ("../../etc/shadow", None),
        ("a/../../x", None),
        (".", None),
        ("a\0b", None),
    ],
)
def test_a_name_stays_inside_of_the_boot_partition(name: str, path: str | None) -> None:
    assert inside(FOLDER, name) == path


@given(
    st.text()
    | st.lists(
        st.sampled_from(["[pi4]", "[all]", "[", "]", "\n", "=", "kernel", "include", " ", "#", "x"])
    ).map("".join)
)
def test_any_text_has_settings_or_none(text: str) -> None:
    for name, value in read(text).items():
        assert f"{name}={value}" in text
