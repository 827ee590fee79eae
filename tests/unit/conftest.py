# SPDX-License-Identifier: GPL-3.0-or-later
"""What the unit tests share: hosts to look at, and how Hypothesis searches."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable

import pytest
from hypothesis import HealthCheck, settings

from ansible_collections.arm64.docker.tests.unit import hosts

# The same examples in every run, so that a failure is a change's own fault.
# HYPOTHESIS_PROFILE=search looks for new ones.
settings.register_profile(
    "repeat",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.register_profile(
    "search", settings.get_profile("repeat"), derandomize=False, max_examples=3000
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeat"))

HEALTHY = "debian-13-arm64"


@pytest.fixture
def build(tmp_path: Path) -> Callable[[str], hosts.Machine]:
    """Build a host of the fixtures by its name."""
    return lambda name: hosts.build(name, tmp_path / name)


@pytest.fixture
def machine(build: Callable[[str], hosts.Machine]) -> hosts.Machine:
    """A host on which nothing is wrong: Debian 13 on arm64 with Docker running."""
    return build(HEALTHY)
