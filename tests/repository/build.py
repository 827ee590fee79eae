# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the repository once, keep it in the cache, never change it."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from machine.paths import cache_dir, locked
from machine.recipe import apt_settings, mirrors

from . import archive, tls
from .apt import Apt
from .errors import RepositoryError
from .packages import RELEASE, all_packages, origins
from .programs import demand_all
from .repack import MAINTAINER_SCRIPTS, repack, unpack

HERE = Path(__file__).parent
# The files here that decide what the repository contains.
MADE_BY = ("archive.py", "build.py", "go_string.py", "packages.py", "repack.py", "tls.py")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@dataclass(frozen=True)
class Built:
    """A repository in the cache."""

    folder: Path

    @property
    def public(self) -> Path:
        """The folder to serve."""
        return self.folder / "public"

    @property
    def distribution(self) -> Path:
        """What lies at /linux/debian."""
        return self.public / "linux" / "debian"

    @property
    def tls(self) -> Path:
        """Certificates, see tls.py."""
        return self.folder / "tls"

    @property
    def fingerprint(self) -> str:
        """The signing key's, 40 upper-case hex digits."""
        return (self.folder / "fingerprint").read_text(encoding="utf-8")


def build() -> Built:
    """Return the cached repository; build it first if it is not there.

    Raises RepositoryError when the host lacks a program, or Debian's packages cannot be had or are
    no longer what the repository is made from.
    """
    demand_all()
    sources = _sources()
    cache = cache_dir().parent / "repository"
    cache.mkdir(exist_ok=True)
    folder = cache / _key(sources)
    with locked(cache / "lock", lambda: _say("Waiting for another process that is building it.")):
        if not folder.exists():
            _build(folder, sources)
    return Built(folder)


def _build(folder: Path, sources: list[str]) -> None:
    _say("Building the apt repository of the tests: once, about half a minute.")
    started = time.monotonic()
    partial = folder.with_name(f".{folder.name}")
    # A build that was killed may have left one.
    shutil.rmtree(partial, ignore_errors=True)
    built = Built(partial)
    try:
        pool = built.distribution / archive.POOL
        pool.mkdir(parents=True)
        with tempfile.TemporaryDirectory(prefix="work-", dir=partial) as work:
            _fill(pool, Path(work), sources)
        archive.index(built.distribution)
        fingerprint = archive.sign(built.distribution)
        (partial / "fingerprint").write_text(fingerprint, encoding="utf-8")
        tls.make(built.tls)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    _say(f"Built in {time.monotonic() - started:.0f} s: {folder}")


def _fill(pool: Path, work: Path, sources: list[str]) -> None:
    apt = Apt(work / "apt", sources, [f"{line.rstrip(';')};" for line in apt_settings()])
    apt.update()
    debs = work / "debs"
    debs.mkdir()
    apt.download(debs, *origins())
    unpacked = [unpack(deb, work / "origins" / deb.name) for deb in sorted(debs.glob("*.deb"))]
    known = {origin.name: origin for origin in unpacked}
    for package in all_packages():
        tree = work / "tree"
        repack(package, known, tree, pool)
        shutil.rmtree(tree)


def _sources() -> list[str]:
    lines = mirrors(RELEASE)
    if not lines:
        raise RepositoryError(
            "apt knows no Debian mirror: run apt-get update, and check /etc/apt/sources.list*"
        )
    return [line.replace("deb ", f"deb [signed-by={KEYRING}] ", 1) for line in lines]


def _key(sources: list[str]) -> str:
    """Return a hash of all that the repository is made from, but for Debian's packages."""
    files = [*(HERE / name for name in MADE_BY), *sorted(MAINTAINER_SCRIPTS.iterdir())]
    made_by = {path.name: path.read_text(encoding="utf-8") for path in files}
    return hashlib.sha256(json.dumps([made_by, sources]).encode()).hexdigest()[:16]


def _say(message: str) -> None:
    """Tell the person who waits what happens; standard output is for results."""
    print(message, file=sys.stderr, flush=True)
