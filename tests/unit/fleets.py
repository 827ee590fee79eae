# SPDX-License-Identifier: GPL-3.0-or-later
"""Fleets to report about, made of the hosts in the fixtures or of nothing but numbers."""

from __future__ import annotations

from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils._report_record import record

BOARDS = ("Raspberry Pi 4 Model B Rev 1.4", "Raspberry Pi 5 Model B Rev 1.0", "ROCK Pi 4", "Jetson")
RELEASES = ("Debian GNU/Linux 12 (bookworm)", "Debian GNU/Linux 13 (trixie)", "Ubuntu 24.04.2 LTS")
ENGINES = ("20.10.24+dfsg1", "26.1.5+dfsg1-9+b9", "28.5.1", "29.0.0")
MARKUP = "<script>alert('x')</script>&\""


def facts(number: int = 0) -> dict[str, Any]:
    """Return facts of one host, with what a report shows of them."""
    severities = ("error", "warning", "info")
    return {
        "platform": {"platform": "linux/arm64", "aarch32": number % 2 == 0},
        "os": {"pretty_name": RELEASES[number % 3], "id": "debian"},
        "board": {"model": BOARDS[number % 4], "vendor": "raspberrypi"},
        "kernel": {"release": f"6.12.{number % 50}+rpt-rpi-v8"},
        "memory": {"total_mb": 1953},
        "storage": {"path": "/var/lib/docker", "free_mb": 6912},
        "emulation": {
            "handlers": [
                {
                    "name": "qemu-x86_64",
                    "architecture": "amd64",
                    "works": number % 5 == 0,
                    "fix_binary": True,
                }
            ]
        },
        "docker": {
            "server": {
                "engine": {"version": ENGINES[number % 4], "api_version": f"1.{41 + number % 9}"},
                "containerd": {"version": "1.7.24"},
                "runc": {"version": "1.1.15+ds1"},
            }
        },
        "findings": [
            {
                "id": f"finding_{kind}",
                "severity": severities[kind % 3],
                "summary": f"Finding {kind} was found on this host, and that is a sentence.",
                "evidence": f"the evidence of {number} says what was seen where",
                "remedy": f"Do what finding {kind} needs, and run the playbook again.",
            }
            for kind in range(number % 7)
        ],
    }


def usage(number: int = 0, containers: int = 10) -> dict[str, Any]:
    """Return what one host uses."""
    return {
        "memory": {"total_mb": 1953, "available_mb": 400 + number},
        "disk": {"path": "/var/lib/docker", "total_mb": 29404, "free_mb": 6912 + number},
        "storage_driver": "overlay2",
        "containers": [
            {
                "name": f"service-{index}",
                "image": f"registry.example.org/team/service-{index}:1.{number}",
                "state": "running" if index % 4 else "exited",
                "cpu_percent": index * 1.5 if index % 4 else None,
                "memory_bytes": index * 2**20 if index % 4 else None,
                "memory_limit_bytes": 2**30 if index % 4 else None,
            }
            for index in range(containers)
        ],
        "images": [
            {"name": "web:1", "os": "linux", "architecture": "arm64", "variant": "v8"},
            {"name": "old:1", "os": "linux", "architecture": "arm", "variant": "v7"},
            {"name": "pc:1", "os": "linux", "architecture": "amd64", "variant": ""},
        ],
        "problems": [],
    }


def host(name: str, number: int = 0, containers: int = 10) -> dict[str, Any]:
    """Return the record of one host."""
    return record(name, facts(number), usage(number, containers))


def hosts(count: int = 200) -> list[dict[str, Any]]:
    """Return a fleet; every twentieth host is unreachable, and one has markup for its name."""
    found = [
        record(f"board-{number}.example.org", None, None, "No route to host")
        if number % 20 == 19
        else host(f"board-{number}.example.org", number)
        for number in range(count - 1)
    ]
    return [*found, host(MARKUP, 3)]
