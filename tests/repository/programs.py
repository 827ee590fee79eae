# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs of the host that a repository is made with."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from .errors import RepositoryError

# program -> Debian package
NEEDED = {
    "apt-ftparchive": "apt-utils",
    "dpkg-deb": "dpkg",
    "gpg": "gnupg",
    "gpg-agent": "gpg-agent",
    "openssl": "openssl",
}
# In seconds. The longest are a download over a slow line and the packing of a large program.
TIMEOUT = 600


def demand_all() -> None:
    """Raise RepositoryError that lists what of NEEDED is missing, unless nothing is."""
    lacking = [
        f"  - {program} (Debian package {package})"
        for program, package in NEEDED.items()
        if not shutil.which(program)
    ]
    if lacking:
        raise RepositoryError(
            "This host lacks what the test repository is made with:\n"
            + "\n".join(lacking)
            + "\ntests/host/prepare repository installs it on Debian 12 and 13, as root."
        )


def run(
    argv: Sequence[str | Path],
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a program in `folder` and return its standard output.

    Raises RepositoryError with the program's own words when it fails or outlasts TIMEOUT.
    """
    line = shlex.join(map(str, argv))
    try:
        done = subprocess.run(
            argv,
            cwd=folder,
            env={**os.environ, "LC_ALL": "C.UTF-8", **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    except FileNotFoundError as error:
        raise RepositoryError(f"{line}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise RepositoryError(f"{line}: not done within {TIMEOUT} s") from error
    if done.returncode:
        raise RepositoryError(f"{line}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout
