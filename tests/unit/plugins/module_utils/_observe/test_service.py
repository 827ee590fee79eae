# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import calendar
import hashlib
import os
import time
from typing import Any, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host
from ansible_collections.arm64.docker.plugins.module_utils._observe._service import (
    UNITS,
    UNITS_ARGV,
    daemon_pid,
    read_dropins,
    read_service,
)
from ansible_collections.arm64.docker.tests.unit.fakes import said, silent
from ansible_collections.arm64.docker.tests.unit.hosts import Machine, units_answer


def asked(machine: Machine) -> Host:
    """Return a host whose systemd has been asked, as the observation does first."""
    host = machine.host()
    host.start("units", UNITS_ARGV)
    return host


def test_one_question_covers_all_units() -> None:
    assert UNITS == ("docker.service", "docker.socket", "containerd.service")
    assert UNITS_ARGV[:2] == ("systemctl", "show")
    assert UNITS_ARGV[-4:] == ("--", *UNITS)


def test_an_engine_that_runs_is_active_and_enabled(machine: Machine) -> None:
    service = read_service(asked(machine))
    assert (service["manager"], service["active"], service["enabled"]) == ("systemd", True, True)
    assert service["units"]["docker.socket"] == {
        "load": "loaded",
        "active": "active",
        "sub": "running",
        "enabled": "enabled",
        "reload_needed": False,
        "requires_mounts_for": [],
        "environment_names": [],
    }


def test_the_variables_of_a_unit_are_named_and_their_values_are_not(machine: Machine) -> None:
    """systemctl leaves a file that EnvironmentFile= names to the reader."""
    fields = {
        "Environment": "DOCKER_INSECURE_NO_IPTABLES_RAW=1 'HTTP_PROXY=http://me:hush@proxy:8080'",
        "EnvironmentFiles": "/etc/default/docker (ignore_errors=yes)",
    }
    machine.write("/etc/default/docker", "# NO=1\nDOCKER_OPTS=--debug\n")
    machine.runner.answers["systemctl"] = said(units_answer({"docker.service": fields}))
    unit = read_service(asked(machine))["units"]["docker.service"]
    assert unit["environment_names"] == [
        "DOCKER_INSECURE_NO_IPTABLES_RAW",
        "DOCKER_OPTS",
        "HTTP_PROXY",
    ]
    assert "hush" not in str(unit)


def running(machine: Machine, environ: str | None) -> dict[str, Any]:
    """Return the service of a host whose daemon was started with these variables."""
    fields = {"ActiveState": "active", "MainPID": "812"}
    machine.runner.answers["systemctl"] = said(units_answer({"docker.service": fields}))
    if environ is not None:
        machine.write("/proc/812/environ", environ)
    return read_service(asked(machine))


def test_the_variables_of_the_running_daemon_are_named_and_their_values_are_not(
    machine: Machine,
) -> None:
    service = running(machine, "PATH=/usr/bin\0HTTP_PROXY=http://me:hush@proxy:8080\0")
    assert service["daemon_environment_names"] == ["HTTP_PROXY", "PATH"]
    assert "hush" not in str(service)


def test_a_daemon_whose_variables_cannot_be_read_has_unknown_ones(machine: Machine) -> None:
    assert running(machine, None)["daemon_environment_names"] is None


def test_a_daemon_that_does_not_run_was_started_with_nothing(machine: Machine) -> None:
    fields = {"ActiveState": "inactive", "MainPID": "0"}
    machine.runner.answers["systemctl"] = said(units_answer({"docker.service": fields}))
    assert read_service(asked(machine))["daemon_environment_names"] is None


def test_a_missing_file_of_variables_names_none(machine: Machine) -> None:
    fields = {"EnvironmentFiles": "/etc/default/docker (ignore_errors=yes)"}
    machine.runner.answers["systemctl"] = said(units_answer({"docker.service": fields}))
    unit = read_service(asked(machine))["units"]["docker.service"]
    assert unit["environment_names"] == []


def test_the_start_of_the_engine_is_told_in_utc(machine: Machine) -> None:
    since = read_service(asked(machine))["since"]
    started = calendar.timegm(time.strptime(since, "%Y-%m-%dT%H:%M:%SZ"))
    boot = time.time() - time.clock_gettime(time.CLOCK_MONOTONIC)
    assert abs(started - (boot + 18.25)) < 5


