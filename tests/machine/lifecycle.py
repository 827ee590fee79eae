# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine from start to end, for the command line, pytest and benchmarks."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import IO, Any

from . import (
    board_disk,
    boards,
    device_tree,
    guardian,
    image,
    inventory,
    layers,
    processes,
    requirements,
    ssh,
)
from .errors import MachineError
from .firmware import Start
from .image import Base, say
from .paths import check_name
from .qemu import HARDWARE
from .settings import Files, Settings

# Many times what an idle host takes: several machines may start at once.
BOOT_TIMEOUT = 600
POWER_OFF_TIMEOUT = 90
KILL_TIMEOUT = 20
CALLER = -1


class Machine(contextlib.AbstractContextManager["Machine"]):
    """A test machine by its name; as a context manager it always ends, its disk with it."""

    def __init__(self, name: str) -> None:
        self.name = check_name(name)
        self.files = Files(name)

    def start(
        self,
        *,
        release: str = "trixie",
        arch: str = "arm64",
        cpu: str | None = None,
        cpus: int = 2,
        memory: int = 2048,
        board: str | None = None,
        layer: str | None = None,
        append: str = "",
        offline: bool = False,
        owner: int | None = CALLER,
    ) -> Machine:
        """Boot with a fresh disk on the image of `release` and `arch`, or on a saved `layer`.

        Returns when ssh answers and systemd has started everything. `memory` is in MiB; `board`
        is the name of one of BOARDS: the machine says that it is one, and each start goes as that
        board's firmware finds it on the machine's disk; `append` is added to the kernel's command
        line; `offline` cuts the guest off from all networks but ssh; `owner` is the pid whose end
        ends the machine: this process by default, None for nobody. Raises MachineError, and
        leaves nothing running, when any of it fails.
        """
        arch = layers.arch(layer) if layer else arch
        requirements.demand(requirements.missing_to_run(arch))
        if board:
            boards.find(board)
            if arch != "arm64":
                raise MachineError(f"{board} is an arm64 board")
        base = layers.load(layer) if layer else image.build(release, arch)
        settings = Settings(
            base=str(base.folder),
            port=ssh.free_port(),
            arch=arch,
            cpu=cpu or HARDWARE[arch][1],
            cpus=cpus,
            memory=memory,
            board=board,
            append=append,
            offline=offline,
            owner=_owner(owner),
        )
        with self._claim() as lock:
            self.files.discard_disk()
            for log in (self.files.console, self.files.guardian_log):
                log.unlink(missing_ok=True)
            self.files.save(settings)
            if board:
                device_tree.make(settings, self.files)
                board_disk.make(base, board, self.files)
            else:
                layers.make_overlay(base, self.files.disk)
            self._launch(lock, resume=False)
        return self

    def resume(self, owner: int | None = CALLER) -> Machine:
        """Boot a stopped machine again, with the disk, port and options that it had."""
        if not self.files.disk.exists():
            raise MachineError(f"{self.name} has no disk to start again from")
        with self._claim() as lock:
            self.files.save(replace(self.files.load(), owner=_owner(owner)))
            self._launch(lock, resume=True)
        return self

    def stop(self, *, discard: bool = False, timeout: float = POWER_OFF_TIMEOUT) -> str:
        """End the machine; return how it ended.

        It powers off cleanly within `timeout` seconds, else it is killed. With `discard` it is
        killed at once and its disk removed. A machine that does not run is fine.
        """
        if self.running() and not discard:
            self._power_off(timeout)
        if self.running():
            self._kill()
        if discard:
            self.files.discard_disk()
        return self.files.how_it_ended()

    def reboot(self) -> None:
        """Power off cleanly (killed if it takes too long) and boot again from the same disk."""
        owner = self.files.load().owner
        self.stop()
        self.resume(owner.pid if owner else None)

    def save(self, layer: str) -> Base:
        """Turn the disk of this cleanly stopped machine into a layer, for others to start from.

        Replaces a layer of that name unless it is in use. The machine has no disk afterwards.
        """
        ended = self.files.how_it_ended()
        if self.running():
            problem = "it runs: stop it first"
        elif not self.files.disk.exists():
            problem = "it has no disk"
        elif ended != guardian.POWERED_OFF:
            problem = f"it did not end cleanly ({ended or 'unknown'})"
        else:
            return layers.save(self.files, layer)
        raise MachineError(f"{self.name} cannot be saved: {problem}")

    def ssh(
        self,
        argv: str | Sequence[str],
        *,
        user: str = "root",
        check: bool = True,
        timeout: float | None = None,
        stdin: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the machine: a list as it is, a string through the login shell.

        Raises MachineError when it fails (unless `check` is false) or takes over `timeout` s.
        """
        try:
            return ssh.run(self.port, user, argv, check=check, timeout=timeout, stdin=stdin)
        except MachineError as error:
            raise MachineError(f"{self.name}: {error}") from None

    def inventory(self, group: str = "machines") -> dict[str, Any]:
        """Return an Ansible inventory of this machine alone."""
        return inventory.of([self], group)

    @property
    def port(self) -> int:
        """The port of 127.0.0.1 that leads to the machine's ssh server."""
        if not self.running():
            raise MachineError(f"{self.name} does not run")
        return self.files.load().port

    def running(self) -> bool:
        """Tell whether the machine runs."""
        return self.files.running()

    @property
    def firmware(self) -> Start:
        """What the board's firmware read from the disk when the machine last started.

        Raises MachineError when the machine is no board or has not been started.
        """
        if not self.files.firmware.exists():
            raise MachineError(f"{self.name} has no firmware: start it with a board")
        return self.files.load_start()

    def __exit__(self, *_: object) -> None:
        self.stop(discard=True)
        shutil.rmtree(self.files.folder, ignore_errors=True)

    def _claim(self) -> IO[str]:
        """Return the lock that says the machine runs; the guardian takes it over."""
        self.files.folder.mkdir(exist_ok=True)
        handle = self.files.lock.open("a")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.close()
            raise MachineError(
                f"{self.name} runs already: take another name, or end it with "
                f"`python3 tests/machine stop {self.name}`"
            ) from None
        return handle

    def _launch(self, lock: IO[str], resume: bool) -> None:
        self.files.ended.unlink(missing_ok=True)
        started = time.monotonic()
        say(f"Starting {self.name}: about half a minute.")
        guardian.launch(self.name, lock.fileno(), resume)
        lock.close()
        try:
            self._wait_until_up(started + BOOT_TIMEOUT)
        except BaseException:
            self._kill()
            raise
        say(f"{self.name} is up after {time.monotonic() - started:.0f} s.")

    def _wait_until_up(self, deadline: float) -> None:
        port = self.files.load().port
        while not ssh.answers(port):
            if not self.running():
                problem = f"did not start: {self.files.how_it_ended()}"
            elif time.monotonic() > deadline:
                problem = f"no ssh after {BOOT_TIMEOUT} s"
            else:
                time.sleep(0.3)
                continue
            raise MachineError(f"{self.name}: {problem}\n{self.files.log_ends()}")
        left = max(deadline - time.monotonic(), 10)
        state = self.ssh(["systemctl", "is-system-running", "--wait"], check=False, timeout=left)
        if state.stdout.strip() not in ("running", "degraded"):
            raise MachineError(
                f"{self.name}: systemd is {state.stdout.strip() or state.stderr.strip()}\n"
                f"{self.files.log_ends()}"
            )

    def _power_off(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        try:
            self.ssh(["systemctl", "poweroff"], check=False, timeout=timeout)
        except MachineError:
            return
        self._ends_within(deadline - time.monotonic())

    def _kill(self) -> None:
        self.files.process("guardian").signal(signal.SIGTERM)
        if not self._ends_within(KILL_TIMEOUT):
            raise MachineError(f"{self.name} does not end; see {self.files.guardian_log}")

    def _ends_within(self, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        while self.running():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True


def _owner(pid: int | None) -> processes.Process | None:
    if pid is None:
        return None
    return processes.owner(os.getpid() if pid == CALLER else pid)
