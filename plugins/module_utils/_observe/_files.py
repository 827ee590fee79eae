# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that roles write, by digest, and the keys that apt trusts for Docker's sources."""

from __future__ import annotations

import hashlib
import itertools
import os
import posixpath
import re
import stat
from typing import Any, Iterator, Sequence

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host
from ansible_collections.arm64.docker.plugins.module_utils._openpgp import read_keyring

KEYRINGS = "/etc/apt/keyrings"

# Users fill /etc/docker with what they like; it comes last, so that it hides no other file.
FOLDERS = (
    "/etc/apt/sources.list.d",
    KEYRINGS,
    "/etc/apt/preferences.d",
    "/etc/apt/apt.conf.d",
    "/etc/needrestart/conf.d",
    "/etc/systemd/system/docker.service.d",
    "/etc/systemd/system/docker.socket.d",
    "/etc/systemd/system/containerd.service.d",
    "/etc/systemd/system/user@.service.d",
    "/etc/systemd/user",
    "/etc/profile.d",
    "/etc/sysctl.d",
    "/var/lib/arm64-docker",
    "/etc/docker",
)

# What roles write is far below both.
COUNT_LIMIT = 500
SIZE_LIMIT = 1024 * 1024

_KEY_FOLDERS = ("/etc/apt/", "/usr/share/keyrings/")


def read_files(host: Host) -> dict[str, dict[str, Any]]:
    """Return every regular file below the folders that roles write to, 500 at most, by its path.

    Each has sha256, mode (such as "0644"), uid and gid; of a symbolic link they are those of the
    file that it leads to, and ``link`` is what it says. ``sha256`` is None where the content is
    larger than 1 MiB or cannot be read, and all four are None where a link leads nowhere.

    :raises OSError: where a folder cannot be read
    """
    looked_at = ((path, _file(host, path)) for path in _walk(host))
    found = ((path, facts) for path, facts in looked_at if facts is not None)
    return dict(itertools.islice(found, COUNT_LIMIT))


def _walk(host: Host) -> Iterator[str]:
    """Yield what is below the folders, in order; links to folders are not followed."""
    waiting = list(FOLDERS)
    while waiting:
        folder = waiting.pop(0)
        entries = [f"{folder}/{name}" for name in host.names(folder)]
        folders = [path for path in entries if host.link(path) is None and host.is_folder(path)]
        yield from (path for path in entries if path not in folders)
        waiting[:0] = folders


def _file(host: Host, path: str) -> dict[str, Any] | None:
    link = host.link(path)
    extra = {} if link is None else {"link": link}
    status = _status(host, path)
    if status is None:
        nothing = {"sha256": None, "mode": None, "uid": None, "gid": None}
        return {**nothing, **extra} if extra else None
    if not stat.S_ISREG(status.st_mode):
        return None
    content = _content(host, path)
    return {
        "sha256": None if content is None else hashlib.sha256(content).hexdigest(),
        "mode": f"{stat.S_IMODE(status.st_mode):04o}",
        "uid": status.st_uid,
        "gid": status.st_gid,
        **extra,
    }


def _status(host: Host, path: str) -> os.stat_result | None:
    try:
        return os.stat(host.path(path))
    except OSError:
        return None


def _content(host: Host, path: str) -> bytes | None:
    """Return the content of a regular file of 1 MiB at most, or None; nothing else is opened."""
    status = _status(host, path)
    if status is None or not stat.S_ISREG(status.st_mode) or status.st_size > SIZE_LIMIT:
        return None
    try:
        return host.read(path)
    except OSError:
        return None


def read_keyrings(host: Host, sources: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """Return the fingerprints of the primary keys in each keyring that matters for Docker.

    These are the files in /etc/apt/keyrings, and those that a source signs with whose address or
    path speaks of Docker. A file that is missing, or no keyring, has none.

    :param sources: what ``read_sources`` returned
    """
    paths = {f"{KEYRINGS}/{name}" for name in host.names(KEYRINGS)}
    for source in sources:
        if any("docker" in text.lower() for text in (source["path"], *source["uris"])):
            paths.update(_key_files(source["signed_by"] or ""))
    return {path: _fingerprints(host, path) for path in sorted(paths)[:COUNT_LIMIT]}


def _key_files(signed_by: str) -> list[str]:
    """Return the files that Signed-By names, beside which it may hold fingerprints or a key."""
    words = [posixpath.normpath(word) for word in re.split(r"[\s,]+", signed_by) if word]
    return [word for word in words if word.startswith(_KEY_FOLDERS)]


def _fingerprints(host: Host, path: str) -> list[str]:
    content = _content(host, path)
    try:
        return [] if content is None else list(read_keyring(content, path).primary)
    except DockerHostError:
        return []
