# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for a host's daemon and its service manager, as the programs that ask them see it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, Callable

from ansible_collections.arm64.docker.plugins.module_utils._daemon_service import Clock, Service
from ansible_collections.arm64.docker.plugins.module_utils._process import Result
from ansible_collections.arm64.docker.tests.unit.fakes import FakeRunner, said, silent
from ansible_collections.arm64.docker.tests.unit.hosts import fixture

VERSION = "docker_version/docker-debian13-26.1.5-arm64.json"

Judge = Callable[[dict], "str | None"]


def refuses(key: str) -> Judge:
    """Judge a configuration as a daemon does that does not live with a key."""
    return lambda document: f"{key} cannot be" if key in document else None


class Time:
    """A clock on which waiting takes no time; the time of day is the real one, as files have it."""

    def __init__(self) -> None:
        self.passed = 0.0

    def sleep(self, seconds: float) -> None:
        self.passed += seconds

    def clock(self) -> Clock:
        return Clock(now=time.time, monotonic=lambda: self.passed, sleep=self.sleep)


class Engine:
    """A daemon that reads daemon.json when it starts and when it is told to, and systemd over it.

    ``starts``, ``reloads`` and ``validates`` judge a configuration: None is yes, a text the reason
    for a no. ``loaded`` is what the daemon runs with. ``answers`` says whether it answers while it
    is active. ``log`` holds the reloads and restarts that systemd was asked for.
    """

    def __init__(self, root: Path, content: str | bytes | None = None) -> None:
        self.root = root
        self.path = root / "etc/docker/daemon.json"
        self.time = Time()
        self.runner = FakeRunner(
            systemctl=self._systemctl,
            docker=self._docker,
            dockerd=self._dockerd,
            journalctl=lambda argv: said("\n".join(self.journal)),
        )
        self.runner.answers["/usr/sbin/dockerd"] = self._dockerd
        self.starts: Judge = lambda document: None
        self.reloads: Judge = lambda document: None
        self.validates: Judge | None = lambda document: None
        self.answers = True
        self.active, self.load = "active", "loaded"
        self.flags = f"-H fd:// --config-file={self.path} $DOCKER_OPTS"
        self.log: list[str] = []
        self.journal: list[str] = []
        self.reload_events = 0
        (root / "run/systemd/system").mkdir(parents=True)
        if content is not None:
            self.write(content)
        self.loaded = self.read()
        self._change("active")

    def write(self, content: str | bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(content.encode() if isinstance(content, str) else content)

    def read(self) -> dict[str, Any]:
        """Return what the daemon would read."""
        try:
            return json.loads(self.path.read_text(encoding="utf-8") or "{}")
        except FileNotFoundError:
            return {}

    def files(self) -> list[str]:
        return sorted(path.name for path in self.path.parent.glob("*"))

    def service(self, name: str = "docker.service") -> Service:
        return Service(name, self.runner, self.time.clock(), str(self.root))

    def age(self, seconds: float) -> None:
        """Let the last start or reload of the daemon be this long ago."""
        self.changed_at -= int(seconds * 1e6)

    def _change(self, active: str) -> None:
        self.active = active
        self.changed_at = int(time.clock_gettime(time.CLOCK_MONOTONIC) * 1e6)

    def _systemctl(self, argv: tuple) -> Result:
        verb = argv[1]
        if verb == "show":
            return self._show()
        if verb == "reset-failed":
            if self.active == "failed":
                self._change("inactive")
            return said()
        self.log.append(verb)
        return self._reload() if verb == "reload" else self._start()

    def _show(self) -> Result:
        command = f"/usr/sbin/dockerd {self.flags}" if self.load == "loaded" else ""
        lines = [
            "Id=docker.service",
            f"LoadState={self.load}",
            f"ActiveState={self.active}",
            f"SubState={'running' if self.active == 'active' else 'dead'}",
            f"StateChangeTimestampMonotonic={self.changed_at}",
            f"ExecStart={{ path=/usr/sbin/dockerd ; argv[]={command} ; ignore_errors=no ; pid=0 }}",
            "EnvironmentFiles=/etc/default/docker (ignore_errors=yes)",
            "",
            "Id=docker.socket",
            "LoadState=loaded",
            "Listen=/run/docker.sock (Stream)",
        ]
        return said("\n".join(lines))

    def _start(self) -> Result:
        reason = self.starts(self.read())
        if reason:
            self.journal.append(f"failed to start daemon: {reason}")
            self._change("failed")
            return said("", "Job for docker.service failed.\n", 1)
        self.loaded = self.read()
        self.journal.append("Daemon has completed initialization")
        self._change("active")
        return said()

    def _reload(self) -> Result:
        if self.active != "active":
            return said("", "docker.service is not active, cannot reload.\n", 1)
        self._change("active")
        reason = self.reloads(self.read())
        if reason:
            self.journal.append(f"Error reconfiguring the daemon: {reason}")
        else:
            self.loaded = self.read()
            self.reload_events += 1
        return said()

    def _docker(self, argv: tuple) -> Result:
        if self.active != "active" or not self.answers:
            return silent()
        if "events" in argv:
            events, self.reload_events = self.reload_events, 0
            return said("reload\n" * events)
        return said(fixture(VERSION))

    def _dockerd(self, argv: tuple) -> Result:
        if self.validates is None:
            return said("", "Status: unknown flag: --validate\nSee 'dockerd --help'.\n", 125)
        given = Path(argv[argv.index("--config-file") + 1])
        reason = self.validates(json.loads(given.read_text(encoding="utf-8")))
        if reason:
            return said("", f"unable to configure the Docker daemon with file {given}: {reason}", 1)
        return said("configuration OK\n")
