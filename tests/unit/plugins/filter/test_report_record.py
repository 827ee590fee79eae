# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.arm64.docker.plugins.filter.report_record import FilterModule
from ansible_collections.arm64.docker.tests.unit import fleets

report_record = FilterModule().filters()["report_record"]


def test_facts_become_a_host_of_the_report():
    found = report_record(fleets.facts(1), "pi", fleets.usage(1))
    assert found == fleets.host("pi", 1)


def test_a_host_without_facts_is_unreachable_with_the_reason():
    found = report_record({}, "pi", {}, "No route to host")
    assert (found["reachable"], found["error"]) == (False, "No route to host")


def test_facts_of_another_shape_are_an_error_that_names_the_host():
    with pytest.raises(AnsibleFilterError, match="pi has others"):
        report_record({"os": ["x"]}, "pi")
