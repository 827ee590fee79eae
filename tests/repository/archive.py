# SPDX-License-Identifier: GPL-3.0-or-later
"""The indexes of an apt repository, and their signatures.

apt's own apt-ftparchive makes them: reprepro up to 5.3, which Debian 12 and 13 have, keeps one
version of a package only.
"""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .packages import RELEASE
from .programs import run

COMPONENT = "stable"
# Below the folder of a distribution, as at Docker's.
SUITE = f"dists/{RELEASE}"
POOL = f"{SUITE}/pool/{COMPONENT}/arm64"
INDEX = f"{SUITE}/{COMPONENT}/binary-arm64/Packages"

DESCRIPTION = {
    "Origin": "Docker",
    "Label": "Docker CE",
    "Suite": RELEASE,
    "Codename": RELEASE,
    "Architectures": "arm64",
    "Components": COMPONENT,
}


def index(distribution: Path) -> None:
    """Write Packages and Release for the packages in the pool of the folder `distribution`."""
    packages = distribution / INDEX
    packages.parent.mkdir(parents=True)
    content = run(["apt-ftparchive", "packages", POOL], distribution).encode()
    packages.write_bytes(content)
    packages.with_suffix(".gz").write_bytes(gzip.compress(content, mtime=0))
    options = [
        f"--option=APT::FTPArchive::Release::{key}={value}" for key, value in DESCRIPTION.items()
    ]
    release = run(["apt-ftparchive", *options, "release", SUITE], distribution)
    (distribution / SUITE / "Release").write_text(release, encoding="utf-8")


def sign(distribution: Path) -> str:
    """Sign Release with a new key, write the public key as `gpg`, return its fingerprint."""
    suite = distribution / SUITE
    release = suite / "Release"
    with _key_ring() as gpg:
        # What apt of Debian 12 (gpgv) and of Debian 13 (sqv) both take.
        run([*gpg, "--quick-generate-key", "arm64.docker tests", "rsa3072", "sign", "never"])
        run([*gpg, "--clearsign", "--output", suite / "InRelease", release])
        run([*gpg, "--armor", "--detach-sign", "--output", suite / "Release.gpg", release])
        run([*gpg, "--armor", "--export", "--output", distribution / "gpg"])
        listed = run([*gpg, "--with-colons", "--fingerprint"])
    return next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))


@contextmanager
def _key_ring() -> Iterator[list[str | Path]]:
    """Yield a gpg command line with a key ring of its own; key and agent are gone at the end."""
    # In the folder for temporary files, since the agent's sockets need a short path.
    with tempfile.TemporaryDirectory(prefix="arm64-docker-") as home:
        try:
            yield ["gpg", "--homedir", home, "--batch", "--quiet", "--no-tty"] + [
                "--pinentry-mode=loopback",
                "--passphrase=",
                "--digest-algo=SHA512",
                "--cert-digest-algo=SHA512",
            ]
        finally:
            run(["gpgconf", "--homedir", home, "--kill", "all"])
