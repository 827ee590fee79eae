# SPDX-License-Identifier: GPL-3.0-or-later
"""The key pair of all test machines, and ssh as a user of theirs."""

from __future__ import annotations

import random
import shlex
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .errors import MachineError
from .paths import cache_dir, locked

ADDRESS = "127.0.0.1"
# Below the ports that the kernel gives to outgoing connections, so that a machine which is
# powered off for a moment finds its port free again.
PORTS = range(20000, 30000)
# Every machine is new at the same address, so a remembered host key would only be in the way.
OPTIONS = (
    "-o",
    "StrictHostKeyChecking=no",
    "-o",
    "UserKnownHostsFile=/dev/null",
    "-o",
    "LogLevel=ERROR",
)


def private_key() -> Path:
    """Return the private key's path; make the pair the first time. The public one is `.pub`."""
    key = cache_dir() / "id_ed25519"
    with locked(cache_dir() / "id_ed25519.lock"):
        if not key.with_suffix(".pub").exists():
            key.unlink(missing_ok=True)
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "arm64-docker", "-f", key],
                check=True,
            )
    return key


def command(port: int, user: str, argv: Sequence[str]) -> list[str]:
    """Return the ssh command line that runs `argv` as `user`; no `argv` opens a shell."""
    return [
        "ssh",
        *OPTIONS,
        "-o",
        "IdentitiesOnly=yes",
        "-o",
        "ConnectTimeout=20",
        "-i",
        str(private_key()),
        "-p",
        str(port),
        f"{user}@{ADDRESS}",
        *argv,
    ]


def answers(port: int, timeout: float = 5.0) -> bool:
    """Tell whether an ssh server greets on `port` within `timeout` seconds.

    QEMU accepts connections as soon as it runs, so only the greeting proves that the guest is up.
    """
    try:
        with socket.create_connection((ADDRESS, port), timeout) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def run(
    port: int,
    user: str,
    remote: str | Sequence[str],
    *,
    check: bool,
    timeout: float | None,
    stdin: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command: a list as it is, a string through the login shell.

    Raises MachineError when it takes over `timeout` seconds or, with `check`, fails.
    """
    line = remote if isinstance(remote, str) else shlex.join(remote)
    try:
        done = subprocess.run(
            command(port, user, [line]),
            check=False,
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=timeout,
        )
    except subprocess.TimeoutExpired:
        raise MachineError(f"no end after {timeout} s: {line}") from None
    if check and done.returncode:
        raise MachineError(f"status {done.returncode}: {line}\n{done.stdout}{done.stderr}")
    return done


def free_port() -> int:
    """Return a port of PORTS that nobody listens on."""
    for _ in range(200):
        port = random.choice(PORTS)
        with socket.socket() as probe:
            try:
                probe.bind((ADDRESS, port))
            except OSError:
                continue
            return port
    raise MachineError(f"no free port between {PORTS.start} and {PORTS.stop - 1}")
