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
import stat
import time
from typing import Any, Sequence

from ansible_collections.arm64.docker.plugins.module_utils import _systemd
from ansible_collections.arm64.docker.plugins.module_utils._daemon_config import applied
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._observe import _subordinate
from ansible_collections.arm64.docker.plugins.module_utils._observe._configuration import read_users
from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host

# Where each package has it: docker-ce-rootless-extras, and docker.io.
LAUNCHERS = ("/usr/bin/dockerd-rootless.sh", "/usr/share/docker.io/contrib/dockerd-rootless.sh")

# What the role docker_rootless writes: for whom the unit is, and what a daemon starts with.
UNIT = "/etc/systemd/user/docker.service"
SETTINGS_FOLDER = "/etc/docker"
SETTINGS = tuple(f"{SETTINGS_FOLDER}/arm64-docker-rootless.{kind}" for kind in ("env", "json"))

CONTEXT = "rootless"

_PROFILES = "/etc/apparmor.d"
_LOADED_PROFILES = "/sys/kernel/security/apparmor/profiles"
OWN_PROFILE = "arm64-docker-rootlesskit"
_ATTACHES = re.compile(r"^\s*(?:profile\s+\S+\s+)?/usr/bin/rootlesskit\b[^#{]*\{", re.MULTILINE)
_CONDITION = re.compile(r"^ConditionUser=\|(\S+)$", re.MULTILINE)

# Files that docker keeps in a home are far smaller.
_HOME_FILE_LIMIT = 1024 * 1024

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
    whether AppArmor wants a profile for that, ``apparmor_profile`` the file that has one for
    /usr/bin/rootlesskit, and ``apparmor_loaded`` whether the kernel has that of the role
    docker_rootless. ``settings_folder`` is whether there is the folder of the daemons' settings.
    ``configured`` are the users of that role, ``asked`` those of ``names``.
    ``subordinate`` has every range of /etc/subuid and /etc/subgid: owner, start and count, and
    ``free``, where ranges of 65536 ids may begin that nobody has; ``overlaps`` are those that two
    owners share, in words. ``users`` has those of ``names``, the configured ones, and whoever
    runs a daemon, as ``_user`` describes them.
    """
    configured = _CONDITION.findall(host.text(UNIT, ""))
    accounts = read_users(host, [*names, *configured])
    running = daemons(host)
    wanted = {*names, *configured} & set(accounts)
    wanted |= {name for name, account in accounts.items() if account["uid"] in running}
    ranges = {
        kind: _subordinate.ranges(host.text(f"/etc/sub{kind}", ""), accounts)
        for kind in ("uid", "gid")
    }
    return {
        "user_namespaces": _number(host, "/proc/sys/user/max_user_namespaces"),
        "unprivileged": _number(host, "/proc/sys/kernel/unprivileged_userns_clone") != 0,
        "apparmor_restricts": _number(
            host, "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"
        )
        == 1,
        "apparmor_profile": _profile(host),
        "apparmor_loaded": f"{OWN_PROFILE} (" in host.text(_LOADED_PROFILES, ""),
        "launcher": next((path for path in LAUNCHERS if host.exists(path)), None),
        "tun": host.exists("/dev/net/tun"),
        "settings_folder": host.is_folder(SETTINGS_FOLDER),
        "unprivileged_port_start": _number(host, "/proc/sys/net/ipv4/ip_unprivileged_port_start"),
        "ping_group_range": [
            int(word) for word in host.text("/proc/sys/net/ipv4/ping_group_range", "").split()
        ],
        "asked": sorted(names),
        "configured": configured,
        "subordinate": {**ranges, "free": _subordinate.free(ranges, accounts, len(wanted))},
        "overlaps": [
            *_subordinate.overlaps("uid", ranges["uid"]),
            *_subordinate.overlaps("gid", ranges["gid"]),
        ],
        "users": {
            name: _user(host, name, accounts[name], running, ranges) for name in sorted(wanted)
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

    uid, gid, home, and ``home_usable``, whether that is a folder of theirs; ``subuids`` and
    ``subgids``, how many subordinate ids they have; ``lingering``, whether their services run
    without a login; ``own_unit``, the path of a docker.service in their home, which hides that of
    the role; ``delegated``, the controllers of cgroups that their service manager may use, None
    where it does not run; ``bus``, whether they have a message bus, by which runc makes cgroups;
    ``context``, whether there is a docker context of that name (named), whether it leads to the
    daemon (exists) and is in use (current); and ``daemon``, None or its pid, since, applied
    (whether it started with its settings as they are now), and what it says of itself: version
    and rootless, both None where it is silent, which ``silence`` explains.
    """
    uid, home = account["uid"], account["home"]
    unit = f"{home}/.config/systemd/user/docker.service"
    manager = f"/sys/fs/cgroup/user.slice/user-{uid}.slice/user@{uid}.service/cgroup.controllers"
    return {
        "uid": uid,
        "gid": account["gid"],
        "home": home,
        "home_usable": _is_home(host, home, uid),
        "subuids": _subordinate.count(subordinate["uid"], name),
        "subgids": _subordinate.count(subordinate["gid"], name),
        "lingering": host.exists(f"/var/lib/systemd/linger/{name}"),
        "own_unit": unit if host.exists(unit) else None,
        "delegated": host.text(manager).split() if host.exists(manager) else None,
        "bus": host.exists(f"/run/user/{uid}/bus"),
        "socket": socket(uid),
        "context": _context(host, home, uid),
        "daemon": _daemon(host, uid, running[uid]) if uid in running else None,
    }


def _daemon(host: Host, uid: int, pid: int) -> dict[str, Any]:
    # Its libraries take a board a quarter of a second, which hosts without such a daemon save.
    from ansible_collections.arm64.docker.plugins.module_utils import _engine_api

    since = _started(host, pid)
    modified = max(_modified(host, path) for path in SETTINGS)
    version, info, silence = {}, {}, None
    try:
        patience = min(_DAEMON_SECONDS, host.left() * _DAEMON_SHARE)
        version = _engine_api.get(host.path(socket(uid)), "/version", patience)
        info = _engine_api.get(host.path(socket(uid)), "/info", patience)
    except DockerHostError as error:
        silence = error.message
    options = info.get("SecurityOptions")
    return {
        "pid": pid,
        "since": _systemd.utc(since),
        "applied": applied(modified, since, time.time()),
        "version": version.get("Version"),
        "rootless": "name=rootless" in options if isinstance(options, list) else None,
        "silence": silence,
    }


def _is_home(host: Host, home: str, uid: int) -> bool:
    try:
        status = os.stat(host.path(home))
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == uid


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
        "named": bool(meta),
        "exists": address == f"unix://{socket(uid)}",
        "current": config.get("currentContext") == CONTEXT,
    }


def _json(host: Host, path: str) -> dict[str, Any]:
    """Read an object from a file that any user may have put there: a regular one, or none."""
    try:
        number = os.open(host.path(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(number, "rb") as stream:
            regular = stat.S_ISREG(os.fstat(number).st_mode)
            content = json.loads(stream.read(_HOME_FILE_LIMIT)) if regular else {}
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
                if _ATTACHES.search(host.text(path)):
                    return path
    return None
