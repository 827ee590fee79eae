# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker without root: what the kernel allows, whose ids are whose, and the users' own daemons."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import time
from typing import Any, Iterator, Sequence

from ansible_collections.arm64.docker.plugins.module_utils import _engine_api, _systemd
from ansible_collections.arm64.docker.plugins.module_utils._daemon_config import applied
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._observe._configuration import read_users
from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host

# Where each package has it: docker-ce-rootless-extras, and docker.io.
LAUNCHERS = ("/usr/bin/dockerd-rootless.sh", "/usr/share/docker.io/contrib/dockerd-rootless.sh")

# What the role docker_rootless writes, and what a daemon of this kind reads when it starts.
USERS_DROPIN = "/etc/systemd/user/docker.service.d/arm64-docker-users.conf"
CONFIGURATION = ("/etc/systemd/user/docker.service", "/etc/docker/rootless.json")

CONTEXT = "rootless"

_PROFILES = "/etc/apparmor.d"
_CONDITION = re.compile(r"^ConditionUser=\|(\S+)$", re.MULTILINE)

# A daemon that works answers at once, but for a board that swaps; one that hangs must not cost the
# host's own its time.
_DAEMON_SECONDS = 10
_DAEMON_SHARE = 0.3


def socket(uid: int) -> str:
    """Return the path of the socket of a user's daemon."""
    return f"/run/user/{uid}/docker.sock"


def daemons(host: Host) -> dict[int, int]:
    """Return the process ids of daemons that run without root on the host itself, by user id.

    Such a daemon has the process ids of the host and a user namespace of its own; one in a
    container has neither. In its namespace it is root, so the owner of its process is the user.
    """
    found = {}
    for name in host.names("/proc"):
        if not name.isdigit() or host.command(name) != "dockerd":
            continue
        spaces = {
            kind: host.link(f"/proc/{name}/ns/{kind}") == host.link(f"/proc/self/ns/{kind}")
            for kind in ("pid", "user")
        }
        if spaces["pid"] and not spaces["user"]:
            with contextlib.suppress(OSError):
                found[os.stat(host.path(f"/proc/{name}")).st_uid] = int(name)
    return found


def read_rootless(host: Host, names: Sequence[str] = ()) -> dict[str, Any]:
    """Return what decides about daemons without root, and those that are there.

    ``user_namespaces`` is how many the kernel allows (user.max_user_namespaces), None where it
    was built without; ``unprivileged`` whether users may make them. ``apparmor_restricts`` is
    whether AppArmor wants a profile for that, and ``apparmor_profile`` the file that has one for
    rootlesskit. ``configured`` are the users of the role docker_rootless. ``subordinate`` has
    every range of /etc/subuid and /etc/subgid: owner, start and count, and ``overlaps`` those
    that two owners share, in words. ``users`` has those of ``names``, the configured ones, and
    whoever runs a daemon, as ``_user`` describes them.
    """
    accounts = read_users(host, names)
    running = daemons(host)
    configured = _CONDITION.findall(host.text(USERS_DROPIN, ""))
    wanted = {*names, *configured} & set(accounts)
    wanted |= {name for name, account in accounts.items() if account["uid"] in running}
    subordinate = {
        kind: _ranges(host.text(f"/etc/sub{kind}", ""), accounts) for kind in ("uid", "gid")
    }
    return {
        "user_namespaces": _number(host, "/proc/sys/user/max_user_namespaces"),
        "unprivileged": _number(host, "/proc/sys/kernel/unprivileged_userns_clone") != 0,
        "apparmor_restricts": _number(
            host, "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"
        )
        == 1,
        "apparmor_profile": _profile(host),
        "launcher": next((path for path in LAUNCHERS if host.exists(path)), None),
        "tun": host.exists("/dev/net/tun"),
        "unprivileged_port_start": _number(host, "/proc/sys/net/ipv4/ip_unprivileged_port_start"),
        "ping_group_range": [
            int(word) for word in host.text("/proc/sys/net/ipv4/ping_group_range", "").split()
        ],
        "configured": configured,
        "subordinate": subordinate,
        "overlaps": [*_overlaps("uid", subordinate["uid"]), *_overlaps("gid", subordinate["gid"])],
        "users": {
            name: _user(host, name, accounts[name], running, subordinate) for name in sorted(wanted)
        },
    }


