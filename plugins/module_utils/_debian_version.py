# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of Debian packages: their order, the engine's own version in them, and wishes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Sequence

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

# deb-version(7). dpkg keeps the epoch in an int.
_UPSTREAM = re.compile(r"[0-9][A-Za-z0-9.+~:-]*")
_REVISION = re.compile(r"[A-Za-z0-9.+~]+")
_EPOCH_LIMIT = 2**31

# What Docker itself calls the release. A pre-release of it has ~ where Docker writes a hyphen;
# further words behind ~ or + are the packagers'.
_RELEASE = re.compile(r"([0-9]+(?:\.[0-9]+)*)(?:~((?:alpha|beta|rc|tp)[0-9.]*))?")
_WISH = re.compile(r"[0-9]+(?:\.[0-9]+)*")

_LISTED = 12


@dataclass(frozen=True)
class Version:
    """A version as deb-version(7) takes it apart; ``revision`` is empty where there is none."""

    epoch: int
    upstream: str
    revision: str

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read a version.

        :raises DockerHostError: where dpkg would refuse it or warn about it
        """
        epoch, colon, rest = text.strip().partition(":")
        if not colon:
            epoch, rest = "0", epoch
        upstream, hyphen, revision = rest.rpartition("-")
        if not hyphen:
            upstream, revision = rest, ""
        fits = (
            re.fullmatch("[0-9]{1,10}", epoch)
            and int(epoch) < _EPOCH_LIMIT
            and _UPSTREAM.fullmatch(upstream)
            and (not hyphen or _REVISION.fullmatch(revision))
        )
        if not fits:
            raise DockerHostError(
                f"'{text}' is no version of a Debian package.",
                "Write it as dpkg does, such as 5:28.5.1-1~debian.13~trixie.",
            )
        return cls(int(epoch), upstream, revision)

    @property
    def order(self) -> tuple:
        """What compares as ``dpkg --compare-versions`` does."""
        return self.epoch, _order(self.upstream), _order(self.revision)


def _order(text: str) -> tuple:
    """Return the key by which dpkg sorts a part of a version (lib/dpkg/version.c, verrevcmp).

    Words and numbers take turns. In a word, ~ comes before the end of the word, then letters,
    then anything else.
    """
    turns = [turn for turn in re.findall(r"([^0-9]*)([0-9]*)", text) if turn != ("", "")]
    key = []
    for word, number in turns or [("", "")]:
        key += [(*map(_weight, word), 0), _size(number)]
    return (*key, (0,))


def _weight(character: str) -> int:
    if character == "~":
        return -1
    return ord(character) if character.isalpha() else ord(character) + 256


def _size(number: str) -> tuple[int, str]:
    """Compare numbers as text: Python refuses to read those of thousands of digits."""
    digits = number.lstrip("0")
    return len(digits), digits


def upstream(version: str) -> str:
    """Return the engine's own version, such as 28.5.1 of 5:28.5.1-1~debian.13~trixie.

    :raises DockerHostError: where the text is no version
    """
    release, stage = _RELEASE.match(Version.parse(version).upstream).groups()
    return f"{release}-{stage}" if stage else release


def matches(wish: str, version: str) -> bool:
    """Tell whether a package's version is what somebody wished for.

    A wish is the beginning of the engine's own version by whole numbers (28, 28.5, 28.5.1), or a
    package's full version, which a hyphen or a colon gives away. An empty one wants no particular
    version.

    :raises DockerHostError: where one of them is no version
    """
    wish = wish.strip()
    if not wish:
        return True
    if "-" in wish or ":" in wish:
        Version.parse(wish)
        return wish == version
    if not _WISH.fullmatch(wish):
        raise DockerHostError(
            f"'{wish}' is no version of the engine.",
            "Write 28, 28.5, 28.5.1, or the full version of the package.",
        )
    numbers = wish.split(".")
    return upstream(version).split(".")[: len(numbers)] == numbers


def newest_first(versions: Sequence[str]) -> list[str]:
    """Return each of the versions once, the newest first.

    :raises DockerHostError: where one of them is no version
    """
    return sorted(set(versions), key=lambda version: Version.parse(version).order, reverse=True)


def resolve(wish: str, available: Sequence[str], name: str = "the package") -> str:
    """Return the newest of the available versions that matches the wish.

    :param name: what errors call it whose versions these are
    :raises DockerHostError: where none does; its remedy lists those that exist
    """
    ordered = newest_first(available)
    for version in ordered:
        if matches(wish, version):
            return version
    raise DockerHostError(f"No version of {name} matches '{wish}'.", _listed(ordered))


def _listed(ordered: Sequence[str]) -> str:
    if not ordered:
        return "There is none at all: check apt's sources, and fetch their lists again."
    more = len(ordered) - _LISTED
    ending = f" and {more} older ones" if more > 0 else ""
    return f"Choose one of {', '.join(ordered[:_LISTED])}{ending}."
