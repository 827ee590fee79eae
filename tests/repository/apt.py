# SPDX-License-Identifier: GPL-3.0-or-later
"""apt as an arm64 host would run it, with lists, cache and sources of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .programs import run

FOLDERS = (
    "etc/apt/apt.conf.d",
    "etc/apt/preferences.d",
    "etc/apt/sources.list.d",
    "etc/apt/trusted.gpg.d",
    "var/cache/apt/archives/partial",
    "var/lib/apt/lists/partial",
    "var/lib/dpkg",
)


class Apt:
    """apt within `root`; the host's own packages, lists and settings are neither read nor changed.

    `sources` are lines of sources.list, `settings` lines of apt.conf.
    """

    def __init__(self, root: Path, sources: Sequence[str], settings: Sequence[str] = ()) -> None:
        for name in FOLDERS:
            (root / name).mkdir(parents=True)
        status = root / "var/lib/dpkg/status"
        status.touch()
        (root / "etc/apt/sources.list").write_text(_lines(sources), encoding="utf-8")
        configuration = [
            f'Dir "{root}";',
            f'Dir::State::status "{status}";',
            'APT::Architecture "arm64";',
            'APT::Architectures { "arm64"; };',
            # apt's own user may not reach the root.
            'APT::Sandbox::User "root";',
            # Without it apt calls an update a success that could not reach every source.
            'APT::Update::Error-Mode "any";',
            'Acquire::Languages "none";',
            *settings,
        ]
        self._configuration = root / "apt.conf"
        self._configuration.write_text(_lines(configuration), encoding="utf-8")

    def update(self) -> str:
        """Fetch the lists of all sources; raises RepositoryError with what apt says."""
        return self._run("apt-get", "update")

    def madison(self, *packages: str) -> str:
        """Return what the lists have of `packages`, one `name | version | source` a line."""
        return self._run("apt-cache", "madison", *packages)

    def download(self, folder: Path, *packages: str) -> None:
        """Download `packages` (`name` or `name=version`), their checksums verified by apt."""
        self._run("apt-get", "download", *packages, folder=folder)

    def _run(self, program: str, *arguments: str, folder: Path | None = None) -> str:
        environment = {"APT_CONFIG": str(self._configuration)}
        return run([program, "-q", *arguments], folder, environment)


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
