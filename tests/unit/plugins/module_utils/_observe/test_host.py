# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host
from ansible_collections.arm64.docker.plugins.module_utils._process import Runner
from ansible_collections.arm64.docker.tests.unit.fakes import FakeRunner, said
from ansible_collections.arm64.docker.tests.unit.hosts import Machine


@pytest.fixture
def host(tmp_path: Path) -> Host:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/file").write_bytes(b"caf\xc3\xa9 \xff\n")
    (tmp_path / "etc/link").symlink_to("/etc/nowhere")
    return Host(str(tmp_path), FakeRunner(), 5)


def test_the_machine_that_this_runs_on_is_the_default(tmp_path: Path) -> None:
    host = Host("/", Runner(), 5)
    assert host.path("/etc/os-release") == "/etc/os-release"
    assert (host.machine, host.release) == (os.uname().machine, os.uname().release)
    assert host.page_size == os.sysconf("SC_PAGESIZE")


def test_paths_are_those_below_the_root(host: Host, tmp_path: Path) -> None:
    assert host.path("/etc/file") == str(tmp_path / "etc/file")


def test_text_that_is_not_utf_8_is_kept_as_far_as_it_can_be_read(host: Host) -> None:
    assert host.read("/etc/file") == b"caf\xc3\xa9 \xff\n"
    assert host.text("/etc/file") == "caf\u00e9 \ufffd\n"


def test_parameters_of_the_kernel_are_read() -> None:
    """It answers "cannot allocate memory" to whoever offers it a large buffer."""
    assert Host("/", Runner(), 5).text("/proc/sys/kernel/osrelease").strip() == os.uname().release


def test_a_missing_file_is_the_default_where_one_is_given(host: Host) -> None:
    assert host.text("/etc/none", "default") == "default"
    assert host.text("/etc/file/none", "default") == "default"
    with pytest.raises(FileNotFoundError):
        host.text("/etc/none")


def test_a_folder_is_no_text_with_or_without_a_default(host: Host) -> None:
    with pytest.raises(IsADirectoryError):
        host.text("/etc", "default")


def test_a_link_exists_and_says_where_to_even_if_nothing_is_there(host: Host) -> None:
    assert host.exists("/etc/link")
    assert host.link("/etc/link") == "/etc/nowhere"
    assert host.link("/etc/file") is None
    assert host.link("/etc/none") is None


def test_names_are_sorted_and_a_missing_folder_has_none(host: Host) -> None:
    assert host.names("/etc") == ["file", "link"]
    assert host.names("/none") == []
    assert host.names("/etc/file") == []


def test_a_program_that_was_not_started_has_no_result(host: Host) -> None:
    assert host.result("docker") is None


def test_a_result_is_the_same_however_often_it_is_asked_for(tmp_path: Path) -> None:
    runner = FakeRunner(docker=said("once"))
    host = Host(str(tmp_path), runner, 5)
    host.start("version", ("docker", "version"))
    assert host.result("version").stdout == "once"
    assert host.result("version") is host.result("version")
    assert runner.asked == [("docker", "version")]


def test_programs_get_their_share_of_the_time_that_is_left(tmp_path: Path) -> None:
    host = Host(str(tmp_path), Runner(), 10.0)
    start = time.monotonic()
    host.start("sleep", ("sleep", "60"), share=0.03)
    assert host.result("sleep").timed_out
    assert 0.2 < time.monotonic() - start < 5.0


def test_a_program_started_after_the_time_is_up_gets_none(tmp_path: Path) -> None:
    host = Host(str(tmp_path), Runner(), 0.0)
    host.start("sleep", ("sleep", "60"))
    start = time.monotonic()
    assert host.result("sleep").timed_out
    assert time.monotonic() - start < 5.0


def test_systemd_runs_where_its_folder_is(machine: Machine) -> None:
    assert machine.host().has_systemd
    machine.remove("/run/systemd/system")
    assert not machine.host().has_systemd


def test_dpkgs_status_is_read_once(machine: Machine) -> None:
    host = machine.host()
    assert "docker.io" in host.dpkg.packages
    machine.remove("/var/lib/dpkg/status")
    assert "docker.io" in host.dpkg.packages
