# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs of the host that the registries are made with."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from .errors import RegistryError

# program -> Debian package
NEEDED = {
    "docker-registry": "docker-registry",
    "htpasswd": "apache2-utils",
    "ip": "iproute2",
    "openssl": "openssl",
    "skopeo": "skopeo",
}
# In seconds.
TIMEOUT = 60


def demand_all() -> None:
    """Raise RegistryError that lists what of NEEDED is missing, unless nothing is."""
    lacking = [
        f"  - {program} (Debian package {package})"
        for program, package in NEEDED.items()
        if not shutil.which(program)
    ]
    if lacking:
        raise RegistryError(
            "This host lacks what the test registries are made with:\n"
            + "\n".join(lacking)
            + "\ntests/host/prepare registry installs it on Debian 12 and 13, as root."
        )


def run(
    argv: Sequence[str | Path],
    environment: Mapping[str, str] | None = None,
    stdin: bytes = b"",
) -> bytes:
    """Run a program and return its standard output.

    Raises RegistryError with the program's own words when it fails or outlasts TIMEOUT.
    """
    line = shlex.join(map(str, argv))
    try:
        done = subprocess.run(
            argv,
            env={**os.environ, "LC_ALL": "C.UTF-8", **(environment or {})},
            input=stdin,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
    except FileNotFoundError as error:
        raise RegistryError(f"{line}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise RegistryError(f"{line}: not done within {TIMEOUT} s") from error
    if done.returncode:
        words = (done.stdout + done.stderr).decode("utf-8", "replace")
        raise RegistryError(f"{line}: status {done.returncode}\n{words}")
    return done.stdout
