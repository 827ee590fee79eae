# SPDX-License-Identifier: GPL-3.0-or-later
"""Count what a play sends to its targets: modules, raw and script commands, file transfers."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: remote_runs
type: aggregate
short_description: Write one line of JSON for each thing that is sent to a target
description:
  - The lines go to the file that the environment variable REMOTE_RUNS_LOG names.
  - A module counts once, together with the transfer of its own code.
  - With REMOTE_RUNS_END_AFTER=K the controller is killed as soon as the Kth of them has ended.
"""

RAW_ACTIONS = {"raw", "script"}


class CallbackModule(CallbackBase):
    """Wraps the two methods through which every action plugin reaches a target."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "remote_runs"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._log = os.environ["REMOTE_RUNS_LOG"]
        self._end_after = int(os.environ.get("REMOTE_RUNS_END_AFTER", "0"))
        _wrap("_execute_module", self._note_module, self._end)
        _wrap("_transfer_file", self._note_transfer, self._end)

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        action = task.action.rpartition(".")[2]
        if action in RAW_ACTIONS:
            self._note("command", action)

    def _note_module(self, action: ActionBase, *args: Any, **options: Any) -> None:
        module = options.get("module_name") or (args[0] if args else action._task.action)
        self._note("module", module)

    def _note_transfer(self, action: ActionBase, *args: Any, **options: Any) -> None:
        self._note("transfer", str(args[-1]) if args else "")

    def _note(self, kind: str, name: str) -> None:
        line = json.dumps({"kind": kind, "name": name}) + "\n"
        # One write of a short line to a file opened for appending is whole, whichever worker it is.
        with open(self._log, "a", encoding="utf-8") as stream:
            stream.write(line)

    def _end(self) -> None:
        """Kill the controller, whose child every worker is, and this worker when it is time."""
        if self._end_after and len(Path(self._log).read_text().splitlines()) == self._end_after:
            for process in (os.getppid(), os.getpid()):
                os.kill(process, signal.SIGKILL)


def _wrap(name: str, note: Any, end: Any) -> None:
    """Note each outermost call of a method; what it sends in turn belongs to it."""
    inner = getattr(ActionBase, name)

    def wrapped(action: ActionBase, *args: Any, **options: Any) -> Any:
        if getattr(action, "_noting", False):
            return inner(action, *args, **options)
        note(action, *args, **options)
        action._noting = True
        try:
            return inner(action, *args, **options)
        finally:
            action._noting = False
            end()

    setattr(ActionBase, name, wrapped)
