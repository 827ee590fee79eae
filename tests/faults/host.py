# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine to plant faults on, the plays that run against it, and what became of them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from machine import Machine, ssh

# Enough for an installation on emulated hardware; nothing here may hang a test run.
TIMEOUT = 1200

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


@dataclass(frozen=True)
class Run:
    """A finished ansible-playbook or ansible: exit status, all its output, seconds it took."""

    status: int
    output: str
    seconds: float

    def message(self, host: str = "host") -> str:
        """Return the last message with which `host` failed, on one line; empty if it did not."""
        pattern = rf"^fatal: \[{re.escape(host)}\]: \w+! => (\{{.*\}})$"
        found = re.findall(pattern, self.output, re.MULTILINE)
        return " ".join(json.loads(found[-1])["msg"].split()) if found else ""

    def recap(self, host: str = "host") -> dict[str, int]:
        """Return the counters of `host` in the recap: ok, changed, failed and so on."""
        found = re.search(rf"^{re.escape(host)}\s+: (.*)$", self.output, re.MULTILINE)
        assert found, self.output
        return {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", found[1])}

    def result(self) -> dict[str, Any]:
        """Return what a module returned, of an `ansible` run against one host."""
        found = re.search(r"^host \| \w+!? => (\{.*)", self.output, re.MULTILINE | re.DOTALL)
        assert found, self.output
        return json.JSONDecoder().raw_decode(found[1])[0]


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
        Without `pipelining` (Ansible's default) modules go to the host as files, which takes twice
        as long.
        """
        return self._run(
            ["ansible-playbook", playbook, "--extra-vars", json.dumps(variables), *options],
            hosts or {"host": {}},
            {**(environment or {}), "ANSIBLE_PIPELINING": str(pipelining)},
        )

    def module(self, name: str, **arguments: Any) -> Run:
        """Run one module as root."""
        argv = ["ansible", "host", "--become", "-m", name]
        if arguments:
            argv += ["-a", json.dumps(arguments)]
        return self._run(argv, {"host": {}}, {"ANSIBLE_PIPELINING": "True"})

    def _run(
        self, argv: list[str], hosts: dict[str, dict[str, Any]], environment: dict[str, str]
    ) -> Run:
        inventory = self.folder / "inventory.json"
        known = {"ansible_python_interpreter": "/usr/bin/python3", **self.connection}
        content = {name: {**known, **different} for name, different in hosts.items()}
        inventory.write_text(json.dumps({"all": {"hosts": content}}))
        started = time.monotonic()
        done = subprocess.run(
            [*argv, "--inventory", str(inventory), "--forks", str(len(hosts))],
            env={
                **os.environ,
                "ANSIBLE_FORCE_COLOR": "False",
                "ANSIBLE_NOCOLOR": "True",
                # A busy emulated machine takes its time to ask for a password.
                "ANSIBLE_TIMEOUT": "60",
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        print(shlex.join(argv), done.stdout, sep="\n")
        return Run(done.returncode, done.stdout, time.monotonic() - started)
