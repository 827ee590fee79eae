# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run external programs: argument lists, a timeout on every call, the C locale."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import Mapping, Sequence

# What a shell returns for a file that is there and cannot be executed: of another architecture,
# or without permission.
CANNOT_EXECUTE = 126

# What a pipe holds is read in no time.
_FETCH_SECONDS = 0.5

# No program is waited for longer, whatever was asked for: the kernel waits for 24 days at most.
LONGEST_SECONDS = 24 * 60 * 60

SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin"


@dataclass(frozen=True)
class Result:
    """What a program said.

    ``rc`` is its exit status, negative for a signal, or ``None`` where it never started
    (``missing``) or was ended because its time was up (``timed_out``).
    """

    argv: tuple
    rc: int | None
    stdout: str = ""
    stderr: str = ""
    missing: bool = False
    timed_out: bool = False

    @property
    def ok(self) -> bool:
        return self.rc == 0


class Pending:
    """A program that runs while its caller does something else."""

    def __init__(
        self,
        argv: Sequence[str],
        process: subprocess.Popen | None,
        deadline: float,
        refusal: str = "",
        stdin: bytes | None = None,
    ) -> None:
        self._argv = tuple(argv)
        self._stdin = stdin
        self._refusal = refusal
        self._process = process
        self._deadline = deadline

    def result(self) -> Result:
        """Wait for the program, at most until its time is up, and return its result."""
        if self._process is None and self._refusal:
            return Result(self._argv, CANNOT_EXECUTE, stderr=self._refusal)
        if self._process is None:
            return Result(self._argv, None, missing=True)
        left = self._deadline - time.monotonic()
        if self._process.poll() is not None:
            # It ended in time, and only its answer was not fetched while another was waited for.
            left = max(left, _FETCH_SECONDS)
        try:
            out, err = self._process.communicate(self._stdin, timeout=max(0.0, left))
        except subprocess.TimeoutExpired:
            self.cancel()
            return Result(self._argv, None, timed_out=True)
        return Result(self._argv, self._process.returncode, _text(out), _text(err))

    def cancel(self) -> None:
        """End the program and what it started, and do not wait for a pipe that it left open."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        # A process in an uninterruptible wait (a dead disk or server) does not even die.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


class Runner:
    """Starts programs with a fixed environment.

    ``without`` names variables of the caller's environment that the programs must not see.
    """

    def __init__(self, without: Sequence[str] = ()) -> None:
        self._environment: Mapping[str, str] = {
            **{name: value for name, value in os.environ.items() if name not in without},
            "LC_ALL": "C",
            "LANGUAGE": "C",
            "PATH": f"{os.environ.get('PATH', '')}:{SEARCH_PATH}".lstrip(":"),
        }

    def start(self, argv: Sequence[str], timeout: float, stdin: str = "") -> Pending:
        """Start a program that may run for ``timeout`` seconds; a missing one is no error here.

        A day is the longest that it may run.
        What it is to read from its standard input it gets when its result is waited for.
        """
        deadline = time.monotonic() + min(timeout, LONGEST_SECONDS)
        try:
            # AnsibleModule.run_command has no timeout and runs one program at a time.
            process = subprocess.Popen(  # pylint: disable=ansible-bad-function
                list(argv),
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(self._environment),
                start_new_session=True,
            )
        except (FileNotFoundError, NotADirectoryError):
            return Pending(argv, None, deadline)
        except OSError as error:
            return Pending(argv, None, deadline, str(error))
        return Pending(argv, process, deadline, stdin=stdin.encode() if stdin else None)

    def run(self, argv: Sequence[str], timeout: float, stdin: str = "") -> Result:
        """Run a program to its end or for ``timeout`` seconds, whichever comes first."""
        return self.start(argv, timeout, stdin).result()


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
