# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker's units, the daemon behind them, and the drop-ins that change them."""

from __future__ import annotations

import hashlib
import time
from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host

UNITS = ("docker.service", "docker.socket", "containerd.service")

_PROPERTIES = (
    "Id",
    "LoadState",
    "ActiveState",
    "SubState",
    "UnitFileState",
    "ActiveEnterTimestampMonotonic",
    "NeedDaemonReload",
)
UNITS_ARGV = ("systemctl", "show", f"--property={','.join(_PROPERTIES)}", "--", *UNITS)

_DROPIN_FOLDERS = ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system")


def read_service(host: Host) -> dict[str, Any]:
    """Return whether the engine's service is active and enabled, and since when.

    ``manager`` is systemd, or None where it does not run, as in the build of an image: then
    ``active`` says whether a daemon runs at all and ``enabled`` what the next boot will do.
    ``since`` is the start of the daemon in UTC. ``units`` has load, active, enabled and
    reload_needed for each unit.
    """
    answer = host.result("units")
    if answer is None:
        return {
            "manager": None,
            "active": daemon_pid(host) is not None,
            "enabled": _has_wants(host),
            "since": None,
            "units": {},
        }
    if not answer.ok:
        reason = "did not answer in time" if answer.timed_out else answer.stderr.strip()
        raise OSError(f"systemctl show failed: {reason or 'no reason given'}")
    units, since = {}, None
    for block in answer.stdout.split("\n\n"):
        fields = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if "Id" not in fields:
            continue
        units[fields["Id"]] = {
            "load": fields.get("LoadState", ""),
            "active": fields.get("ActiveState", ""),
            "sub": fields.get("SubState", ""),
            "enabled": fields.get("UnitFileState", ""),
            "reload_needed": fields.get("NeedDaemonReload") == "yes",
        }
        if fields["Id"] == "docker.service" and fields.get("ActiveState") == "active":
            since = _since(fields.get("ActiveEnterTimestampMonotonic", ""))
    docker = units.get("docker.service", {})
    return {
        "manager": "systemd",
        "active": docker.get("active") == "active",
        "enabled": docker.get("enabled") == "enabled",
        "since": since,
        "units": units,
    }


def _since(microseconds: str) -> str | None:
    """Turn a time on the monotonic clock into UTC; systemd prints local time otherwise."""
    if not microseconds.isdigit() or microseconds == "0":
        return None
    started = time.time() - time.clock_gettime(time.CLOCK_MONOTONIC) + int(microseconds) / 1e6
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started))


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


def read_dropins(host: Host) -> dict[str, list[dict[str, str]]]:
    """Return the drop-in files of each of Docker's units: path and sha256 of the content."""
    found = {}
    for unit in UNITS:
        files = []
        for folder in _DROPIN_FOLDERS:
            for name in host.names(f"{folder}/{unit}.d"):
                path = f"{folder}/{unit}.d/{name}"
                if name.endswith(".conf"):
                    digest = hashlib.sha256(host.read(path)).hexdigest()
                    files.append({"path": path, "sha256": digest})
        found[unit] = files
    return found
