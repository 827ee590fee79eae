# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker's units, the daemon behind them, and the drop-ins that change them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils import _systemd
from ansible_collections.arm64.docker.plugins.module_utils._daemon_config import applied
from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host

UNITS = ("docker.service", "docker.socket", "containerd.service")

_PROPERTIES = (
    "Id",
    "LoadState",
    "ActiveState",
    "SubState",
    "MainPID",
    "UnitFileState",
    "ActiveEnterTimestampMonotonic",
    "StateChangeTimestampMonotonic",
    "NeedDaemonReload",
    "RequiresMountsFor",
    "Environment",
    "EnvironmentFiles",
)
UNITS_ARGV = ("systemctl", "show", f"--property={','.join(_PROPERTIES)}", "--", *UNITS)

_DROPIN_FOLDERS = ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system")


def read_service(host: Host) -> dict[str, Any]:
    """Return whether the engine's service is active and enabled, and since when.

    ``manager`` is systemd, or None where it does not run, as in the build of an image: then
    ``active`` says whether a daemon runs at all and ``enabled`` what the next boot will do.
    ``since`` is the start of the daemon in UTC, ``loaded`` its last start or reload. ``units``
    has load, active, enabled, reload_needed and requires_mounts_for for each unit, and
    ``environment_names``: which variables it sets, without their values.
    ``daemon_environment_names`` are those that the running daemon was started with, None where
    no daemon runs or they cannot be read.
    """
    answer = host.result("units")
    if answer is None:
        return {
            "manager": None,
            "active": daemon_pid(host) is not None,
            "enabled": _has_wants(host),
            "since": None,
            "loaded": None,
            "daemon_environment_names": _given_names(host, daemon_pid(host)),
            "units": {},
        }
    if not answer.ok:
        reason = "did not answer in time" if answer.timed_out else answer.stderr.strip()
        raise OSError(f"systemctl show failed: {reason or 'no reason given'}")
    units, since, pid = {}, None, None
    for fields in _systemd.properties(answer.stdout):
        if "Id" not in fields:
            continue
        units[fields["Id"]] = {
            "load": fields.get("LoadState", ""),
            "active": fields.get("ActiveState", ""),
            "sub": fields.get("SubState", ""),
            "enabled": fields.get("UnitFileState", ""),
            "reload_needed": fields.get("NeedDaemonReload") == "yes",
            "requires_mounts_for": fields.get("RequiresMountsFor", "").split(),
            "environment_names": _environment_names(host, fields),
        }
        if fields["Id"] == "docker.service" and fields.get("ActiveState") == "active":
            since = _systemd.wall_clock(fields.get("ActiveEnterTimestampMonotonic", ""))
            pid = int(fields.get("MainPID") or 0)
    docker = units.get("docker.service", {})
    return {
        "manager": "systemd",
        "active": docker.get("active") == "active",
        "enabled": docker.get("enabled") == "enabled",
        "since": _systemd.utc(since),
        "loaded": _systemd.utc(loaded(host)),
        "daemon_environment_names": _given_names(host, pid),
        "units": units,
    }


def _environment_names(host: Host, fields: dict[str, str]) -> list[str]:
    """Return the names of a unit's variables; their values may be secrets, such as of a proxy."""
    names = set(_systemd.environment(fields.get("Environment", "")))
    for path in _systemd.environment_files(fields.get("EnvironmentFiles", "")):
        with contextlib.suppress(OSError, ValueError):
            names |= set(_systemd.environment_file(host.text(path)))
    return sorted(names)


def _given_names(host: Host, pid: int | None) -> list[str] | None:
    """Return the names of the variables that a process was started with.

    None where there is no such process, or where it may not be looked at.
    """
    if not pid:
        return None
    try:
        given = host.read(f"/proc/{pid}/environ")
    except OSError:
        return None
    names = (entry.partition(b"=")[0] for entry in given.split(b"\0") if entry)
    return sorted(name.decode("utf-8", "backslashreplace") for name in names)


def loaded(host: Host) -> float | None:
    """Return when the running daemon last read its configuration, in seconds since 1970.

    A start and ``systemctl reload`` both change the state of the unit; a signal that was sent by
    hand does not, and remains unseen. None where no daemon runs or systemd was not asked.
    """
    return _docker_time(host, "StateChangeTimestampMonotonic")


def started(host: Host) -> float | None:
    """Return when the running daemon started, in seconds since 1970, as ``loaded`` does."""
    return _docker_time(host, "ActiveEnterTimestampMonotonic")


def _docker_time(host: Host, name: str) -> float | None:
    answer = host.result("units")
    for fields in _systemd.properties(answer.stdout) if answer and answer.ok else ():
        if fields.get("Id") == "docker.service" and fields.get("ActiveState") == "active":
            return _systemd.wall_clock(fields.get(name, ""))
    return None


def _modified(host: Host, path: str) -> float | None:
    try:
        return os.stat(host.path(path)).st_mtime_ns / 1e9
    except OSError:
        return None


def _has_wants(host: Host) -> bool:
    folder = "/etc/systemd/system"
    return any(
        host.exists(f"{folder}/{name}/docker.service")
        for name in host.names(folder)
        if name.endswith(".wants")
    )


def daemon_pid(host: Host) -> int | None:
    """Return the process id of the host's own dockerd, found without touching its socket.

    Connecting to the socket of a stopped engine would start it (docker.socket). A rootless daemon
    has a user namespace of its own, and one in a container its own process ids.
    """
    for name in host.names("/proc"):
        if not name.isdigit() or host.command(name) != "dockerd":
            continue
        spaces = [
            host.link(f"/proc/{name}/ns/{kind}") == host.link(f"/proc/self/ns/{kind}")
            for kind in ("pid", "user")
        ]
        if all(spaces):
            return int(name)
    return None


def read_dropins(host: Host) -> dict[str, list[dict[str, Any]]]:
    """Return the drop-in files of each of Docker's units: path, sha256 of the content, and applied.

    ``applied`` says whether docker.service started after the file was written, None where that
    cannot be known: it does not run, or the clock is behind. A link that leads nowhere is not
    among them: systemd leaves it out too.
    """
    found, start = {}, started(host)
    for unit in UNITS:
        files = []
        for folder in _DROPIN_FOLDERS:
            for name in host.names(f"{folder}/{unit}.d"):
                path = f"{folder}/{unit}.d/{name}"
                if not name.endswith(".conf"):
                    continue
                with contextlib.suppress(FileNotFoundError):
                    files.append(
                        {
                            "path": path,
                            "sha256": hashlib.sha256(host.read(path)).hexdigest(),
                            "applied": applied(_modified(host, path), start, time.time()),
                        }
                    )
        found[unit] = files
    return found
