# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon's service: its state, reload and restart, whether it answers, and its journal."""

from __future__ import annotations

import contextlib
import os
import re
import time
from dataclasses import dataclass
from typing import Any, Callable

from ansible_collections.arm64.docker.plugins.module_utils import _dockerd_flags, _systemd
from ansible_collections.arm64.docker.plugins.module_utils._docker_cli import Connection, interpret
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._process import Result

_PROPERTIES = (
    "Id",
    "LoadState",
    "ActiveState",
    "SubState",
    "StateChangeTimestampMonotonic",
    "ExecStart",
    "Environment",
    "EnvironmentFiles",
    "Listen",
)
_LISTEN = re.compile(r"^(/\S+) \(Stream\)", re.MULTILINE)

_SHOW_SECONDS = 15
_ASK_SECONDS = 10
_JOURNAL_SECONDS = 15
_POLL_SECONDS = 1.0
# Lines that are shown, out of those that are read.
_JOURNAL_LINES = 20
_JOURNAL_READ = 500
_GOES_WELL = re.compile(r"\blevel=(info|debug)\b")

# Problems of the client that say nothing against the daemon: systemd's word has to do then.
_CLIENTS_OWN = ("docker_missing", "docker_is_podman", "docker_unreadable")

# The daemon refused the client for its age, so it answers.
_ANSWERED = ("api_version_mismatch",)


@dataclass(frozen=True)
class Clock:
    """Time: seconds since 1970, seconds on a clock that nobody sets, and waiting."""

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class State:
    """What systemd says of the service.

    ``manager`` is False where systemd does not run. ``changed_at`` is the time of the last change
    of the unit's state on systemd's clock, which a reload changes too; ``loaded`` is the same in
    seconds since 1970, None where the daemon does not run. ``flags`` are those of dockerd, the
    path of which is ``program``; ``socket`` is what systemd hands over to it.
    """

    manager: bool
    load: str = ""
    active: str = ""
    sub: str = ""
    changed_at: str = ""
    loaded: float | None = None
    program: str = "dockerd"
    flags: tuple[str, ...] = ()
    socket: str | None = None

    @property
    def running(self) -> bool:
        return self.load == "loaded" and self.active in ("active", "reloading")

    @property
    def down(self) -> bool:
        """Whether it should run and does not: it failed, or systemd is trying to start it."""
        return self.load == "loaded" and self.active in ("failed", "activating")

    def __str__(self) -> str:
        if not self.manager:
            return "without systemd"
        if self.load != "loaded":
            return self.load or "unknown"
        return f"{self.active} ({self.sub})" if self.sub else self.active