def _user(
    host: Host,
    name: str,
    account: dict[str, Any],
    running: dict[int, int],
    subordinate: dict[str, list[dict[str, Any]]],
) -> dict[str, Any]:
    """Return one user's part.

    uid, gid, home; ``subuids`` and ``subgids``, how many subordinate ids they have; ``lingering``,
    whether their services run without a login; ``own_unit``, the path of a docker.service in their
    home, which hides that of the role; ``delegated``, the controllers of cgroups that their
    service manager may use, None where it does not run; ``context``, whether a docker context
    leads to the daemon (exists) and is in use (current); and ``daemon``, None or its pid, since,
    applied (whether it started with the configuration as it is now), and what it says of itself:
    version and rootless, both None where it is silent, which ``silence`` explains.
    """
    uid, home = account["uid"], account["home"]
    unit = f"{home}/.config/systemd/user/docker.service"
    manager = f"/sys/fs/cgroup/user.slice/user-{uid}.slice/user@{uid}.service/cgroup.controllers"
    return {
        "uid": uid,
        "gid": account["gid"],
        "home": home,
        "subuids": _count(subordinate["uid"], name),
        "subgids": _count(subordinate["gid"], name),
        "lingering": host.exists(f"/var/lib/systemd/linger/{name}"),
        "own_unit": unit if host.exists(unit) else None,
        "delegated": host.text(manager).split() if host.exists(manager) else None,
        "socket": socket(uid),
        "context": _context(host, home, uid),
        "daemon": _daemon(host, uid, running[uid]) if uid in running else None,
    }


def _daemon(host: Host, uid: int, pid: int) -> dict[str, Any]:
    since = _started(host, pid)
    modified = max((_modified(host, path) for path in CONFIGURATION), default=0.0)
    answer, silence = {}, None
    try:
        patience = min(_DAEMON_SECONDS, host.left() * _DAEMON_SHARE)
        answer = _engine_api.version(host.path(socket(uid)), patience)
    except DockerHostError as error:
        silence = error.message
    return {
        "pid": pid,
        "since": _systemd.utc(since),
        "applied": applied(modified, since, time.time()),
        "version": answer.get("Version"),
        "rootless": _is_rootless(answer) if answer else None,
        "silence": silence,
    }


def _is_rootless(answer: dict[str, Any]) -> bool:
    """Tell whether an engine runs below rootlesskit, which it names among its parts."""
    return any(part.get("Name") == "rootlesskit" for part in answer.get("Components", ()))


def _started(host: Host, pid: int) -> float | None:
    """Return when a process started, in seconds since 1970 (proc_pid_stat(5), field 22)."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        ticks = int(host.text(f"/proc/{pid}/stat").rpartition(")")[2].split()[19])
        seconds = ticks / os.sysconf("SC_CLK_TCK")
        up = float(host.text("/proc/uptime").split()[0])
        return time.time() - (up - seconds)
    return None


def _modified(host: Host, path: str) -> float:
    try:
        return os.stat(host.path(path)).st_mtime
    except OSError:
        return 0.0


def _context(host: Host, home: str, uid: int) -> dict[str, bool]:
    """Read what the docker command keeps in the user's home (docker-context(1))."""
    digest = hashlib.sha256(CONTEXT.encode()).hexdigest()
    meta = _json(host, f"{home}/.docker/contexts/meta/{digest}/meta.json")
    config = _json(host, f"{home}/.docker/config.json")
    endpoint = meta.get("Endpoints")
    endpoint = endpoint.get("docker") if isinstance(endpoint, dict) else None
    address = endpoint.get("Host") if isinstance(endpoint, dict) else None
    return {
        "exists": address == f"unix://{socket(uid)}",
        "current": config.get("currentContext") == CONTEXT,
    }


def _json(host: Host, path: str) -> dict[str, Any]:
    try:
        content = json.loads(host.text(path))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _number(host: Host, path: str) -> int | None:
    try:
        return int(host.text(path))
    except (OSError, ValueError):
        return None


def _profile(host: Host) -> str | None:
    for name in host.names(_PROFILES):
        path = f"{_PROFILES}/{name}"
        if not host.is_folder(path):
            with contextlib.suppress(OSError):
                if re.search(r"^[^#]*\brootlesskit\b", host.text(path), re.MULTILINE):
                    return path
    return None


def _ranges(text: str, accounts: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the ranges of subuid(5); an owner that is written as an id is named."""
    names = {str(account["uid"]): name for name, account in accounts.items()}
    found = []
    for line in text.splitlines():
        owner, *numbers = line.split(":")
        if len(numbers) == 2 and all(number.isdigit() for number in numbers):
            found.append(
                {
                    "owner": names.get(owner, owner),
                    "start": int(numbers[0]),
                    "count": int(numbers[1]),
                }
            )
    return found


def _count(ranges: list[dict[str, Any]], owner: str) -> int:
    return max((item["count"] for item in ranges if item["owner"] == owner), default=0)


def _overlaps(kind: str, ranges: list[dict[str, Any]]) -> Iterator[str]:
    ordered = sorted(ranges, key=lambda item: item["start"])
    for index, left in enumerate(ordered):
        for right in ordered[index + 1 :]:
            if right["start"] >= left["start"] + left["count"]:
                break
            if left["owner"] != right["owner"]:
                yield (
                    f"/etc/sub{kind}: {left['owner']} and {right['owner']} from {right['start']} on"
                )
