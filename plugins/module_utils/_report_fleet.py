# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet in a report: counts, findings by severity, what is out of date, and what changed."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, Sequence

SEVERITIES = ("error", "warning", "info")

# What is counted in charts, and what is compared with an earlier report.
CHARTED = ("board", "release", "engine", "api", "platform", "storage_driver")
COMPARED = (*CHARTED, "kernel", "containerd", "runc")

# What is compared with the newest of the fleet.
AGING = ("engine", "containerd", "runc")

SCHEMA = 1

# Kinds of changes, and what they are read from.
_CONTAINER, _UNFIT = "container", "image that does not fit"
_SOURCES = {_CONTAINER: "containers", _UNFIT: "images"}


def fleet(
    hosts: Sequence[dict[str, Any]], generated: str, earlier: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the document of a report, as JSON has it.

    :param hosts: records of _report_record
    :param generated: the time in UTC
    :param earlier: the document of an earlier report
    """
    hosts = sorted(hosts, key=lambda host: _natural(host["name"]))
    return {
        "schema": SCHEMA,
        "generated": generated,
        "summary": {
            "hosts": len(hosts),
            "reachable": sum(host["reachable"] for host in hosts),
            "containers": sum(len(host["containers"]) for host in hosts),
            "images_unfit": sum(len(host["images_unfit"]) for host in hosts),
            **{
                f"{severity}s" if severity != "info" else severity: sum(
                    one["severity"] == severity for host in hosts for one in host["findings"]
                )
                for severity in SEVERITIES
            },
        },
        "counts": {key: count(hosts, key) for key in CHARTED},
        "findings": by_finding(hosts),
        "outdated": outdated(hosts),
        "compared_with": earlier["generated"] if earlier else None,
        "changes": changes(earlier["hosts"], hosts) if earlier else [],
        "hosts": hosts,
    }


def state(host: dict[str, Any]) -> str:
    """Return ``unreachable``, the highest severity of the findings, or ``ok``."""
    if not host["reachable"]:
        return "unreachable"
    found = {one["severity"] for one in host["findings"]}
    return next((severity for severity in SEVERITIES[:2] if severity in found), "ok")


def rank(kind: str) -> int:
    """Return the place of a state or a severity in an order that begins with the worst."""
    return ("unreachable", *SEVERITIES, "ok").index(kind)


def how_many(host: dict[str, Any], key: str, unknown: str = "") -> int | str:
    """Return how many containers or images_unfit a host has, nothing for one not reached.

    :param unknown: what stands for a number that Docker did not say
    """
    if not host["reachable"]:
        return ""
    source = "containers" if key == "containers" else "images"
    return unknown if source in host["unknown"] else len(host[key])


def count(hosts: Sequence[dict[str, Any]], key: str) -> dict[str, int]:
    """Return how many reachable hosts have each value, the most frequent first."""
    found = Counter(str(host[key] or "none") for host in hosts if host["reachable"])
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def by_finding(hosts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return each finding once with its hosts and their evidence, the severe ones first."""
    found = {}
    for host in hosts:
        for one in host["findings"]:
            entry = found.setdefault(
                one["id"],
                {
                    "id": one["id"],
                    "severity": one["severity"],
                    "summary": one["summary"],
                    "remedy": one["remedy"],
                    "hosts": {},
                },
            )
            entry["hosts"][host["name"]] = one["evidence"]
    return sorted(
        found.values(),
        key=lambda one: (SEVERITIES.index(one["severity"]), -len(one["hosts"]), one["id"]),
    )


def outdated(hosts: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """Return component, host, version and newest of what is older than the newest of the fleet."""
    found = []
    for component in AGING:
        versions = {host["name"]: host[component] for host in hosts if host.get(component)}
        if not versions:
            continue
        newest = max(versions.values(), key=version_key)
        found += [
            {"component": component, "host": name, "version": version, "newest": newest}
            for name, version in versions.items()
            if version_key(version) < version_key(newest)
        ]
    return found


def version_key(version: str) -> tuple:
    """Return the leading numbers of a version; what packagers add after them does not count."""
    leading = re.match(r"v?(\d+(?:\.\d+)*)", str(version))
    return tuple(int(part) for part in leading[1].split(".")) if leading else ()


def changes(
    before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]
) -> list[dict[str, str]]:
    """Return what is different: host, what, before and after; the same hosts give nothing."""
    old = {host["name"]: host for host in before}
    new = {host["name"]: host for host in after}
    found = [_change(name, "host", "in the fleet", "gone") for name in old if name not in new]
    for name, host in new.items():
        if name not in old:
            found.append(_change(name, "host", "not there", "in the fleet"))
        elif old[name]["reachable"] != host["reachable"]:
            words = ("unreachable", "reachable")
            found.append(
                _change(name, "host", words[old[name]["reachable"]], words[host["reachable"]])
            )
        elif host["reachable"]:
            found += _differences(name, old[name], host)
    return found


def _differences(name: str, old: dict[str, Any], new: dict[str, Any]) -> list[dict[str, str]]:
    found = [
        _change(name, key, old.get(key), new.get(key))
        for key in COMPARED
        if old.get(key) != new.get(key)
    ]
    unknown = {*old.get("unknown", ()), *new.get("unknown", ())}
    pairs = (
        ("finding", _by(old["findings"], "id", "severity"), _by(new["findings"], "id", "severity")),
        (
            _CONTAINER,
            _by(old["containers"], "name", "state"),
            _by(new["containers"], "name", "state"),
        ),
        (
            _UNFIT,
            _by(old["images_unfit"], "name", "platform"),
            _by(new["images_unfit"], "name", "platform"),
        ),
    )
    for kind, was, now in pairs:
        if _SOURCES.get(kind) in unknown:
            continue
        found += [
            _change(name, f"{kind} {key}", was.get(key), now.get(key))
            for key in sorted({*was, *now})
            if was.get(key) != now.get(key)
        ]
    return found


def _by(items: Sequence[dict[str, Any]], key: str, value: str) -> dict[str, Any]:
    return {str(item[key]): item[value] for item in items}


def _change(host: str, what: str, before: Any, after: Any) -> dict[str, str]:
    return {"host": host, "what": what, "before": str(before or "-"), "after": str(after or "-")}


def _natural(name: str) -> list:
    """Order pi2 before pi10."""
    parts = re.split(r"(\d+)", name)
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]