def test_the_last_reload_of_the_engine_is_told_beside_its_start(machine: Machine) -> None:
    """systemctl reload changes the state of the unit, and not the time since which it is active."""
    now = time.clock_gettime(time.CLOCK_MONOTONIC)
    state = {
        "ActiveState": "active",
        # In the time that this machine is up, however short.
        "ActiveEnterTimestampMonotonic": f"{now / 4 * 1e6:.0f}",
        "StateChangeTimestampMonotonic": f"{now / 2 * 1e6:.0f}",
    }
    machine.runner.answers["systemctl"] = said(units_answer({"docker.service": state}))
    service = read_service(asked(machine))
    since, loaded = (
        calendar.timegm(time.strptime(service[name], "%Y-%m-%dT%H:%M:%SZ"))
        for name in ("since", "loaded")
    )
    assert abs(loaded - since - now / 4) <= 1
    assert abs(time.time() - now / 2 - loaded) < 5


@pytest.mark.parametrize("state", ["inactive", "failed", "activating"])
def test_an_engine_that_does_not_run_has_loaded_nothing(machine: Machine, state: str) -> None:
    fields = {"ActiveState": state, "StateChangeTimestampMonotonic": "18250000"}
    machine.runner.answers["systemctl"] = said(units_answer({"docker.service": fields}))
    assert read_service(asked(machine))["loaded"] is None


def test_a_host_without_docker_has_units_that_were_not_found(
    build: Callable[[str], Machine],
) -> None:
    service = read_service(asked(build("raspberry-pi-4-bookworm")))
    assert (service["active"], service["enabled"], service["since"]) == (False, False, None)
    assert service["units"]["docker.service"]["load"] == "not-found"


@pytest.mark.parametrize(
    ("state", "active", "enabled"),
    [
        ({"ActiveState": "active", "UnitFileState": "enabled"}, True, True),
        ({"ActiveState": "active", "UnitFileState": "enabled-runtime"}, True, False),
        ({"ActiveState": "active", "UnitFileState": "disabled"}, True, False),
        ({"ActiveState": "inactive", "UnitFileState": "enabled"}, False, True),
        ({"ActiveState": "failed", "UnitFileState": "enabled"}, False, True),
        ({"ActiveState": "activating", "UnitFileState": "enabled"}, False, True),
        ({"ActiveState": "inactive", "UnitFileState": "masked"}, False, False),
        ({"ActiveState": "inactive", "UnitFileState": "static"}, False, False),
        ({}, False, False),
    ],
)
def test_active_and_enabled_are_systemds_words(
    machine: Machine, state: dict[str, str], active: bool, enabled: bool
) -> None:
    machine.runner.answers["systemctl"] = said(units_answer({"docker.service": state}))
    service = read_service(asked(machine))
    assert (service["active"], service["enabled"]) == (active, enabled)


@pytest.mark.parametrize("timestamp", ["", "0", "n/a", "-1"])
def test_a_start_that_systemd_does_not_know_is_none(machine: Machine, timestamp: str) -> None:
    state = {"ActiveState": "active", "ActiveEnterTimestampMonotonic": timestamp}
    machine.runner.answers["systemctl"] = said(units_answer({"docker.service": state}))
    assert read_service(asked(machine))["since"] is None


def test_a_unit_that_changed_on_disk_needs_a_reload(machine: Machine) -> None:
    state = {"ActiveState": "active", "NeedDaemonReload": "yes"}
    machine.runner.answers["systemctl"] = said(units_answer({"docker.service": state}))
    assert read_service(asked(machine))["units"]["docker.service"]["reload_needed"] is True


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (said("", "Failed to connect to bus: No such file or directory\n", 1), "to bus"),
        (said("", "", 1), "no reason given"),
        (silent(), "did not answer in time"),
    ],
)
def test_a_systemd_that_does_not_answer_is_an_error_that_says_why(
    machine: Machine, answer: Any, words: str
) -> None:
    machine.runner.answers["systemctl"] = answer
    with pytest.raises(OSError, match=words):
        read_service(asked(machine))


