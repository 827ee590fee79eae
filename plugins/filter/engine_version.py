# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Callable, Sequence

from ansible.errors import AnsibleFilterError

from ansible_collections.arm64.docker.plugins.module_utils._debian_version import (
    matches,
    newest_first,
    resolve,
    upstream,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

_NAME = "arm64.docker.engine_version"


def engine_version(value: Any, wish: Any, family: Any, others: Any = ()) -> dict[str, str]:
    """Return which version of each package to ask apt for.

    :param value: what ``apt-cache madison`` printed, as text or as lines
    :param wish: 28, 28.5, 28.5.1, the full version of a package, or "" for the newest
    :param family: the engine's package, or a list that it leads, of those that share its version
    :param others: further packages, which get their newest version
    :raises AnsibleFilterError: where no version of the family matches; it lists those that exist
    """
    known = _madison(_lines(value))
    shared = _names(family, "packages that share a version")
    further = _names(others, "further packages")
    if not shared:
        raise AnsibleFilterError(f"{_NAME} takes the engine's package, not {family!r}")
    try:
        version = _family_version(_wish(_NAME, wish), shared, known)
        newest = {name: newest_first(known[name])[0] for name in further if name in known}
    except DockerHostError as error:
        raise AnsibleFilterError(f"{_NAME}: {error}") from error
    return {**newest, **{name: version for name in shared if name in known}}


def _family_version(wish: str, shared: Sequence[str], known: dict[str, list[str]]) -> str:
    """Return the version that all of the family have; a mirror may lack some of a new one."""
    main = shared[0]
    if main not in known:
        raise DockerHostError(
            f"apt knows no package {main}.",
            f"It knows {', '.join(known) or 'none at all'}: check its sources.",
        )
    members = [name for name in shared if name in known]
    common = [version for version in known[main] if all(version in known[it] for it in members)]
    return resolve(wish, common, " and ".join(members))


def engine_version_matches(value: Any, wish: Any) -> bool:
    """Tell whether an installed version is what was wished for; an empty one never is.

    :raises AnsibleFilterError: where one of them is no version
    """
    name = f"{_NAME}_matches"
    version = _text(name, value)
    try:
        return bool(version) and matches(_wish(name, wish), version)
    except DockerHostError as error:
        raise AnsibleFilterError(f"{name}: {error}") from error


def engine_upstream(value: Any) -> str:
    """Return the engine's own version, such as 28.5.1 of 5:28.5.1-1~debian.13~trixie.

    :raises AnsibleFilterError: where the value is no version
    """
    name = "arm64.docker.engine_upstream"
    try:
        return upstream(_text(name, value))
    except DockerHostError as error:
        raise AnsibleFilterError(f"{name}: {error}") from error


def _madison(lines: Sequence[str]) -> dict[str, list[str]]:
    """Read lines of ``PACKAGE | VERSION | SOURCE``; source packages have versions of their own."""
    known = {}
    for line in lines:
        fields = [field.strip() for field in line.split("|", 2)]
        if len(fields) == 3 and all(fields) and not fields[2].endswith(" Sources"):
            known.setdefault(fields[0], []).append(fields[1])
    return known


def _lines(value: Any) -> list[str]:
    lines = value.splitlines() if isinstance(value, str) else value
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise AnsibleFilterError(
            f"{_NAME} takes the output of apt-cache madison, not {type(value).__name__}: {value!r}"
        )
    return lines


def _names(value: Any, what: str) -> list[str]:
    names = [value] if isinstance(value, str) else value
    fits = isinstance(names, (list, tuple)) and all(isinstance(name, str) for name in names)
    if not fits:
        raise AnsibleFilterError(f"{_NAME} takes a list of {what}, not {value!r}")
    return list(names)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise AnsibleFilterError(
            f"{name} takes the version of a package, not {type(value).__name__}: {value!r}"
        )
    return value


def _wish(name: str, value: Any) -> str:
    """Return a wish as text; YAML makes a number of 28.50, which is 28.5 from then on."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise AnsibleFilterError(
            f"{name} takes the wanted version as text, in quotes, not "
            f"{type(value).__name__}: {value!r}"
        )
    return str(value)


class FilterModule:
    """The filters of this file by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "engine_version": engine_version,
            "engine_version_matches": engine_version_matches,
            "engine_upstream": engine_upstream,
        }
