# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins for what the readers get from outside: programs and their answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable, Union

from ansible_collections.arm64.docker.plugins.module_utils._process import Result

Answer = Union[Result, Callable[[tuple], Result]]


def said(stdout: str = "", stderr: str = "", rc: int = 0) -> Result:
    """Return what a program said that came to its end."""
    return Result((), rc, stdout, stderr)


def silent() -> Result:
    """Return the result of a program that was ended because its time was up."""
    return Result((), None, timed_out=True)


class FakePending:
    """A program that has answered already."""

    def __init__(self, result: Result) -> None:
        self._result = result

    def result(self) -> Result:
        return self._result

    def cancel(self) -> None:
        """Nothing runs."""


class FakeRunner:
    """Answers for programs by their name, and records every command line.

    A program without an answer is missing. An answer may be a function of the command line.
    Programs in memory, which tell whether an architecture is emulated, go by "program".
    """

    def __init__(self, **answers: Answer) -> None:
        self.answers = answers
        self.asked: list[tuple] = []
        # What each of them read from its standard input.
        self.read: list[str] = []

    def start(self, argv: Sequence[str], timeout: float, stdin: str = "") -> FakePending:
        self.asked.append(tuple(argv))
        self.read.append(stdin)
        name = "program" if argv[0].startswith("/proc/") else argv[0]
        answer = self.answers.get(name, Result(tuple(argv), None, missing=True))
        return FakePending(answer(tuple(argv)) if callable(answer) else answer)

    def run(self, argv: Sequence[str], timeout: float, stdin: str = "") -> Result:
        return self.start(argv, timeout, stdin).result()

    def command_lines(self, name: str) -> list[str]:
        """Return every command line of one program, words joined by spaces."""
        return [" ".join(argv) for argv in self.asked if argv[0] == name]