def test_without_systemd_the_process_says_whether_it_is_active(machine: Machine) -> None:
    service = read_service(machine.host())
    assert (service["manager"], service["active"], service["units"]) == (None, True, {})
    machine.remove("/proc/612/comm")
    assert read_service(machine.host())["active"] is False


def test_without_systemd_a_wants_link_says_what_the_next_boot_does(machine: Machine) -> None:
    assert read_service(machine.host())["enabled"] is False
    machine.link(
        "/etc/systemd/system/multi-user.target.wants/docker.service",
        "/usr/lib/systemd/system/docker.service",
    )
    assert read_service(machine.host())["enabled"] is True


def test_the_engine_is_found_by_the_name_of_its_process(machine: Machine) -> None:
    assert daemon_pid(machine.host()) == 612


def test_a_process_that_took_over_the_number_is_not_the_engine(machine: Machine) -> None:
    """A crashed engine leaves its file; asking the socket then would start it again."""
    machine.write("/proc/612/comm", "sshd\n")
    assert daemon_pid(machine.host()) is None


@pytest.mark.parametrize("kind", ["pid", "user"])
def test_the_engine_of_a_container_or_of_a_user_is_not_the_hosts(
    machine: Machine, kind: str
) -> None:
    machine.link(f"/proc/self/ns/{kind}", f"{kind}:[4026531836]")
    machine.link(f"/proc/612/ns/{kind}", f"{kind}:[4026532999]")
    assert daemon_pid(machine.host()) is None


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(
    "folder", ["/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system"]
)
def test_drop_ins_are_told_with_their_digest(machine: Machine, unit: str, folder: str) -> None:
    content = "[Service]\nEnvironment=DOCKER_INSECURE_NO_IPTABLES_RAW=1\n"
    machine.write(f"{folder}/{unit}.d/raw.conf", content)
    machine.write(f"{folder}/{unit}.d/raw.conf.dpkg-old", content)
    expected = {name: [] for name in UNITS}
    digest = hashlib.sha256(content.encode()).hexdigest()
    path = f"{folder}/{unit}.d/raw.conf"
    expected[unit] = [{"path": path, "sha256": digest, "applied": None}]
    assert read_dropins(machine.host()) == expected


@pytest.mark.parametrize(
    ("age", "applied"), [(0.9, False), (1.1, True), (-0.1, None)], ids=["newer", "older", "future"]
)
def test_a_drop_in_is_applied_where_the_daemon_started_after_it(
    machine: Machine, age: float, applied: bool | None
) -> None:
    # In the time that this machine is up, however short; age is in that of the daemon.
    started = time.clock_gettime(time.CLOCK_MONOTONIC) / 2
    state = {"ActiveState": "active", "ActiveEnterTimestampMonotonic": f"{started * 1e6:.0f}"}
    machine.runner.answers["systemctl"] = said(units_answer({"docker.service": state}))
    path = "/etc/systemd/system/docker.service.d/proxy.conf"
    place = machine.write(path, "[Service]\n")
    os.utime(place, (time.time() - age * started,) * 2)
    assert read_dropins(asked(machine))["docker.service"][0]["applied"] is applied


def test_a_link_that_leads_nowhere_is_no_drop_in(machine: Machine) -> None:
    folder = "/etc/systemd/system/docker.service.d"
    machine.link(f"{folder}/10-gone.conf", "/srv/gone.conf")
    machine.write(f"{folder}/30-good.conf", "[Service]\n")
    found = read_dropins(machine.host())["docker.service"]
    assert [dropin["path"] for dropin in found] == [f"{folder}/30-good.conf"]


def test_a_host_without_drop_ins_has_none_for_each_unit(machine: Machine) -> None:
    assert read_dropins(machine.host()) == {name: [] for name in UNITS}


_LINES = st.sampled_from(
    [
        "Id=docker.service",
        "Id=",
        "ActiveState=active",
        "ActiveEnterTimestampMonotonic=x",
        "Environment='A=1",
        "EnvironmentFiles=/\0",
        "=",
        "",
    ]
)


@given(st.text() | st.lists(_LINES).map("\n".join))
def test_any_answer_of_systemd_is_read(machine: Machine, text: str) -> None:
    machine.runner.answers["systemctl"] = said(text)
    assert read_service(asked(machine))["manager"] == "systemd"
