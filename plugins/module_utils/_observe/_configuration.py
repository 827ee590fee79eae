# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration: daemon.json and users."""

from __future__ import annotations

import hashlib
import os
import time
from typing import Any, Sequence

from ansible_collections.arm64.docker.plugins.module_utils import _json_object, _systemd
from ansible_collections.arm64.docker.plugins.module_utils._daemon_config import applied
from ansible_collections.arm64.docker.plugins.module_utils._observe import _service
from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host
from ansible_collections.arm64.docker.plugins.module_utils._secrets import mask

DAEMON_CONFIG = "/etc/docker/daemon.json"
DATA_ROOT = "/var/lib/docker"

_GETENT_SECONDS = 3


def read_daemon_config(host: Host) -> dict[str, Any]:
    """Return daemon.json: whether it exists and can be read as JSON, its digest, its content.

    Secrets in ``content`` are replaced by markers; ``content`` is None where the file is missing
    or broken, and ``error`` then says what is wrong with a broken one, and where. ``modified`` is
    its last change in UTC. ``applied`` says whether the running daemon loaded it as it is, None
    where that cannot be known.
    """
    facts = {
        "path": DAEMON_CONFIG,
        "exists": False,
        "valid": True,
        "sha256": None,
        "content": None,
        "error": None,
        "modified": None,
        "applied": None,
    }
    try:
        modified = os.stat(host.path(DAEMON_CONFIG)).st_mtime_ns / 1e9
        data = host.read(DAEMON_CONFIG)
    except (FileNotFoundError, NotADirectoryError):
        return facts
    content, error = _json_object.read(data)
    return {
        **facts,
        "exists": True,
        "valid": error is None,
        "sha256": hashlib.sha256(data).hexdigest(),
        "content": mask(content),
        "error": error,
        "modified": _systemd.utc(modified),
        "applied": applied(modified, _service.loaded(host), time.time()),
    }


def data_root(host: Host) -> str:
    """Return where the engine keeps or will keep its data: daemon.json's word or the default."""
    try:
        content = _json_object.read(host.read(DAEMON_CONFIG))[0] or {}
    except OSError:
        return DATA_ROOT
    path = content.get("data-root")
    return path if isinstance(path, str) and path.startswith("/") else DATA_ROOT


def read_users(host: Host, names: Sequence[str] = ()) -> dict[str, Any]:
    """Return the accounts in /etc/passwd, and those of ``names`` that another database knows.

    Each has uid, gid, home and ``docker``: whether /etc/group or the primary group makes the
    account a member of the group docker.
    """
    members, docker_gid = set(), None
    for fields in _records(host, "/etc/group"):
        if fields[0] == "docker" and len(fields) == 4 and fields[2].isdigit():
            docker_gid = int(fields[2])
            members = set(fields[3].split(","))
    users = {}
    for fields in filter(_is_account, _records(host, "/etc/passwd")):
        name, gid = fields[0], int(fields[3])
        users[name] = {
            "uid": int(fields[2]),
            "gid": gid,
            "home": fields[5],
            "docker": name in members or gid == docker_gid,
        }
    for name in names:
        # getent takes a number for an id, and answers with the account that has it.
        if name not in users and not name.isdigit():
            answer = host.run(("getent", "passwd", name), _GETENT_SECONDS)
            fields = answer.stdout.strip().split(":")
            if answer.ok and _is_account(fields):
                users[name] = {
                    "uid": int(fields[2]),
                    "gid": int(fields[3]),
                    "home": fields[5],
                    "docker": name in members or int(fields[3]) == docker_gid,
                }
    return users


def _records(host: Host, path: str) -> list[list[str]]:
    return [line.split(":") for line in host.text(path).splitlines()]


def _is_account(fields: list[str]) -> bool:
    """Tell whether a line of passwd(5) is whole: seven fields, of which the ids are numbers."""
    return len(fields) == 7 and fields[2].isdigit() and fields[3].isdigit()
