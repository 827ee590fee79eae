# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes named without mistake: a pid alone may have been given to another one since."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from .errors import MachineError


@dataclass(frozen=True)
class Process:
    """A process by its pid and its start time in clock ticks since boot (proc(5), field 22)."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Process:
        """Return the process that has `pid` now; raises ProcessLookupError if there is none."""
        try:
            status = Path(f"/proc/{pid}/stat").read_text()
        except FileNotFoundError:
            raise ProcessLookupError(f"no process {pid}") from None
        # The second field is the command in parentheses, which may hold anything.
        fields = status.rpartition(")")[2].split()
        if fields[0] in ("Z", "X"):
            raise ProcessLookupError(f"process {pid} has ended")
        return cls(pid, int(fields[19]))

    def open(self) -> int:
        """Return a pidfd; raises ProcessLookupError if the process is gone."""
        descriptor = os.pidfd_open(self.pid)
        try:
            if Process.of(self.pid) != self:
                raise ProcessLookupError(f"process {self.pid} is another one now")
        except ProcessLookupError:
            os.close(descriptor)
            raise
        return descriptor

    def signal(self, number: int) -> None:
        """Send a signal to this very process; nothing happens if it is gone."""
        try:
            descriptor = self.open()
        except ProcessLookupError:
            return
        try:
            signal.pidfd_send_signal(descriptor, number)
        except ProcessLookupError:
            pass
        finally:
            os.close(descriptor)


def owner(pid: int) -> Process:
    """Return the process whose end is to end a machine; raises MachineError if it is gone."""
    try:
        return Process.of(pid)
    except ProcessLookupError as error:
        raise MachineError(f"the owner has ended already: {error}") from None
