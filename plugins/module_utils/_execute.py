# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Execute the smallest program of an architecture, and say in words why it does not run."""

from __future__ import annotations

import errno
import os
import signal

from ansible_collections.arm64.docker.plugins.module_utils._elf import exit_program
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._process import (
    CANNOT_EXECUTE,
    Result,
    Runner,
)

# A status that neither a shell nor an emulator gives by itself.
STATUS = 42

# linux/memfd.h
_MFD_EXEC = 0x10


class Program:
    """A static program that exits with ``STATUS``, in memory: file systems may forbid executing.

    :param architecture: GOARCH
    """

    def __init__(self, architecture: str) -> None:
        self._file = _in_memory(f"exit-{architecture}")
        with open(self._file, "wb", closefd=False) as stream:
            stream.write(exit_program(architecture, STATUS))

    @property
    def argv(self) -> tuple:
        """The command line that starts it, which any process can use while this one lives."""
        return (f"/proc/{os.getpid()}/fd/{self._file}",)

    def close(self) -> None:
        """Forget the program; it cannot be started any more."""
        os.close(self._file)


def _in_memory(name: str) -> int:
    """Return a file that can be executed, also where vm.memfd_noexec=1 keeps others from it.

    :raises DockerHostError: where the kernel executes nothing from memory
    """
    try:
        return os.memfd_create(name, os.MFD_CLOEXEC | _MFD_EXEC)
    except OSError as error:
        # Kernels before 6.3 do not know the flag, and need none.
        if error.errno != errno.EINVAL:
            raise DockerHostError(
                f"No program can be tried: {error.strerror}; the kernel executes none from memory.",
                "Set vm.memfd_noexec to 0 or 1, or do without the proof (verify: false).",
            ) from error
    return os.memfd_create(name)


def execute(runner: Runner, architecture: str, timeout: float) -> str | None:
    """Execute a program of an architecture; return None where it ran, else why it did not.

    :param timeout: seconds
    """
    program = Program(architecture)
    try:
        return failure(runner.run(program.argv, timeout))
    finally:
        program.close()


def failure(result: Result) -> str | None:
    """Return None for a program that ran to its end as it should, else what happened to it."""
    if result.rc == STATUS:
        return None
    if result.timed_out:
        return "it was still running when its time was up"
    if result.missing:
        return "its interpreter is not there (No such file or directory)"
    if result.rc == CANNOT_EXECUTE and "Exec format error" in result.stderr:
        return "nothing on this machine executes it (Exec format error)"
    said = result.stderr.strip()[-200:]
    if result.rc is not None and result.rc < 0:
        return _with(f"it was killed by {_signal(-result.rc)}", said)
    return _with(f"it ended with status {result.rc} instead of {STATUS}", said)


def _with(event: str, said: str) -> str:
    return f"{event}: {said}" if said else event


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
