# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine to plant faults on, and the plays that run against it."""

from __future__ import annotations

import contextlib
import json
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from machine import Machine, ssh

from .runner import TIMEOUT, Controller, Run, extra_vars

# Every package with its state; every file and link of /etc and /usr/local; what runs. Units that
# come and go by themselves do not count.
FINGERPRINT = r"""
dpkg-query -W -f '${db:Status-Abbrev} ${binary:Package} ${Version}\n'
find /etc /usr/local -xdev -type f ! -name '*-' -exec sha256sum {} +
find /etc /usr/local -xdev -type l -printf '%p -> %l\n'
find /var/lib/docker /opt/faults -mindepth 1 -maxdepth 1 2>/dev/null || true
systemctl list-units --plain --no-legend --type=service,socket,mount --state=active,failed |
    awk '{print $1, $3}' |
    grep -Ev '^(user|user-runtime-dir|run-user)[@-]|^(systemd|apt|dpkg|e2scrub|fstrim|sshd?)-'
"""


class Host:
    """The machine, known to Ansible as `host`."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        self.machine = machine
        self.folder = folder
        (self.connection,) = machine.inventory()["machines"]["hosts"].values()
        # One connection for all commands: a handshake takes an emulated machine a second.
        self._shared = ["-o", "ControlMaster=auto", "-o", f"ControlPath={folder}/ssh"]
        self._shared += ["-o", "ControlPersist=600"]

    def ssh(self, script: str) -> str:
        """Run a shell script as root; return its standard output. Raises where a line fails."""
        program, *rest = ssh.command(self.machine.port, "root", ["sh -e"])
        done = subprocess.run(
            [program, *self._shared, *rest],
            input=script,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"status {done.returncode}: {script}\n{done.stdout}{done.stderr}")
        return done.stdout

    def write(self, path: str, text: str, mode: str = "0644") -> None:
        """Write a file."""
        self.ssh(f"printf %s {shlex.quote(text)} >{path}; chmod {mode} {path}")

    def close(self) -> None:
        """End the shared connection."""
        command = ["ssh", *self._shared, "-O", "exit", "root@host"]
        subprocess.run(command, capture_output=True, check=False)

    @contextlib.contextmanager
    def planted(self, plant: str, undo: str) -> Iterator[None]:
        """Run the shell script `plant`, and `undo` at the end, also when `plant` failed."""
        try:
            self.ssh(plant)
            yield
        finally:
            self.ssh(undo)

    @contextlib.contextmanager
    def showing(self, path: str, command: str) -> Iterator[None]:
        """Let the file `path` read as what `command` prints. The file itself is not written to."""
        copy = f"/opt/faults/{path.replace('/', '_')}"
        with self.planted(
            f"{command} >{copy}; mount --bind {copy} {path}", f"umount {path}; rm {copy}"
        ):
            yield

    @contextlib.contextmanager
    def full_disk(self, left_mb: int) -> Iterator[None]:
        """Leave only `left_mb` MiB free on /, the share that is kept for root included."""
        fill = """
            free=$(($(stat --file-system --format '%f * %S' /)))
            fallocate --length $((free - LEFT * 1024 * 1024)) /opt/faults/fill || true
            test LEFT != 0 || cat /dev/zero >>/opt/faults/fill 2>/dev/null || true
        """.replace("LEFT", str(left_mb))
        with self.planted(fill, "rm -f /opt/faults/fill"):
            yield

    def fingerprint(self) -> set[str]:
        """Return the state of the host, one line an item: packages, configuration, services."""
        return set(self.ssh(FINGERPRINT).splitlines())

    def play(
        self,
        playbook: str,
        *options: str,
        hosts: dict[str, dict[str, Any]] | None = None,
        pipelining: bool = True,
        environment: dict[str, str] | None = None,
        **variables: Any,
    ) -> Run:
        """Run a playbook.

        `hosts` are names for this one machine with the variables in which they differ from it.
        Without `pipelining`, which the playbooks choose where an inventory does not, modules go to
        the host as files, which takes twice as long.
        """
        hosts = {
            name: {"ansible_pipelining": pipelining, **different}
            for name, different in (hosts or {"host": {}}).items()
        }
        controller = self._controller(hosts, environment or {})
        forks = ("--forks", str(len(hosts)))
        return controller.playbook(playbook, *extra_vars(**variables), *forks, *options)

    def module(self, name: str, **arguments: Any) -> Run:
        """Run one module as root."""
        controller = self._controller({"host": {"ansible_pipelining": True}}, {})
        return controller.module(name, json.dumps(arguments) if arguments else "", "--become")

    def _controller(
        self, hosts: dict[str, dict[str, Any]], environment: dict[str, str]
    ) -> Controller:
        known = {"ansible_python_interpreter": "/usr/bin/python3", **self.connection}
        content = {name: {**known, **different} for name, different in hosts.items()}
        return Controller({"all": {"hosts": content}}, environment)
