# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report for programs: JSON, CSV for spreadsheets, and a textfile for node_exporter."""

from __future__ import annotations

import csv
import io
import json
from typing import Any, Iterator

from ansible_collections.arm64.docker.plugins.module_utils._report_fleet import (
    SEVERITIES,
    how_many,
    state,
)

_COLUMNS = (
    "name",
    "state",
    "error",
    "board",
    "release",
    "kernel",
    "platform",
    "engine",
    "api",
    "containerd",
    "runc",
    "storage_driver",
    "memory_total_mb",
    "memory_available_mb",
    "disk_total_mb",
    "disk_free_mb",
    "containers",
    "images_unfit",
    "handlers",
    "findings",
)

# A cell that begins so is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_json(report: dict[str, Any]) -> str:
    return json.dumps(report, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def to_csv(report: dict[str, Any]) -> str:
    """Return a line for each host; lists become their length, findings their ids."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for host in report["hosts"]:
        writer.writerow([_cell(_value(host, column)) for column in _COLUMNS])
    return target.getvalue()


def to_prometheus(report: dict[str, Any]) -> str:
    """Return metrics in the text format that node_exporter's textfile collector reads."""
    lines = []
    for name, about, samples in _metrics(report):
        rows = [f"{name}{_labels(labels)} {value}" for labels, value in samples]
        if rows:
            lines += [f"# HELP {name} {about}", f"# TYPE {name} gauge", *rows]
    return "\n".join(lines) + "\n"


def _metrics(report: dict[str, Any]) -> Iterator[tuple]:
    hosts = report["hosts"]
    there = [host for host in hosts if host["reachable"]]

    def gauge(suffix: str, about: str, key: str, factor: int = 1) -> tuple:
        samples = [
            ({"host": host["name"]}, host[key] * factor) for host in there if host[key] is not None
        ]
        return f"arm64_docker_{suffix}", about, samples

    yield (
        "arm64_docker_host_reachable",
        "Whether the host could be observed.",
        [({"host": host["name"]}, int(host["reachable"])) for host in hosts],
    )
    keys = ("board", "release", "kernel", "platform", "engine", "api", "storage_driver")
    yield (
        "arm64_docker_host_info",
        "What the host is.",
        [({"host": host["name"], **{key: host[key] or "" for key in keys}}, 1) for host in there],
    )
    yield (
        "arm64_docker_findings",
        "Findings by severity.",
        [
            (
                {"host": host["name"], "severity": severity},
                sum(one["severity"] == severity for one in host["findings"]),
            )
            for host in there
            for severity in SEVERITIES
        ],
    )
    yield gauge("memory_total_bytes", "Memory.", "memory_total_mb", 2**20)
    yield gauge("memory_available_bytes", "Memory left.", "memory_available_mb", 2**20)
    yield gauge("disk_total_bytes", "Size of the disk with the data.", "disk_total_mb", 2**20)
    yield gauge("disk_free_bytes", "Free room for data.", "disk_free_mb", 2**20)
    yield (
        "arm64_docker_images_unfit",
        "Images that the host does not run.",
        [
            ({"host": host["name"]}, len(host["images_unfit"]))
            for host in there
            if "images" not in host["unknown"]
        ],
    )
    yield (
        "arm64_docker_outdated",
        "Components older than the newest of the fleet.",
        [
            ({"host": one["host"], "component": one["component"], "newest": one["newest"]}, 1)
            for one in report["outdated"]
        ],
    )
    for suffix, about, key in (
        ("container_cpu_percent", "Share of one processor, in percent.", "cpu_percent"),
        ("container_memory_bytes", "Memory of the container.", "memory_bytes"),
    ):
        samples = [
            ({"host": host["name"], "container": one["name"], "image": one["image"]}, one[key])
            for host in there
            for one in host["containers"]
            if one[key] is not None
        ]
        yield f"arm64_docker_{suffix}", about, samples


def _labels(labels: dict[str, Any]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: Any) -> str:
    return str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _value(host: dict[str, Any], column: str) -> Any:
    if column == "state":
        return state(host)
    if column == "findings":
        return " ".join(one["id"] for one in host["findings"])
    if column == "handlers":
        return " ".join(one["architecture"] for one in host["handlers"] if one["works"])
    if column in ("containers", "images_unfit"):
        return how_many(host, column)
    return host[column]


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value
