# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.filter.desktop_url import FilterModule
from ansible_collections.arm64.docker.plugins.module_utils._desktop_builds import (
    BUILDS,
    FIRST_ON_ARM64,
    KNOWN_ON,
    NEWEST,
)

FILTERS = FilterModule().filters()
desktop_url = FILTERS["desktop_url"]
desktop_release = FILTERS["desktop_release"]

FOLDER = "https://desktop.docker.com/linux/main/arm64"


@pytest.mark.parametrize("build", [187762, "187762", " 187762 ", "4.40.0"])
def test_a_build_by_number_or_version_has_an_address(build):
    assert desktop_url(build) == f"{FOLDER}/187762/docker-desktop-arm64.deb"


def test_the_latest_lies_above_the_builds():
    assert desktop_url("latest") == f"{FOLDER}/docker-desktop-arm64.deb"


def test_a_mirror_has_the_same_folders():
    assert (
        desktop_url(236216, "https://mirror.example.org/desktop/")
        == "https://mirror.example.org/desktop/linux/main/arm64/236216/docker-desktop-arm64.deb"
    )


@pytest.mark.parametrize(
    "wrong", ["", "0", "newest", "-187762", "187762/../1", "4.40", "٣٤٥٦", "1" * 12, "187762\n1"]
)
def test_another_text_is_an_error_that_names_it(wrong):
    with pytest.raises(AnsibleFilterError) as error:
        desktop_url(wrong)
    assert f"'{wrong}' is no build" in str(error.value)
    assert BUILDS[NEWEST] in str(error.value)


@pytest.mark.parametrize("wrong", [None, True, 4.86, ["187762"], {"build": 1}])
def test_another_type_is_an_error_that_names_it(wrong):
    with pytest.raises(AnsibleFilterError, match=re.escape(repr(wrong))):
        desktop_url(wrong)


@pytest.mark.parametrize("wrong", [None, 7, "desktop.docker.com", "file:///srv"])
def test_a_server_is_an_address_of_the_web(wrong):
    with pytest.raises(AnsibleFilterError, match=re.escape(repr(wrong))):
        desktop_url("latest", wrong)


def test_a_version_without_a_known_build_says_how_far_the_table_goes():
    with pytest.raises(AnsibleFilterError) as error:
        desktop_url("4.99.0")
    for word in ("4.99.0", NEWEST, KNOWN_ON, "build number"):
        assert word in str(error.value)


def test_versions_and_builds_rise_together():
    versions = [tuple(map(int, version.split("."))) for version in BUILDS]
    builds = [int(build) for build in BUILDS.values()]
    assert versions == sorted(versions)
    assert builds == sorted(set(builds))
    assert list(BUILDS)[-1] == NEWEST


@pytest.mark.parametrize(
    ("wish", "version", "starts"),
    [("187762", "4.40.0", False), (FIRST_ON_ARM64, FIRST_ON_ARM64, True), (999999, "", True)],
)
def test_a_release_says_whether_it_starts_on_arm64(wish, version, starts):
    release = desktop_release(wish)
    assert (release["version"], release["starts"]) == (version, starts)


def test_the_latest_release_has_no_build_of_its_own():
    latest = desktop_release("latest")
    assert (latest["build"], latest["version"], latest["starts"]) == ("", "", True)
    newest = {"version": NEWEST, "build": BUILDS[NEWEST], "known_on": KNOWN_ON}
    assert latest["newest"] == newest


@given(st.integers(1000, 999999999))
def test_every_build_number_is_its_own_folder(build):
    assert desktop_url(build) == desktop_url(str(build))
    assert desktop_url(build).split("/")[-2] == str(build)


@given(st.text())
def test_any_text_is_an_address_or_a_named_error(text):
    try:
        url = desktop_url(text)
    except AnsibleFilterError:
        return
    assert re.fullmatch(FOLDER + r"/([0-9]+/)?docker-desktop-arm64\.deb", url)