class Service:
    """The service of a docker daemon.

    :param name: its unit; ``docker`` means ``docker.service``
    :param runner: starts programs
    :param root: the folder that holds the files of the host
    :raises DockerHostError: where the name is that of another kind of unit
    """

    def __init__(self, name: str, runner: Any, clock: Clock | None = None, root: str = "/") -> None:
        self.unit = name if "." in name else f"{name}.service"
        if not self.unit.endswith(".service"):
            raise DockerHostError(f"{name} is no service.", "Name one, such as docker.service.")
        self.socket_unit = f"{self.unit[: -len('.service')]}.socket"
        self.runner = runner
        self.clock = clock or Clock()
        self._root = root

    def state(self) -> State:
        """Ask systemd for the state of the service.

        :raises DockerHostError: where systemd runs and does not answer
        """
        if not os.path.isdir(os.path.join(self._root, "run/systemd/system")):
            return State(manager=False)
        argv = ("systemctl", "show", f"--property={','.join(_PROPERTIES)}", "--")
        answer = self.runner.run((*argv, self.unit, self.socket_unit), _SHOW_SECONDS)
        units = {unit.get("Id"): unit for unit in _systemd.properties(answer.stdout)}
        if not answer.ok or self.unit not in units:
            raise DockerHostError(
                f"systemctl show {self.unit} failed: {_reason(answer)}.",
                "Look at the host with 'systemctl status'; a busy one needs more time.",
            )
        found = units[self.unit]
        program, flags = _dockerd_flags.program(
            _systemd.command(found.get("ExecStart", ""), self._variables(found))
        )
        listen = _LISTEN.search(units.get(self.socket_unit, {}).get("Listen", ""))
        active, changed_at = (
            found.get(name, "") for name in ("ActiveState", "StateChangeTimestampMonotonic")
        )
        return State(
            manager=True,
            load=found.get("LoadState", ""),
            active=active,
            sub=found.get("SubState", ""),
            changed_at=changed_at,
            loaded=_systemd.wall_clock(changed_at) if active == "active" else None,
            program=program,
            flags=tuple(flags),
            socket=listen.group(1) if listen else None,
        )

    def reload(self, address: str | None, seconds: float) -> str | None:
        """Let the daemon read its configuration again, and wait until it says that it has.

        :param address: where it is asked; None leaves it at systemd's word
        :param seconds: how long this may take
        :returns: None, or why the daemon does not run with the new configuration
        """
        # dockerd reports an accepted configuration as an event; one that it refuses it only
        # mentions in its journal, and goes on with the old one until its next start.
        return self._apply("reload", address, seconds, f"{self.clock.now():.6f}")

    def restart(self, address: str | None, seconds: float) -> str | None:
        """Start the daemon anew, also after it failed too often, and wait until it answers.

        Parameters and result are those of ``reload``.
        """
        # Three failures within a minute, and systemd starts it no more (StartLimitBurst).
        self.runner.run(("systemctl", "reset-failed", self.unit, self.socket_unit), _SHOW_SECONDS)
        return self._apply("restart", address, seconds, None)

    def journal(self, since: float) -> str:
        """Return the last lines of the daemon's journal since a time in seconds since 1970.

        Docker 20.10 writes so much of what goes well that its reason to fail would not be among
        them: that counts only where there is nothing else.
        """
        argv = ["journalctl", f"--unit={self.unit}", f"--since=@{int(since)}"]
        argv += [f"--lines={_JOURNAL_READ}", "--no-pager", "--output=cat"]
        answer = self.runner.run(argv, _JOURNAL_SECONDS)
        lines = answer.stdout.strip().splitlines()
        telling = [line for line in lines if not _GOES_WELL.search(line)]
        shown = (telling or lines)[-_JOURNAL_LINES:]
        return "\n".join(shown) or f"(nothing; journalctl said: {_reason(answer)})"

    def _apply(
        self, verb: str, address: str | None, seconds: float, since: str | None
    ) -> str | None:
        deadline = self.clock.monotonic() + seconds
        try:
            before = self.state().changed_at
        except DockerHostError as error:
            return error.message
        # systemctl waits for the daemon, and the unit of Debian sets no limit to its start.
        command = self.runner.run(("systemctl", verb, self.unit), seconds)
        said = "" if command.ok else f"; systemctl {verb} said: {_reason(command)}"
        while True:
            left = deadline - self.clock.monotonic()
            failed = False
            try:
                state = self.state()
            except DockerHostError as error:
                trouble = error.message
            else:
                failed = state.active == "failed"
                if state.active == "active" and state.changed_at != before:
                    trouble = self._silence(address, left) or self._refusal(address, since, left)
                    if trouble is None:
                        return None
                else:
                    trouble = f"the service is {state}{said}"
            if left <= 0 or failed:
                return trouble
            self.clock.sleep(_POLL_SECONDS)

    def _silence(self, address: str | None, left: float) -> str | None:
        """Return why the daemon does not answer, None where it does or cannot be asked."""
        if address is None:
            return None
        argv = Connection(host=address).version_argv()
        answer = self.runner.run(argv, max(1.0, min(_ASK_SECONDS, left)))
        problem = interpret(answer, "docker", address)[1]
        if problem is None or problem.id in (*_CLIENTS_OWN, *_ANSWERED):
            return None
        return problem.message

    def _refusal(self, address: str | None, since: str | None, left: float) -> str | None:
        """Return that the daemon has not taken over its configuration, None where it has."""
        if address is None or since is None:
            return None
        argv = ["docker", "--host", address, "events", "--since", since]
        argv += ["--until", f"{self.clock.now():.6f}", "--format", "{{.Action}}"]
        argv += ["--filter", "type=daemon", "--filter", "event=reload"]
        answer = self.runner.run(argv, max(1.0, min(_ASK_SECONDS, left)))
        # Another program by the name of docker does not know the question.
        if "reload" in answer.stdout or not (answer.ok or answer.timed_out):
            return None
        return "the daemon has not taken over its configuration"

    def _variables(self, unit: dict[str, str]) -> dict[str, str]:
        found = _systemd.environment(unit.get("Environment", ""))
        for path in _systemd.environment_files(unit.get("EnvironmentFiles", "")):
            with contextlib.suppress(OSError), open(
                os.path.join(self._root, path.lstrip("/")), encoding="utf-8", errors="replace"
            ) as stream:
                found.update(_systemd.environment_file(stream.read()))
        return found


def _reason(answer: Result) -> str:
    if answer.missing:
        return "there is no such command"
    if answer.timed_out:
        return "it did not answer in time"
    return " ".join(answer.stderr.split()).rstrip(".") or "nothing"
