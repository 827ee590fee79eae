# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._observe._packages import read_apt
from ansible_collections.arm64.docker.tests.unit.hosts import Machine

LOCKS = [
    "/var/lib/dpkg/lock-frontend",
    "/var/lib/dpkg/lock",
    "/var/lib/apt/lists/lock",
    "/var/cache/apt/archives/lock",
]


@pytest.fixture
def holder(machine: Machine) -> Iterator[Callable[[str], int]]:
    """Hold a lock on a file of the host in another process, as apt and dpkg do (fcntl)."""
    code = (
        "import fcntl, sys, time\n"
        "stream = open(sys.argv[1], 'w')\n"
        "fcntl.lockf(stream, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    running = []

    def hold(path: str) -> int:
        place = machine.write(path, "")
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(place)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        running.append(process)
        assert process.stdout.readline() == b"held\n"
        machine.link(f"/proc/{process.pid}", f"/proc/{process.pid}")
        return process.pid

    machine.link("/proc/locks", "/proc/locks")
    yield hold
    for process in running:
        process.communicate()


def kernel_names_locks_by_inode(folder: Path) -> bool:
    """Tell whether /proc/locks shows this file system's locks under the device that stat names."""
    with open(folder / "probe", "w", encoding="ascii") as stream:
        fcntl.lockf(stream, fcntl.LOCK_EX)
        status = os.fstat(stream.fileno())
        device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
        locks = Path("/proc/locks").read_text(encoding="ascii")
        return f" {device}:{status.st_ino} " in locks


@pytest.mark.parametrize("path", LOCKS)
def test_a_held_lock_is_reported_with_its_holder(
    machine: Machine, holder: Callable[[str], int], path: str, tmp_path: Path
) -> None:
    if not kernel_names_locks_by_inode(tmp_path):
        pytest.skip("/proc/locks does not show locks of this file system")
    pid = holder(path)
    command = Path(f"/proc/{pid}/comm").read_text(encoding="ascii").strip()
    assert read_apt(machine.host())["locks"] == [{"path": path, "pid": pid, "command": command}]


def test_a_lock_file_that_nobody_holds_is_no_lock(
    machine: Machine, holder: Callable[[str], int]
) -> None:
    holder("/var/lib/something/else")
    for path in LOCKS:
        machine.write(path, "")
    assert read_apt(machine.host())["locks"] == []


def test_a_holder_that_ended_meanwhile_has_no_name(machine: Machine) -> None:
    status = os.stat(machine.write(LOCKS[0], ""))
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
    line = f"1: POSIX  ADVISORY  WRITE 4711 {device}:{status.st_ino} 0 EOF\n"
    waiting = f"1: -> POSIX  ADVISORY  WRITE 4712 {device}:{status.st_ino} 0 EOF\n"
    machine.write("/proc/locks", line + waiting)
    assert read_apt(machine.host())["locks"] == [{"path": LOCKS[0], "pid": 4711, "command": ""}]


@pytest.mark.parametrize(
    ("opened", "held"), [(LOCKS[0], True), ("/srv/other", False), (None, False)]
)
def test_on_another_device_the_holder_has_the_file_open(
    machine: Machine, opened: str | None, held: bool
) -> None:
    """On btrfs /proc/locks has another device than stat."""
    inode = os.stat(machine.write(LOCKS[0], "")).st_ino
    machine.write("/proc/4711/comm", "apt-get\n")
    if opened is not None:
        machine.link("/proc/4711/fd/4", str(machine.path(opened)))
    machine.write("/proc/locks", f"1: POSIX  ADVISORY  WRITE 4711 00:ff:{inode} 0 EOF\n")
    holder = {"path": LOCKS[0], "pid": 4711, "command": "apt-get"}
    assert read_apt(machine.host())["locks"] == ([holder] if held else [])
