# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._usage import (
    percent,
    read_memory,
    read_usage,
    size,
)
from ansible_collections.arm64.docker.tests.unit.fakes import FakeRunner, said, silent


@pytest.fixture
def running(machine):
    """A host whose daemon runs, as its processes show."""
    machine.write("/proc/77/comm", "dockerd\n")
    for process in ("77", "self"):
        for kind in ("pid", "user"):
            machine.link(f"/proc/{process}/ns/{kind}", f"{kind}:[1]")
    return machine


def docker(**changed):
    answers = {
        "stats": said('{"ID":"abc","CPUPerc":"1.50%","MemUsage":"45.5MiB / 1.9GiB"}\n'),
        "info": said('{"Driver":"overlay2"}\n'),
        "ps": said(
            '{"ID":"abc","Names":"web","Image":"nginx","State":"running"}\n'
            '{"ID":"def","Names":"old","Image":"nginx","Status":"Exited (0)"}\n'
        ),
        "ls": said("sha256:1\nsha256:1\n"),
        "inspect": said(
            json.dumps([{"RepoTags": ["nginx:1"], "Os": "linux", "Architecture": "arm64"}])
        ),
        **changed,
    }
    return lambda argv: next(answer for word, answer in answers.items() if word in argv)


def test_containers_have_their_sample_and_images_their_platform(running):
    usage = read_usage(running.host(runner=FakeRunner(docker=docker())), "/var/lib/docker")
    old, web = usage["containers"]
    assert (web["cpu_percent"], web["memory_bytes"]) == (1.5, int(45.5 * 2**20))
    assert (old["state"], old["cpu_percent"]) == ("exited", None)
    (image,) = usage["images"]
    assert (image["name"], image["architecture"]) == ("nginx:1", "arm64")
    assert (usage["storage_driver"], usage["problems"]) == ("overlay2", [])


def test_a_stopped_daemon_is_not_asked(machine):
    for name in os.listdir(machine.path("/proc")):
        if name.isdigit():
            machine.remove(f"/proc/{name}")
    runner = FakeRunner(docker=docker())
    usage = read_usage(machine.host(runner=runner), "/var/lib/docker")
    assert usage["containers"] is None
    assert runner.asked == []


def test_a_daemon_that_hangs_is_a_problem(running):
    runner = FakeRunner(docker=silent())
    usage = read_usage(running.host(runner=runner), "/var/lib/docker")
    assert usage["containers"] is None
    assert all("no answer in time" in problem for problem in usage["problems"])


@pytest.mark.parametrize(
    "answer", [silent(), said("[]\n", "Cannot connect to the Docker daemon", rc=1)]
)
def test_images_that_are_not_described_are_a_problem_and_not_none(running, answer):
    runner = FakeRunner(docker=docker(inspect=answer))
    usage = read_usage(running.host(runner=runner), "/var/lib/docker")
    assert usage["images"] is None
    assert len(usage["problems"]) == 1


def test_an_image_that_is_removed_meanwhile_is_left_out(running):
    gone = said("[]\n", "Error: No such image: sha256:1", rc=1)
    usage = read_usage(
        running.host(runner=FakeRunner(docker=docker(inspect=gone))), "/var/lib/docker"
    )
    assert (usage["images"], usage["problems"]) == ([], [])


def test_memory_that_the_kernel_does_not_account_is_not_zero(running):
    stats = said('{"ID":"abc","CPUPerc":"1.50%","MemUsage":"0B / 0B"}\n')
    usage = read_usage(running.host(runner=FakeRunner(docker=docker(stats=stats))), "/")
    (_, web) = usage["containers"]
    assert web["cpu_percent"] == 1.5
    assert (web["memory_bytes"], web["memory_limit_bytes"]) == (None, None)


def test_a_host_without_the_docker_command_is_said_to_have_none(running):
    usage = read_usage(running.host(runner=FakeRunner()), "/var/lib/docker")
    assert set(usage["problems"]) == {"there is no docker command"}


def test_a_disk_that_has_no_folder_yet_is_measured_above_it(machine):
    usage = read_usage(machine.host(runner=FakeRunner()), "/srv/none/yet")
    assert usage["disk"]["total_mb"] >= usage["disk"]["free_mb"] >= 0


def test_memory_is_in_mebibytes():
    found = read_memory("MemTotal:  2000000 kB\nMemAvailable:  1024 kB\n")
    assert found == {"total_mb": 1953, "available_mb": 1}
    assert read_memory("") == {"total_mb": None, "available_mb": None}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0B", 0), ("45.12MiB", 47311749), ("1.5GiB ", 1610612736), ("9.01kB", 9010), ("--", None)],
)
def test_sizes_of_docker_stats_are_read(text, expected):
    assert size(text) == expected


@given(st.text())
def test_no_text_breaks_a_parser(text):
    assert size(text) is None or size(text) >= 0
    assert percent(text) is None or isinstance(percent(text), float)
