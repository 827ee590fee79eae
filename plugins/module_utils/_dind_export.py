# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what was exported of an engine's client certificates, and its docker context."""

from __future__ import annotations

import hashlib
import json
import os
import pwd
from typing import Any, Mapping

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

CLIENT_FILES = ("ca.pem", "cert.pem", "key.pem")


def digests(folder: str) -> dict[str, str]:
    """Return the SHA-256 of a client's files, by name; those that are missing are left out.

    :raises DockerHostError: where one may not be read
    """
    found = {}
    for name in CLIENT_FILES:
        try:
            with open(os.path.join(folder, name), "rb") as stream:
                found[name] = hashlib.sha256(stream.read()).hexdigest()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise DockerHostError(
                f"{folder}/{name} cannot be read: {error}.", "Run with become."
            ) from error
    return found


def exported(export: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return digests, owner and mode of what was exported to this host, and its context."""
    if not export or export["to"] != "host":
        return None
    told: dict[str, Any] = {"files": digests(export["path"]), "owned": [], "context": None}
    try:
        account = pwd.getpwnam(export["owner"])
    except KeyError:
        return {**told, "home": None}
    for name in told["files"]:
        status = os.stat(os.path.join(export["path"], name))
        if status.st_uid == account.pw_uid and status.st_mode & 0o777 == 0o600:
            told["owned"].append(name)
    return {
        **told,
        "home": account.pw_dir,
        "context": context_host(os.path.join(account.pw_dir, ".docker"), export["context"]),
    }


def context_host(config: str, name: str) -> str | None:
    """Return the address in a docker context, None where there is none.

    The folder of a context is the SHA-256 of its name (docker/cli, cli/context/store).
    """
    folder = hashlib.sha256(name.encode()).hexdigest()
    try:
        with open(
            os.path.join(config, "contexts/meta", folder, "meta.json"), encoding="utf-8"
        ) as stream:
            return json.load(stream)["Endpoints"]["docker"]["Host"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
