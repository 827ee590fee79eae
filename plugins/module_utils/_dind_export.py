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
import time
from typing import Any, Mapping

from ansible_collections.arm64.docker.plugins.module_utils._certificate import (
    Certificate,
    DamagedCertificate,
    read_pem,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._regular_file import read_regular

CLIENT_FILES = ("ca.pem", "cert.pem", "key.pem")


def digests(folder: str, links: bool = False) -> dict[str, str]:
    """Return the SHA-256 of a client's files, by name; those that are missing are left out.

    :param links: whether links are followed
    :raises DockerHostError: where one may not be read
    """
    return {name: _digest(content) for name, content in _contents(folder, links).items()}


def identities(folder: str, links: bool = False) -> dict[str, str]:
    """Return by what a client's files are known, by name, however often they are issued anew.

    That is the SHA-256 of a certificate's public key, and of the content of all else.

    :raises DockerHostError: where one may not be read
    """
    return {name: _identity(content) for name, content in _contents(folder, links).items()}


def _contents(folder: str, links: bool) -> dict[str, bytes]:
    found = {}
    for name in CLIENT_FILES:
        path = os.path.join(folder, name)
        try:
            content = read_regular(path, links)
        except OSError as error:
            raise DockerHostError(f"{path} cannot be read: {error}.", "Run with become.") from error
        if content is not None:
            found[name] = content
    return found


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _identity(content: bytes) -> str:
    read = _certificate(content)
    return _digest(content) if read is None else read.public_key


def _certificate(content: bytes) -> Certificate | None:
    try:
        return read_pem(content.decode("ascii", "replace"), "")
    except DamagedCertificate:
        return None


def exported(export: Mapping[str, Any], now: float | None = None) -> dict[str, Any] | None:
    """Return what is known of an export to this host.

    ``files``, ``identities`` and ``days_left`` are those of :func:`kept`, ``owned`` the names of
    files with owner, group and mode as they shall be; ``folder`` is whether the folder is there,
    ``real`` where it is without links; ``home`` is its owner's, None where there is no such user,
    and ``group`` whether there is such a group; ``named`` whether there is such a docker context,
    ``context`` the address in it.
    """
    if not export or export["to"] != "host":
        return None
    path, group = export["path"], _group(export["group"])
    told: dict[str, Any] = {
        **kept(path, now=now),
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
    told["owned"] = kept(path, account.pw_uid, group)["owned"]
    config = os.path.join(account.pw_dir, ".docker")
    return {**told, **context(config, export["context"]), "home": account.pw_dir}


def kept(
    path: str, user: int | None = None, group: int | None = None, now: float | None = None
) -> dict[str, Any]:
    """Return digests of the ``files`` in a folder, their ``identities``, and which are ``owned``.

    Those are of mode 0600, and of a user and a group where they are given. ``days_left`` is for how
    many days both certificates still hold; None where one of them is missing or damaged.

    :param now: seconds since 1970; the clock of this machine where it is not given
    """
    contents = _contents(path, False)
    owned = []
    for name in contents:
        status = os.stat(os.path.join(path, name))
        mine = user in (None, status.st_uid) and group in (None, status.st_gid)
        if mine and status.st_mode & 0o777 == 0o600:
            owned.append(name)
    moment = time.time() if now is None else now
    issued = [_certificate(contents.get(name, b"")) for name in ("ca.pem", "cert.pem")]
    left = [one.days_left(moment) for one in issued if one is not None]
    return {
        "files": {name: _digest(content) for name, content in contents.items()},
        "identities": {name: _identity(content) for name, content in contents.items()},
        "owned": owned,
        "days_left": min(left) if len(left) == len(issued) else None,
    }


def context(config: str, name: str) -> dict[str, Any]:
    """Return whether a docker context is ``named``, and the address in it (``context``) or None.

    :param config: the folder of docker's settings, such as ~/.docker
    """
    metadata = _context(config, name)
    return {"named": bool(metadata), "context": _address(metadata)}


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
