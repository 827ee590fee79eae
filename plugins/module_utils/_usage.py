# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host uses at the moment: memory, disk, its containers and its images."""

from __future__ import annotations

import json
import os
import re
from typing import Any, Sequence

from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host
from ansible_collections.arm64.docker.plugins.module_utils._observe._service import daemon_pid
from ansible_collections.arm64.docker.plugins.module_utils._process import Result

DOCKER = ("docker", "--host", "unix:///var/run/docker.sock")
_JSON = ("--format", "{{json .}}")

# docker stats writes units of 1024 (docker/go-units BytesSize); older ones wrote those of 1000.
_UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "t": 1000**4}
_BINARY = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
_SIZE = re.compile(r"^\s*([0-9.]+)\s*([kmgt]?)(i?)b?\s*$", re.IGNORECASE)

# As many images go into one command line.
_MOST_IMAGES = 500


def read_usage(host: Host, data_root: str) -> dict[str, Any]:
    """Return memory, disk, containers, images and storage_driver, as docker_usage_facts documents.

    ``containers`` and ``images`` are None where no daemon answers; a stopped one is not started.
    """
    usage = {
        "memory": read_memory(host.text("/proc/meminfo", "")),
        "disk": read_disk(host, data_root),
        "containers": None,
        "images": None,
        "storage_driver": None,
        "problems": [],
    }
    if daemon_pid(host) is None:
        return usage
    # The sample takes docker two seconds, in which the others are asked.
    host.start("stats", (*DOCKER, "stats", "--no-stream", *_JSON), 0.9)
    host.start("info", (*DOCKER, "info", *_JSON), 0.5)
    host.start("ps", (*DOCKER, "ps", "--all", *_JSON), 0.5)
    host.start("images", (*DOCKER, "image", "ls", "--quiet", "--no-trunc"), 0.5)
    info, listed = _lines(usage, host.result("info")), _lines(usage, host.result("ps"))
    if info:
        usage["storage_driver"] = info[0].get("Driver")
    if listed is not None:
        usage["images"] = _images(host, usage)
        stats = _lines(usage, host.result("stats")) or []
        usage["containers"] = merge(listed, stats)
    return usage


def read_memory(meminfo: str) -> dict[str, int | None]:
    """Return MemTotal and MemAvailable of /proc/meminfo in MiB."""
    found = dict(re.findall(r"^(\w+):\s+(\d+) kB", meminfo, re.MULTILINE))
    return {
        key: int(found[name]) // 1024 if name in found else None
        for key, name in (("total_mb", "MemTotal"), ("available_mb", "MemAvailable"))
    }


def read_disk(host: Host, path: str) -> dict[str, Any]:
    """Return size and free room, in MiB, of the file system on which a path lies or will."""
    place = path
    while place != "/" and not host.exists(place):
        place = os.path.dirname(place)
    there = os.statvfs(host.path(place))
    unit = there.f_frsize / 2**20
    return {
        "path": path,
        "total_mb": int(there.f_blocks * unit),
        "free_mb": int(there.f_bavail * unit),
    }


def merge(listed: Sequence[dict[str, Any]], stats: Sequence[dict[str, Any]]) -> list[dict]:
    """Return the containers of ``docker ps`` with the sample of ``docker stats``, by name."""
    samples = {str(one.get("ID", ""))[:12]: one for one in stats}
    found = []
    for one in listed:
        sample = samples.get(str(one.get("ID", ""))[:12], {})
        used, _slash, limit = str(sample.get("MemUsage", "")).partition("/")
        found.append(
            {
                "name": one.get("Names"),
                "image": one.get("Image"),
                "state": one.get("State") or str(one.get("Status", "")).partition(" ")[0].lower(),
                "cpu_percent": percent(sample.get("CPUPerc", "")),
                # Where the kernel does not account memory, docker writes 0B / 0B.
                "memory_bytes": size(used) or None,
                "memory_limit_bytes": size(limit) or None,
            }
        )
    return sorted(found, key=lambda one: str(one["name"]))


def percent(text: str) -> float | None:
    """Return the number of ``12.5%``, None for anything else."""
    try:
        return float(str(text).strip().rstrip("%"))
    except ValueError:
        return None


def size(text: str) -> int | None:
    """Return the bytes of ``45.12MiB``, None for what is no size."""
    found = _SIZE.match(text)
    try:
        units = _BINARY if found and found[3] else _UNITS
        return int(float(found[1]) * units[found[2].lower()]) if found else None
    except ValueError:
        return None


def _images(host: Host, usage: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Return the images; one that is removed while they are asked for is left out."""
    listed = host.result("images")
    if not listed.ok:
        usage["problems"].append(_why(listed))
        return None
    names = list(dict.fromkeys(listed.stdout.split()))[:_MOST_IMAGES]
    if not names:
        return []
    answer = host.run((*DOCKER, "image", "inspect", *names), 20.0)
    try:
        images = json.loads(answer.stdout)
    except (ValueError, RecursionError):
        images = None
    if images is None or not (images or answer.ok or "no such" in answer.stderr.lower()):
        usage["problems"].append(_why(answer))
        return None
    return [
        {
            "name": (one.get("RepoTags") or one.get("RepoDigests") or [one.get("Id", "")])[0],
            "os": one.get("Os") or "",
            "architecture": one.get("Architecture") or "",
            "variant": one.get("Variant") or "",
            "size_bytes": one.get("Size") or 0,
        }
        for one in images
    ]


def _lines(usage: dict[str, Any], answer: Result) -> list[dict[str, Any]] | None:
    """Return the documents on the lines of an answer, None and a problem where there is none."""
    try:
        if answer.ok:
            return [json.loads(line) for line in answer.stdout.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        pass
    usage["problems"].append(_why(answer))
    return None


def _why(answer: Result) -> str:
    words = " ".join(answer.argv[3:5])
    if answer.missing:
        return "there is no docker command"
    if answer.rc is None:
        return f"docker {words}: no answer in time"
    return f"docker {words}: {' '.join(answer.stderr.split())[:200] or f'status {answer.rc}'}"
