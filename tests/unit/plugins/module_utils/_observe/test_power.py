# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._observe._power import (
    THROTTLED_ARGV,
    read_throttled,
)
from ansible_collections.arm64.docker.plugins.module_utils._process import Result
from ansible_collections.arm64.docker.tests.unit.fakes import said, silent
from ansible_collections.arm64.docker.tests.unit.hosts import Machine


def throttled(machine: Machine, answer: Result) -> Any:
    """Return what is read where vcgencmd answers so."""
    machine.runner.answers["vcgencmd"] = answer
    host = machine.host()
    host.start("throttled", THROTTLED_ARGV)
    return read_throttled(host)


@pytest.mark.parametrize(
    ("value", "true"),
    [
        ("0x0", set()),
        ("0x1", {"undervoltage_now"}),
        ("0x4", {"throttled_now"}),
        ("0x10000", {"undervoltage_seen"}),
        ("0x40000", {"throttled_seen"}),
        ("0x50000", {"undervoltage_seen", "throttled_seen"}),
        ("0x50005", {"undervoltage_now", "undervoltage_seen", "throttled_now", "throttled_seen"}),
        ("0x2", {"frequency_capped_now"}),
        ("0x80000", {"temperature_limit_seen"}),
        (
            "0xA000A",
            {
                "frequency_capped_now",
                "frequency_capped_seen",
                "temperature_limit_now",
                "temperature_limit_seen",
            },
        ),
        ("0xFFF0", set()),
    ],
)
def test_each_bit_of_the_answer_has_its_meaning(
    machine: Machine, value: str, true: set[str]
) -> None:
    facts = throttled(machine, said(f"throttled={value}\n"))
    assert facts.pop("value") == value
    assert {name for name, is_so in facts.items() if is_so} == true
    assert len(facts) == 8


@pytest.mark.parametrize(
    "answer",
    [
        silent(),
        Result((), None, missing=True),
        said("", "VCHI initialization failed\n", 255),
        said("throttled=0x1\n", "", 1),
        said('error=1 error_msg="Command not registered"\n'),
        said("throttled=\n"),
        said(""),
    ],
)
def test_a_firmware_that_does_not_answer_noticed_nothing(machine: Machine, answer: Result) -> None:
    assert throttled(machine, answer) is None


def test_a_firmware_that_was_not_asked_noticed_nothing(machine: Machine) -> None:
    assert read_throttled(machine.host()) is None


@given(st.text() | st.text("throttled=0x15\n"))
def test_any_answer_is_read(machine: Machine, text: str) -> None:
    facts = throttled(machine, said(text))
    assert facts is None or f"throttled={facts['value']}" in text
