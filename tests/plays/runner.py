# SPDX-License-Identifier: GPL-3.0-or-later
"""Run Ansible in the environment of the oldest supported ansible-core and read what it did."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
CONTROLLER = CHECKOUT / "tests/controllers/run"
CALLBACKS = CHECKOUT / "tests/callback"

# Enough for an installation on emulated hardware; nothing may hang a test run.
TIMEOUT = 1800

_RECAP = re.compile(r"^(\S+)\s+: (ok=.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    """What one call of Ansible did; ``seconds`` is wall time, ``sent`` what went to the targets."""

    rc: int
    output: str
    seconds: float
    sent: tuple[str, ...]

    @property
    def recap(self) -> dict[str, dict[str, int]]:
        """The counts of the play recap by host: ok, changed, unreachable, failed, ..."""
        return {
            host: {key: int(value) for key, value in (pair.split("=") for pair in counts.split())}
            for host, counts in _RECAP.findall(self.output)
        }

    @property
    def changed(self) -> int:
        """How many tasks changed something, on all hosts together."""
        return sum(counts["changed"] for counts in self.recap.values())

    def message(self, host: str = "host") -> str:
        """Return the last message with which a host failed, on one line; empty if it did not."""
        pattern = rf"^fatal: \[{re.escape(host)}\]: \w+! => (\{{.*\}})$"
        found = re.findall(pattern, self.output, re.MULTILINE)
        return " ".join(json.loads(found[-1])["msg"].split()) if found else ""

    def result(self, host: str = "host") -> dict[str, Any]:
        """Return what a module returned on a host, of a call of the command ansible."""
        pattern = rf"^{re.escape(host)} \| \w+!? => (\{{.*)"
        found = re.search(pattern, self.output, re.MULTILINE | re.DOTALL)
        assert found, self.output
        return json.JSONDecoder().raw_decode(found[1])[0]

    def demand(self) -> Run:
        """Return this run, or fail with its output where Ansible failed."""
        if self.rc:
            raise AssertionError(f"Ansible ended with status {self.rc}:\n{self.output}")
        return self


class Controller:
    """Ansible with one inventory; ``environment`` is added to that of this process."""

    def __init__(
        self, inventory: dict[str, Any], environment: Mapping[str, str] | None = None
    ) -> None:
        self._inventory = json.dumps(inventory)
        self._environment = dict(environment or {})

    def playbook(self, name: str, *arguments: str) -> Run:
        """Run a playbook, by its name in a collection or by its path."""
        return self._run("ansible-playbook", name, *arguments)

    def module(self, name: str, arguments: str = "", *options: str) -> Run:
        """Run one module on every host, as a user would with the command ansible."""
        extra = ("-a", arguments) if arguments else ()
        return self._run("ansible", "all", "-m", name, *extra, *options)

    def _run(self, program: str, *arguments: str) -> Run:
        with tempfile.TemporaryDirectory(prefix="arm64-docker-plays-") as folder:
            inventory, log = Path(folder, "hosts.json"), Path(folder, "sent")
            inventory.write_text(self._inventory, encoding="utf-8")
            log.touch()
            started = time.monotonic()
            done = subprocess.run(
                [str(CONTROLLER), "2.19", program, "-i", str(inventory), *arguments],
                cwd=folder,
                env={**_inherited(), **_COUNTING, "REMOTE_RUNS_LOG": str(log), **self._environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=TIMEOUT,
                check=False,
            )
            seconds = time.monotonic() - started
            print(shlex.join([program, *arguments]), done.stdout, sep="\n")
            sent = tuple(_name(json.loads(line)) for line in log.read_text().splitlines())
        return Run(done.returncode, done.stdout, seconds, sent)


def _inherited() -> dict[str, str]:
    """Return the environment without Molecule's settings, which would colour what is read here."""
    foreign = ("ANSIBLE_CONFIG", "ANSIBLE_FORCE_COLOR", "PY_COLORS")
    return {name: value for name, value in os.environ.items() if name not in foreign}


_COUNTING = {
    "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
    "ANSIBLE_CALLBACKS_ENABLED": "remote_runs",
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_LOCALHOST_WARNING": "false",
    # sudo and ssh on an emulated machine take long while others use the processor too.
    "ANSIBLE_TIMEOUT": "60",
}


def _name(entry: dict[str, str]) -> str:
    return entry["name"] if entry["kind"] == "module" else f"{entry['kind']} {entry['name']}"


def extra_vars(**variables: Any) -> Sequence[str]:
    """Return the arguments that set variables, of any type."""
    return ("-e", json.dumps(variables))
