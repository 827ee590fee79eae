# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.arm64.docker.tests.unit.running import run_module


def test_facts_of_this_machine_are_returned_under_the_prefix() -> None:
    answer = run_module("docker_usage_facts", {"data_root": "/srv", "timeout": 10})
    usage = answer["ansible_facts"]["ansible_docker_usage"]
    assert answer["changed"] is False
    assert usage["disk"]["path"] == "/srv"
    assert usage["memory"]["total_mb"] > 0


def test_a_timeout_of_nothing_is_refused() -> None:
    assert "timeout is 0" in run_module("docker_usage_facts", {"timeout": 0})["msg"]
