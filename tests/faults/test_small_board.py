# SPDX-License-Identifier: GPL-3.0-or-later
"""A board with 1 GB of memory, whose device tree names it as a Raspberry Pi does."""

from __future__ import annotations

import pytest
from plays.host import Host

SMALL_BOARD = {"board": "raspberry-pi-4", "memory": 1024}

pytestmark = [
    pytest.mark.full,
    pytest.mark.parametrize("host", [SMALL_BOARD], indirect=True, ids=["small-board"]),
]


def test_strings_of_the_device_tree_end_with_nul_and_are_read_as_words(host: Host) -> None:
    raw = host.ssh("tr '\\0' '|' </proc/device-tree/compatible")
    assert raw == "raspberrypi,4-model-b|brcm,bcm2711|"
    facts = host.module("arm64.docker.docker_host_facts", gather=["board"]).result()
    assert facts["ansible_facts"]["ansible_docker_host"]["board"] == {
        "vendor": "raspberrypi",
        "family": "bcm2711",
        "model": "Raspberry Pi 4 Model B Rev 1.4",
        "compatible": ["raspberrypi,4-model-b", "brcm,bcm2711"],
        "release": None,
        "image": None,
        "throttled": None,
    }


@pytest.mark.usefixtures("untouched")
def test_1_gb_of_memory_is_refused(host: Host) -> None:
    attempt = host.play("arm64.docker.site")
    assert attempt.rc != 0
    assert "[error] memory_below_2gb:" in attempt.message()
    assert "1700 is what 2 GB boards have" in attempt.message()
    assert "Use a board with 2 GB or more" in attempt.message()
