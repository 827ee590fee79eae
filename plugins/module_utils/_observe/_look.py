# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One look at the host: every reader once, programs side by side, no part able to stop another."""

from __future__ import annotations

import contextlib
import signal
from dataclasses import dataclass
from typing import Any, Iterator, Sequence

from ansible_collections.arm64.docker.plugins.module_utils._docker_cli import (
    Connection,
    Problem,
    interpret,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._observe import (
    _board,
    _boot,
    _configuration,
    _emulation,
    _files,
    _kernel,
    _packages,
    _power,
    _rootless,
    _service,
    _storage,
    _system,
)
from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host

GROUPS = (
    "platform",
    "os",
    "board",
    "kernel",
    "memory",
    "storage",
    "cgroup",
    "netfilter",
    "packages",
    "conflicts",
    "service",
    "apt",
    "dropins",
    "files",
    "boot",
    "clock",
    "daemon_config",
    "users",
    "emulation",
    "rootless",
    "docker",
    "reboot_required",
)

SOCKET = "/var/run/docker.sock"

# The client needs an address to speak of; nothing listens on this one and nothing is started.
_NOWHERE = "unix:///run/docker-is-not-running.sock"

# What hangs does so until its time is up; the rest of the time is for asking the docker client
# alone.
_DAEMON_SHARE = 0.6

# The firmware answers within milliseconds, or not at all.
_FIRMWARE_SHARE = 0.1


@dataclass(frozen=True)
class Request:
    """What to look at: further package names and users, the data root (None: daemon.json's).

    ``rootless_users`` are those whose own daemons matter, beside the users who have one.
    """

    groups: Sequence[str] = GROUPS
    packages: Sequence[str] = ()
    users: Sequence[str] = ()
    rootless_users: Sequence[str] = ()
    data_root: str | None = None


def observe(host: Host, request: Request) -> tuple[dict[str, Any], list[Problem]]:
    """Read the groups that the request names.

    :returns: the facts, in which a group that could not be read is None, and for each of those
        the reason; the reason for a silent Docker daemon is among them
    """
    problems = []
    wanted = [group for group in GROUPS if group in request.groups]
    _start(host, wanted)
    readers = {
        "platform": lambda: _system.read_platform(host),
        "os": lambda: _system.read_os(host),
        "board": lambda: _board.read_board(host),
        "kernel": lambda: _system.read_kernel(host),
        "memory": lambda: _system.read_memory(host),
        "storage": lambda: _storage.read_storage(
            host, request.data_root or _configuration.data_root(host)
        ),
        "cgroup": lambda: _kernel.read_cgroup(host),
        "netfilter": lambda: _kernel.read_netfilter(host),
        "packages": lambda: _packages.read_packages(host, request.packages),
        "conflicts": lambda: _packages.read_conflicts(host),
        "service": lambda: _service.read_service(host),
        "apt": lambda: _packages.read_apt(host),
        "dropins": lambda: _service.read_dropins(host),
        "files": lambda: _files.read_files(host),
        "boot": lambda: _boot.read_boot(host),
        "clock": lambda: _system.read_clock(host),
        "daemon_config": lambda: _configuration.read_daemon_config(host),
        "users": lambda: _configuration.read_users(host, request.users),
        "emulation": lambda: _emulation.read_emulation(host),
        "rootless": lambda: _rootless.read_rootless(host, request.rootless_users),
        "docker": lambda: _read_docker(host, problems),
        "reboot_required": lambda: _system.read_reboot_required(host),
    }
    facts = {}
    for group in wanted:
        try:
            with _limited(_reader_seconds(host, group)):
                facts[group] = readers[group]()
        except DockerHostError as error:
            problems.append(Problem(f"{group}_unreadable", error.message, error.remedy))
            facts[group] = None
        except Exception as error:  # noqa: BLE001 - whatever a broken host shows is a finding
            facts[group] = None
            problems.append(_unreadable(group, error))
    return facts, problems


def _reader_seconds(host: Host, group: str) -> float:
    """Give a reader half of what is left; those that wait for programs have deadlines already."""
    return (
        host.left() + 2 if group in ("docker", "rootless", "service") else max(1.0, host.left() / 2)
    )


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Interrupt what blocks in the kernel: a pipe where a file should be, a mount that is gone."""

    def expire(number: int, frame: Any) -> None:
        raise TimeoutError(f"no answer within {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _start(host: Host, wanted: Sequence[str]) -> None:
    """Start the programs first, so that they run while the files are read."""
    if "docker" in wanted:
        running = _service.daemon_pid(host) is not None
        address = f"unix://{SOCKET}" if running else _NOWHERE
        host.start("docker", Connection(host=address).version_argv(), _DAEMON_SHARE)
    if "service" in wanted and host.has_systemd:
        host.start("units", _service.UNITS_ARGV, _DAEMON_SHARE)
    if "board" in wanted and host.exists(_power.PROGRAM):
        host.start("throttled", _power.THROTTLED_ARGV, _FIRMWARE_SHARE)


def _read_docker(host: Host, problems: list[Problem]) -> dict[str, Any] | None:
    """Return what ``docker version`` says; a stopped daemon is not asked: that would start it."""
    answer = host.result("docker")
    facts, problem = interpret(answer, "docker", SOCKET)
    if answer.timed_out:
        host.start("client", Connection(host=_NOWHERE).version_argv())
        facts = interpret(host.result("client"), "docker", SOCKET)[0]
    if problem and problem.id == "daemon_unreachable" and _service.daemon_pid(host) is None:
        problem = Problem(problem.id, f"No Docker daemon runs at {SOCKET}.", problem.remedy)
    if problem is not None:
        problems.append(problem)
    return facts


def _unreadable(group: str, error: Exception) -> Problem:
    return Problem(
        f"{group}_unreadable",
        f"The part '{group}' of this host could not be read: {type(error).__name__}: {error}",
        "Check the named file or command on the host; with become it is readable as root.",
    )
