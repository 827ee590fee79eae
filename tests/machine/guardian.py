# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that is QEMU's parent: no machine outlives its owner, or its guardian.

It boots the machine anew when the guest reboots, kills it when the owner is gone or on SIGTERM,
and leaves one line in the file `ended`.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from dataclasses import asdict

from . import board_disk, boot, qemu
from .errors import MachineError
from .processes import Process
from .settings import Files, Settings, write_json

POWERED_OFF = "powered off"
OWNER_GONE = "killed: its owner has ended"
STOPPED = "killed: asked to stop"


def launch(name: str, lock: int, resume: bool) -> None:
    """Start the guardian of machine `name` in a session of its own; it takes the lock over.

    With `resume`, kernel and initrd are read from the disk, else they are the base's.
    """
    files = Files(name)
    with files.guardian_log.open("ab") as log:
        subprocess.run(
            [
                sys.executable,
                os.path.dirname(os.path.abspath(__file__)),
                "guardian",
                name,
                str(lock),
                *(["--resume"] if resume else []),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(lock,),
            start_new_session=True,
            check=True,
        )


def main(name: str, lock: int, resume: bool) -> None:
    """Be the guardian: return at once in the caller's process, guard in a child."""
    files = Files(name)
    os.set_inheritable(lock, False)
    child = os.fork()
    if child:
        # Written here, so that whoever launched the guardian can stop it as soon as it returns.
        write_json(files.guardian, {"guardian": asdict(Process.of(child))})
        return
    os.chdir("/")
    Guardian(files).run(resume)


class Guardian:
    """Watches one machine until it ends."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.settings: Settings = files.load()
        self.wake, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write)
        signal.signal(signal.SIGTERM, lambda *_: None)
        self.owner = self._watch_owner()

    def run(self, resume: bool) -> None:
        how = "killed: the guardian failed, see guardian.log"
        try:
            how = self._guard(resume)
        except MachineError as error:
            how = str(error)
        finally:
            if how == OWNER_GONE:
                # Nobody is left who could use it.
                self.files.disk.unlink(missing_ok=True)
            self.files.ended.write_text(how + "\n")

    def _guard(self, resume: bool) -> str:
        while True:
            if resume:
                self._read_disk()
            how = self._run_once()
            if how:
                return how
            print(f"{self.files.folder.name} rebooted.", file=sys.stderr, flush=True)
            resume = True

    def _read_disk(self) -> None:
        """Take kernel, initrd and what a board's firmware reads from the disk, as it is now."""
        with boot.raw_copy(self.files.disk, self.files.folder) as raw:
            boot.extract(raw, self.files.folder)
            if self.settings.board:
                boot.replay_journal(raw)
                board_disk.start(raw, self.settings.board, self.files)

    def _run_once(self) -> str | None:
        """Boot once; return how it ended, or None when the guest asked for a reboot."""
        if self.owner == 0:
            return OWNER_GONE
        ours, theirs = socket.socketpair()
        with ours, theirs:
            process = subprocess.Popen(
                # The kernel kills QEMU when the guardian ends, however that ends.
                ["setpriv", "--pdeathsig", "KILL", *self._qemu(theirs)],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
            )
            theirs.close()
            try:
                running = {"guardian": Process.of(os.getpid()), "qemu": Process.of(process.pid)}
                write_json(self.files.guardian, {k: asdict(v) for k, v in running.items()})
                return self._watch(process, ours)
            finally:
                process.kill()
                process.wait()

    def _qemu(self, monitor: socket.socket) -> list[str]:
        return qemu.command(self.settings, self.files, monitor.fileno())

    def _watch(self, process: subprocess.Popen[bytes], monitor: socket.socket) -> str | None:
        monitor.sendall(b'{"execute": "qmp_capabilities"}\n')
        poll = select.poll()
        poll.register(self.wake, select.POLLIN)
        poll.register(monitor, select.POLLIN)
        if self.owner is not None:
            poll.register(self.owner, select.POLLIN)
        said = b""
        while True:
            ready = {descriptor for descriptor, _ in poll.poll()}
            if self.wake in ready:
                return STOPPED
            if self.owner in ready:
                return OWNER_GONE
            try:
                chunk = monitor.recv(65536)
            except ConnectionResetError:
                chunk = b""
            said += chunk
            if not chunk:
                return _ending(process.wait(), said)

    def _watch_owner(self) -> int | None:
        """Return a pidfd of the owner, None without owner, 0 when it is gone already."""
        if self.settings.owner is None:
            return None
        try:
            return self.settings.owner.open()
        except ProcessLookupError:
            return 0


def _ending(status: int, said: bytes) -> str | None:
    """Return how QEMU ended from its exit status and its messages; None asks for a reboot."""
    reason = None
    for line in said.splitlines():
        message = json.loads(line)
        if message.get("event") == "SHUTDOWN":
            reason = message["data"]["reason"]
    if status == 0 and reason == "guest-reset":
        return None
    if status == 0 and reason == "guest-shutdown":
        return POWERED_OFF
    return f"QEMU ended with status {status} ({reason or 'no reason given'}), see guardian.log"
