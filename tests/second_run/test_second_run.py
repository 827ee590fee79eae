# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise 1: a second run changes nothing, costs one remote module run, and still sees drift."""

from __future__ import annotations

import time

import pytest
from plays.drift import DRIFTS, OPERATOR, SITE
from plays.runner import Controller

OBSERVATION = "arm64.docker.docker_host_facts"

HELD = ("docker.io", "docker-cli", "docker-buildx", "docker-compose", "containerd", "runc")

# The folder, and the file itself.
FILE = ("ansible.builtin.file", "ansible.legacy.stat", "ansible.legacy.copy")

# What ansible -m ping costs is the unit: it differs by machine, their ratio does not.
RATIO = 2.0

# Of an observation to `command: true` and `docker version`.
LOOK_RATIO = 1.5


def test_a_first_run_sends_what_it_takes_and_observes_at_the_end(first_run):
    modules = tuple(name for name in first_run.sent if not name.startswith("transfer "))
    assert modules == (
        OBSERVATION,
        "ansible.builtin.apt",
        *["ansible.builtin.dpkg_selections"] * len(HELD),
        "ansible.builtin.user",
        *FILE,
        "arm64.docker.daemon_config",
        *FILE,
        "ansible.builtin.systemd_service",
        OBSERVATION,
    )


def test_a_second_run_sends_one_module_and_changes_nothing(site):
    run = site()
    assert run.sent == (OBSERVATION,)
    assert run.changed == 0


def test_a_second_run_in_check_mode_is_the_same(site):
    run = site("--check", "--diff")
    assert run.sent == (OBSERVATION,)
    assert run.changed == 0


@pytest.mark.full
def test_a_second_run_takes_at_most_twice_as_long_as_a_ping(site, machine):
    site()
    defaults = Controller(machine.inventory())
    pings, sites = [], []
    for _ in range(5):
        pings.append(defaults.module("ansible.builtin.ping").demand().seconds)
        sites.append(defaults.playbook(*SITE).demand().seconds)
    # Whatever else the processor does makes a run longer, never shorter.
    assert min(sites) / min(pings) <= RATIO, (pings, sites)


@pytest.mark.full
def test_an_observation_costs_at_most_half_more_than_a_command_and_docker_version(site, machine):
    site()
    defaults = Controller(machine.inventory())
    least, looks = [], []
    for _ in range(5):
        command = defaults.module("ansible.builtin.command", "true", "--become").demand()
        started = time.monotonic()
        machine.ssh("docker version >/dev/null")
        least.append(command.seconds + time.monotonic() - started)
        looks.append(defaults.module(OBSERVATION, "", "--become").demand().seconds)
    assert min(looks) / min(least) <= LOOK_RATIO, (least, looks)


def test_options_given_as_strings_on_the_command_line_mean_the_same(site):
    run = site(
        *("-e", f"docker_engine_users={OPERATOR}"),
        *("-e", "docker_engine_started=true docker_engine_enabled=true docker_engine_buildx=yes"),
        *("-e", "docker_preflight_require_arm64=true docker_preflight_ignore=clock_unsynchronized"),
        *("-e", "docker_observe_force=false"),
    )
    assert run.sent == (OBSERVATION,)
    assert run.changed == 0


def test_drift_in_many_things_is_found_and_mended(site, machine):
    find_and_mend([drift for drift in DRIFTS if drift.together], site, machine)


@pytest.mark.full
@pytest.mark.parametrize("drift", DRIFTS, ids=lambda drift: drift.name)
def test_drift_is_found_and_mended(drift, site, machine):
    find_and_mend([drift], site, machine)


def find_and_mend(drifts, site, machine):
    for drift in drifts:
        machine.ssh(drift.plant)
    predicted = site("--check")
    assert predicted.changed > 0
    for drift in drifts:
        left = machine.ssh(drift.mended, check=False)
        assert left.returncode != 0, f"check mode mended it: {drift.name}"
    assert site().changed > 0
    for drift in drifts:
        machine.ssh(drift.mended)
    assert site().sent == (OBSERVATION,)
