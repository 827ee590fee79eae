# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.arm64.docker.plugins.filter.compose_override import (
    FilterModule as ComposeOverride,
)
from ansible_collections.arm64.docker.plugins.filter.container_devices import FilterModule

container_devices = FilterModule().filters()["container_devices"]
compose_override = ComposeOverride().filters()["compose_override"]


def test_reasons_are_returned() -> None:
    assert container_devices({"runtime": "nvidia"}) == ["runtime nvidia"]


def test_what_is_no_dictionary_is_an_error_of_the_filter() -> None:
    with pytest.raises(AnsibleFilterError, match="not str"):
        container_devices("nvidia")


def test_rows_of_another_shape_are_an_error_of_the_filter() -> None:
    with pytest.raises(AnsibleFilterError, match="rows of arm64"):
        compose_override([{}])
