# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the files of every boot loader share: how they are looked at, and who else writes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Files(Protocol):
    """The files of a machine, by their absolute paths."""

    def text(self, path: str) -> str | None:
        """Return the text of a file, None where there is none."""

    def names(self, path: str) -> list[str]:
        """Return the sorted names in a folder, none for a missing one."""


@dataclass(frozen=True)
class Generator:
    """A program that writes a boot loader's file anew: an edit of that file would not last.

    ``place`` is where the parameters belong instead, and ``command`` writes the file then.
    """

    name: str
    place: str
    command: str

    @property
    def advice(self) -> str:
        """Say where the parameters go, as the end of a sentence."""
        return f"put the parameters into {self.place}, then run {self.command}"
