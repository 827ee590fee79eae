# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which build of Docker Desktop is which version, and where its packages lie.

The pairs are those of Docker's release notes for Desktop. Docker withdraws the packages of builds
that are older than about six months.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

SERVER = "https://desktop.docker.com"
PACKAGE = "docker-desktop-arm64.deb"
LATEST = "latest"

# The day that the table was last held against the release notes.
KNOWN_ON = "2026-11-21"

BUILDS = {
    "4.38.0": "181591",
    "4.39.0": "184744",
    "4.40.0": "187762",
    "4.41.0": "190950",
    "4.41.1": "191279",
    "4.41.2": "191736",
    "4.42.0": "195023",
    "4.42.1": "196648",
    "4.43.0": "198134",
    "4.43.1": "198352",
    "4.52.0": "210994",
    "4.67.0": "222858",
    "4.68.0": "223695",
    "4.69.0": "224084",
    "4.70.0": "224270",
    "4.71.0": "225177",
    "4.72.0": "225998",
    "4.73.0": "226246",
    "4.74.0": "227015",
    "4.75.0": "227598",
    "4.76.0": "228118",
    "4.77.0": "228796",
    "4.78.0": "229452",
    "4.79.0": "230596",
    "4.80.0": "232116",
    "4.81.0": "232925",
    "4.82.0": "233772",
    "4.83.0": "234302",
    "4.84.0": "234817",
    "4.85.0": "235549",
    "4.86.0": "236216",
}
NEWEST = "4.86.0"

# Its release notes say that those before called QEMU for x86_64 on Linux with arm64
# (docker/desktop-feedback#518).
FIRST_ON_ARM64 = "4.86.0"

_BUILD = re.compile(r"[1-9][0-9]{3,8}")
_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")


@dataclass(frozen=True)
class Release:
    """A release; ``build`` is empty for the latest one, ``version`` where it is not known."""

    build: str
    version: str

    @property
    def starts(self) -> bool:
        """Whether it is not known to fail on Linux with arm64."""
        return not self.build or int(self.build) >= int(BUILDS[FIRST_ON_ARM64])


def release(wish: str) -> Release:
    """Return the release that a build number, a version of the table, or ``latest`` means.

    :raises DockerHostError: where it is none of them
    """
    text = wish.strip()
    if text == LATEST:
        return Release("", "")
    if _BUILD.fullmatch(text):
        return Release(text, next((own for own, build in BUILDS.items() if build == text), ""))
    if text in BUILDS:
        return Release(BUILDS[text], text)
    if _VERSION.fullmatch(text):
        raise DockerHostError(
            f"The build of Docker Desktop {text} is not known here: the table of {KNOWN_ON} "
            f"goes up to {NEWEST}, with gaps.",
            "Name the build number, which stands behind the version in Docker's release notes.",
        )
    raise DockerHostError(
        f"'{wish}' is no build of Docker Desktop.",
        f"Write a build number such as {BUILDS[NEWEST]}, a version such as {NEWEST}, or {LATEST}.",
    )


def address(chosen: Release, server: str = SERVER, name: str = PACKAGE) -> str:
    """Return where a file of a release lies; the latest is in the folder above the builds."""
    folder = f"{chosen.build}/" if chosen.build else ""
    return f"{server.rstrip('/')}/linux/main/arm64/{folder}{name}"
