# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what was exported of an engine's client certificates, and its docker context."""

from __future__ import annotations

import grp
import hashlib
import json
import os
import pwd
from typing import Any, Mapping

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._regular_file import read_regular

CLIENT_FILES = ("ca.pem", "cert.pem", "key.pem")


def digests(folder: str, links: bool = False) -> dict[str, str]:
    """Return the SHA-256 of a client's files, by name; those that are missing are left out.

    :param links: whether links are followed
    :raises DockerHostError: where one may not be read
    """
    found = {}
    for name in CLIENT_FILES:
        path = os.path.join(folder, name)
        try:
            content = read_regular(path, links)
        except OSError as error:
            raise DockerHostError(f"{path} cannot be read: {error}.", "Run with become.") from error
        if content is not None:
            found[name] = hashlib.sha256(content).hexdigest()
    return found


def exported(export: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what is known of an export to this host.

    ``files`` are digests by name, ``owned`` the names of those with owner, group and mode as they
    shall be; ``folder`` is whether the folder is there, ``real`` where it is without links;
    ``home`` is its owner's, None where there is no such user, and ``group`` whether there is such
    a group; ``named`` whether there is such a docker context, ``context`` the address in it.
    """
    if not export or export["to"] != "host":
        return None
    path, group = export["path"], _group(export["group"])
    told: dict[str, Any] = {
        "files": digests(path),
        "owned": [],
        "folder": os.path.isdir(path),
        "real": os.path.realpath(path),
        "group": group is not None or not export["group"],
        "named": False,
        "context": None,
    }
    try:
        account = pwd.getpwnam(export["owner"])
    except KeyError:
        return {**told, "home": None}
    for name in told["files"]:
        status = os.stat(os.path.join(path, name))
        mine = status.st_uid == account.pw_uid and group in (None, status.st_gid)
        if mine and status.st_mode & 0o777 == 0o600:
            told["owned"].append(name)
    metadata = _context(os.path.join(account.pw_dir, ".docker"), export["context"])
    return {
        **told,
        "home": account.pw_dir,
        "named": bool(metadata),
        "context": _address(metadata),
    }


def context_host(config: str, name: str) -> str | None:
    """Return the address in a docker context, None where there is none."""
    return _address(_context(config, name))


def _context(config: str, name: str) -> dict[str, Any]:
    """Read what docker keeps of a context; empty where there is none.

    Its folder is the SHA-256 of its name (docker/cli, cli/context/store).
    """
    folder = hashlib.sha256(name.encode()).hexdigest()
    try:
        content = read_regular(os.path.join(config, "contexts/meta", folder, "meta.json"))
        found = json.loads(content or b"{}")
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _address(metadata: Mapping[str, Any]) -> str | None:
    try:
        return metadata["Endpoints"]["docker"]["Host"]
    except (KeyError, TypeError):
        return None


def _group(name: str) -> int | None:
    try:
        return grp.getgrnam(name).gr_gid if name else None
    except KeyError:
        return None
