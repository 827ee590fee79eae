# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test machine started ends with it; a program of the test stands for QEMU."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ansible_collections.arm64.docker.tests.machine import guardian
from ansible_collections.arm64.docker.tests.machine.processes import Process, owner
from ansible_collections.arm64.docker.tests.machine.settings import Files, Settings

SECONDS = 20

# The guest powers off as soon as there is a file that the test makes.
QEMU = f"""#!{sys.executable}
import os, re, sys, time
monitor = int(re.search(r"socket,id=monitor,fd=(\\d+)", " ".join(sys.argv)).group(1))
while not os.path.exists(os.environ["GUEST_ENDS"]):
    time.sleep(0.05)
os.write(monitor, b'{{"event": "SHUTDOWN", "data": {{"reason": "guest-shutdown"}}}}\\n')
"""


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)


def lives(process: Process) -> bool:
    try:
        os.close(process.open())
    except ProcessLookupError:
        return False
    return True


class Started:
    """A machine whose guardian runs, its processes, and the process that owns it."""

    def __init__(self, folder: Path) -> None:
        self.owner = subprocess.Popen(["sleep", "600"])
        self.guest_ends = folder / "guest-ends"
        self.files = Files("tried")
        self.files.folder.mkdir()
        self.files.disk.write_text("what the guest wrote", encoding="utf-8")
        self.files.save(
            Settings(
                base=str(folder),
                port=20000,
                arch="arm64",
                cpu="cortex-a72",
                cpus=1,
                memory=64,
                board=None,
                append="",
                offline=False,
                owner=owner(self.owner.pid),
            )
        )
        with self.files.lock.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            guardian.launch("tried", lock.fileno(), resume=False)
        wait_for(lambda: "qemu" in self.files.guardian.read_text(encoding="utf-8"))
        self.guardian, self.qemu = (self.files.process(one) for one in ("guardian", "qemu"))

    def ended(self) -> str:
        """Return how it ended, once nothing of it lives any more."""
        wait_for(lambda: not lives(self.qemu) and not self.files.running())
        return self.files.how_it_ended()

    def end(self) -> None:
        self.owner.kill()
        self.owner.wait()
        self.qemu.signal(signal.SIGKILL)
        self.ended()


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Started]:
    program = tmp_path / "bin/qemu-system-aarch64"
    program.parent.mkdir()
    program.write_text(QEMU, encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("ARM64_DOCKER_STATE", str(tmp_path / "machines"))
    monkeypatch.setenv("GUEST_ENDS", str(tmp_path / "guest-ends"))
    machine = Started(tmp_path)
    yield machine
    machine.end()


def test_a_machine_ends_with_its_owner_and_nobody_keeps_its_disk(started: Started) -> None:
    started.owner.kill()
    started.owner.wait()
    assert started.ended() == guardian.OWNER_GONE
    assert not started.files.disk.exists()


def test_a_machine_ends_with_its_guardian_however_that_ends(started: Started) -> None:
    started.guardian.signal(signal.SIGKILL)
    assert started.ended() == ""


def test_a_machine_that_is_asked_to_stop_keeps_its_disk(started: Started) -> None:
    started.guardian.signal(signal.SIGTERM)
    assert started.ended() == guardian.STOPPED
    assert started.files.disk.exists()


def test_a_machine_that_powers_off_says_so(started: Started) -> None:
    started.guest_ends.touch()
    assert started.ended() == guardian.POWERED_OFF
    assert started.files.disk.exists()
