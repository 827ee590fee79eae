# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fleet is told of its images: a row for each image and verdict, and a table of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterable, Mapping, Sequence

from ansible_collections.arm64.docker.plugins.module_utils._candidates import candidates
from ansible_collections.arm64.docker.plugins.module_utils._fit import (
    FITS,
    UNKNOWN,
    UNSUPPORTED,
    Known,
    Machine,
    Need,
    fit,
)
from ansible_collections.arm64.docker.plugins.module_utils._image_reference import ImageReference

_HEADINGS = ("IMAGE", "PLATFORMS", "HOSTS", "VERDICT", "INSTEAD")
_SHOWN = 4


@dataclass(frozen=True)
class Audited:
    """A host with the images that it needs; ``running`` are those that only run on it now.

    ``stored`` has, by what runs, the digests of its image where the host's store gives one to each,
    also to an image that was made or loaded there.
    """

    name: str
    machine: Machine
    needs: tuple
    running: tuple = ()
    stored: Mapping[str, Sequence[str]] = field(default_factory=dict)


def report(
    hosts: Sequence[Audited], registry: Mapping[str, Known], tried: Mapping[str, Known]
) -> dict[str, Any]:
    """Return ``rows``, ``table``, the rows that are ``bad``, and the ``candidates`` to ask for.

    An image that only runs somewhere and that no registry knows is not bad: the host has it. Nor is
    one whose registry has another image by that name, where nothing says that it came from there.

    :param tried: what is known of candidates; only those that are known and fit are suggested
    """
    rows: dict[tuple, dict[str, Any]] = {}
    asked: list[str] = []
    for host in hosts:
        for need, runs in [(one, False) for one in host.needs] + [(o, True) for o in host.running]:
            found = fit(need, host.machine, [registry])
            row = rows.setdefault(_key(found, host), _row(found, host))
            _add(row["hosts"], host.name)
            _add(row["used_by"], need.what)
            own = runs and _is_own(host.stored.get(need.what, ()), found["digest"])
            row["bad"] = row["bad"] or (_bad(found["verdict"], runs) and not own)
            if found["verdict"] == UNSUPPORTED and row["instead"] is None:
                asked += _names(found, host)
                row["instead"] = _instead(found, host, tried)
    listed = list(rows.values())
    return {
        "rows": listed,
        "table": table(listed),
        "bad": [row for row in listed if row["bad"]],
        "candidates": list(dict.fromkeys(asked)),
    }


def table(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return rows as lines of text, the columns one below the other."""
    lines = [_HEADINGS, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]


def _cells(row: Mapping[str, Any]) -> tuple:
    verdict = row["verdict"]
    wanted = row["requested_platform"]
    return (
        row["image"] + (f" ({wanted})" if wanted else ""),
        _short(row["platforms"]),
        _short(row["hosts"]),
        f"{verdict} {row['selected']}" if row["selected"] else verdict,
        row["instead"] or "-",
    )


def _short(names: Sequence[str]) -> str:
    more = f" +{len(names) - _SHOWN}" if len(names) > _SHOWN else ""
    return (" ".join(names[:_SHOWN]) or "-") + more


def _key(found: Mapping[str, Any], host: Audited) -> tuple:
    own = str(host.machine.target.platform)
    keys = ("image", "requested_platform", "verdict", "selected", "error")
    return (own, *(found[key] for key in keys))


def _row(found: Mapping[str, Any], host: Audited) -> dict[str, Any]:
    keys = ("image", "reference", "requested_platform", "platforms", "digest", "selected")
    return {
        **{key: found[key] for key in keys},
        "verdict": found["verdict"],
        "platform": str(host.machine.target.platform),
        "error": found["error"],
        "hosts": [],
        "used_by": [],
        "bad": False,
        "instead": None,
    }


def _bad(verdict: str, runs: bool) -> bool:
    return verdict == UNSUPPORTED or (verdict == UNKNOWN and not runs)


def _is_own(digests: Sequence[str], registry: str | None) -> bool:
    return bool(digests) and registry not in digests


def _names(found: Mapping[str, Any], host: Audited) -> list[str]:
    image = ImageReference.parse(found["reference"])
    return [str(one) for one in candidates(image, host.machine.target.platform)]


def _instead(found: Mapping[str, Any], host: Audited, tried: Mapping[str, Known]) -> str | None:
    for name in _names(found, host):
        if name in tried and fit(Need("", name), host.machine, [tried])["verdict"] in FITS:
            return name.replace("docker.io/library/", "").replace("docker.io/", "")
    return None


def _add(names: list[str], name: str) -> None:
    if name not in names:
        names.append(name)
