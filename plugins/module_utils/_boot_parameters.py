# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel parameters on one line: split, compare, add and remove, every other byte as it was."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterable, Sequence

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

# As next_arg() in the kernel's lib/cmdline.c reads: a double quote opens and closes anywhere in a
# word, and spaces between two of them do not end it.
_WORD = re.compile(r'(?:[^\s"]|"[^"]*(?:"|\Z))+', re.ASCII)

# What follows is for the first process and no parameter of the kernel's.
_END = "--"

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True)
class Wish:
    """The parameters that shall be given to the kernel, and those that shall not.

    Each is ``name`` or ``name=value``. In ``absent``, a name alone stands for every parameter of
    that name which is not in ``present``.
    """

    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()

    def missing(self, parameters: Iterable[str]) -> list[str]:
        """Return those of ``present`` that are not among the parameters."""
        given = {_plain(parameter) for parameter in parameters}
        wanted = {}
        for parameter in self.present:
            wanted.setdefault(_plain(parameter), parameter)
        return [parameter for plain, parameter in wanted.items() if plain not in given]

    def unwanted(self, parameters: Iterable[str]) -> list[str]:
        """Return those of the parameters that ``absent`` names."""
        return [parameter for parameter in parameters if self._refuses(parameter)]

    def _refuses(self, parameter: str) -> bool:
        plain, absent = _plain(parameter), {_plain(entry) for entry in self.absent}
        named = plain in absent or plain.partition("=")[0] in absent
        return named and plain not in map(_plain, self.present)


def wish(present: Sequence[str], absent: Sequence[str]) -> Wish:
    """Check what a caller wants.

    :raises DockerHostError: where an entry is not one parameter, or is wanted and unwanted at once
    """
    for parameter in (*present, *absent):
        _check(parameter)
    both = {_plain(parameter) for parameter in present} & {_plain(entry) for entry in absent}
    if both:
        raise DockerHostError(
            f"'{min(both)}' is in present and in absent.", "Take it out of one of them."
        )
    return Wish(tuple(present), tuple(absent))


def _check(parameter: str) -> None:
    remedy = 'Give each entry as name or name=value; quote spaces: name="one two".'
    if not parameter.isprintable():
        raise DockerHostError(
            f"The kernel parameter {parameter!r} holds a line end or another character that "
            "cannot be printed.",
            remedy,
        )
    open_quote = parameter.count('"') % 2
    if open_quote or split(parameter) != [parameter] or parameter == _END:
        raise DockerHostError(f"'{parameter}' is not one kernel parameter.", remedy)
    if not _plain(parameter).partition("=")[0]:
        raise DockerHostError(f"The kernel parameter '{parameter}' has no name.", remedy)


def split(line: str) -> list[str]:
    """Return the words of a line; what a quote opens and nothing closes is one word."""
    return _WORD.findall(line)


def check_line(line: str, path: str) -> None:
    """Refuse a line on which it cannot be told where parameters begin and end.

    :raises DockerHostError: where it holds a control character or a quote that is not closed
    """
    if _CONTROL.search(line):
        raise DockerHostError(
            f"The kernel parameters in {path} hold a control character.",
            "Look at the file, and put a whole copy back.",
        )
    if line.count('"') % 2:
        raise DockerHostError(
            f'A quote (") in the kernel parameters in {path} is not closed.',
            "Close it, or remove it.",
        )


def edit(line: str, wanted: Wish, lead: str = "") -> str:
    """Add and remove parameters; what is added comes last, before ``--`` where that is.

    :param line: without its line end
    :param lead: what stands before the first parameter of a line that had none
    """
    words = list(_WORD.finditer(line))
    end = next((index for index, word in enumerate(words) if word.group() == _END), len(words))
    kept, position = [], 0
    for index, word in enumerate(words[:end]):
        if wanted.unwanted([word.group()]):
            start, stop = word.span()
            if start > position and line[start - 1].isspace():
                start -= 1
            elif index + 1 < len(words):
                stop += 1
            kept.append(line[position:start])
            position = stop
    return _add("".join([*kept, line[position:]]), wanted, lead)


def _add(line: str, wanted: Wish, lead: str) -> str:
    words = list(_WORD.finditer(line))
    end = next((index for index, word in enumerate(words) if word.group() == _END), len(words))
    new = " ".join(wanted.missing(word.group() for word in words[:end]))
    if not new:
        return line
    if end:
        place = words[end - 1].end()
        return f"{line[:place]} {new}{line[place:]}"
    return f"{lead}{new}{' ' if words and not lead else ''}{line}"


def _plain(parameter: str) -> str:
    """Return a parameter as the kernel compares it: without quotes, a hyphen in its name as _."""
    name, equals, value = parameter.replace('"', "").partition("=")
    return f"{name.replace('-', '_')}{equals}{value}"
