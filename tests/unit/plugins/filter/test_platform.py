# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.arm64.docker.plugins.filter.platform import FilterModule

platform = FilterModule().filters()["platform"]


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("aarch64", "linux/arm64"),
        ("arm64/v8", "linux/arm64"),
        ("armhf", "linux/arm/v7"),
        ("linux/arm/v7", "linux/arm/v7"),
        ("x86_64", "linux/amd64"),
    ],
)
def test_a_spelling_becomes_the_platform(spelling: str, name: str) -> None:
    assert platform(spelling) == name


@pytest.mark.parametrize("text", ["banana", "", "linux/", "arm/v9"])
def test_a_wrong_text_is_an_error_of_the_filter_that_names_it(text: str) -> None:
    with pytest.raises(AnsibleFilterError) as error:
        platform(text)
    assert "arm64.docker.platform" in str(error.value)
    assert f"'{text}'" in str(error.value)


@pytest.mark.parametrize("value", [None, 64, 1.5, True, ["arm64"], {"arm64": 1}, b"arm64"])
def test_what_is_no_text_is_an_error_of_the_filter_that_names_it(value: Any) -> None:
    with pytest.raises(AnsibleFilterError) as error:
        platform(value)
    assert repr(value) in str(error.value)
    assert type(value).__name__ in str(error.value)
