# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.arm64.docker.plugins.module_utils._desktop_builds import (
    BUILDS,
    FIRST_ON_ARM64,
    KNOWN_ON,
    NEWEST,
    SERVER,
    Release,
    address,
    release,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

_NAME = "arm64.docker.desktop_url"


def desktop_url(value: Any, server: Any = SERVER) -> str:
    """Return the address of Docker Desktop's package for Debian and Ubuntu on arm64.

    :param value: a build number as text or integer, a version of the table, or ``latest``
    :param server: a mirror with Docker's folders
    :raises AnsibleFilterError: where the value is none of these; it names it
    """
    if not isinstance(server, str) or not server.lower().startswith(("https://", "http://")):
        raise AnsibleFilterError(f"{_NAME} takes the server as https://HOST, not {server!r}")
    return address(_release(_NAME, value), server)


def desktop_release(value: Any) -> dict[str, Any]:
    """Return what is known of a release, and the newest release that is known.

    :raises AnsibleFilterError: as desktop_url
    """
    chosen = _release("arm64.docker.desktop_release", value)
    return {
        "build": chosen.build,
        "version": chosen.version,
        "starts": chosen.starts,
        "first_on_arm64": FIRST_ON_ARM64,
        "newest": {"version": NEWEST, "build": BUILDS[NEWEST], "known_on": KNOWN_ON},
    }


def _release(name: str, value: Any) -> Release:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise AnsibleFilterError(
            f"{name} takes a build number, a version in quotes, or latest, not "
            f"{type(value).__name__}: {value!r}"
        )
    try:
        return release(str(value))
    except DockerHostError as error:
        raise AnsibleFilterError(f"{name}: {error}") from error


class FilterModule:
    """The filters of this file by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"desktop_url": desktop_url, "desktop_release": desktop_release}
