# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what buildx says of a builder, and what it keeps of one in its own folder."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, field, replace
from typing import Any, Mapping

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

# As buildx writes it in a table: the rest of an indented block (labels, rules, files, devices)
# never begins in the first column.
_ROW = re.compile(r"(?P<key>[A-Z][A-Za-z ]*):(?:\s+(?P<value>.*))?\Z")
_KEYS = (
    *("Name", "Driver", "Last Activity", "Error", "Nodes", "Endpoint", "Driver Options", "Status"),
    # The first of each pair is what releases before 0.13 write.
    *("Flags", "BuildKit daemon flags", "Buildkit", "BuildKit", "BuildKit version", "Platforms"),
)
_VERSIONS = ("Buildkit", "BuildKit", "BuildKit version")

# Go's %q, whose escapes are those of JSON but for a few that no option has.
_OPTION = re.compile(r'(?P<name>[^\s=]+)=(?P<value>"(?:[^"\\]|\\.)*")')

# Marks a platform that was given with --platform.
_FIXED = "*"

RUNNING, INACTIVE, ERROR = "running", "inactive", "error"


@dataclass(frozen=True)
class Node:
    """One node of a builder.

    ``platforms`` is all that it builds for, ``fixed`` what it was given; ``driver_opts`` are its
    options. ``files`` are what BuildKit is configured with, by name, as buildx rewrote them. The
    last three are None where nothing tells them.
    """

    name: str
    endpoint: str = ""
    status: str = ""
    version: str = ""
    error: str = ""
    platforms: tuple[str, ...] = ()
    fixed: tuple[str, ...] | None = None
    driver_opts: Mapping[str, str] | None = None
    files: Mapping[str, bytes] | None = None


@dataclass(frozen=True)
class Builder:
    """A builder; ``driver`` is empty and ``error`` says why where its daemon did not answer."""

    name: str
    driver: str = ""
    error: str = ""
    nodes: tuple[Node, ...] = field(default=())

    @property
    def status(self) -> str:
        """``running`` where every node is, else ``error`` or the first other state."""
        states = [ERROR if node.error else node.status for node in self.nodes]
        if self.error or ERROR in states or not states:
            return ERROR
        return next((state for state in states if state != RUNNING), RUNNING)


def parse(text: str) -> Builder:
    """Read the answer of ``docker buildx inspect``, of any release since 0.10.

    The layout is that of commands/inspect.go of docker/buildx. A node that does not answer has an
    error in the place of status and platforms.

    :raises DockerHostError: where the text names no builder
    """
    blocks: list[dict[str, str]] = [{}]
    last = ""
    for line in text.splitlines():
        row = _ROW.match(line)
        key = row["key"] if row else ""
        if key not in _KEYS:
            # A reason of several lines goes on in the first column.
            if last == "Error" and line.strip() and not line.startswith(" "):
                blocks[-1]["Error"] += f" {line.strip()}"
            continue
        last = key
        if key == "Name" and "Name" in blocks[-1]:
            blocks.append({})
        blocks[-1][key] = (row["value"] or "").strip()
    head, *nodes = blocks
    if not head.get("Name"):
        raise DockerHostError(
            "docker buildx inspect names no builder in what it says.",
            "Run it by hand, and compare 'docker buildx version' with the releases that the "
            "collection knows (0.10 and later).",
        )
    return Builder(
        head["Name"],
        head.get("Driver", ""),
        head.get("Error", ""),
        tuple(_node(block) for block in nodes),
    )


def _node(block: dict[str, str]) -> Node:
    error = block.get("Error", "")
    names = [name.strip() for name in block.get("Platforms", "").split(",") if name.strip()]
    return Node(
        name=block["Name"],
        endpoint=block.get("Endpoint", ""),
        status=ERROR if error else block.get("Status", ""),
        version=next((block[key] for key in _VERSIONS if block.get(key)), ""),
        error=error,
        platforms=tuple(name.rstrip(_FIXED) for name in names),
        fixed=None
        if error
        else tuple(name[: -len(_FIXED)] for name in names if name.endswith(_FIXED)),
        driver_opts=_options(block.get("Driver Options", "")),
    )


def _options(text: str) -> dict[str, str]:
    return {found["name"]: _unquoted(found["value"]) for found in _OPTION.finditer(text)}


def _unquoted(text: str) -> str:
    try:
        return json.loads(text)
    except ValueError:
        return text[1:-1]


def complete(builder: Builder, record: bytes | None) -> Builder:
    """Add what buildx wrote down of a builder to what it says of it.

    What was written down counts more: of a node that does not answer, buildx shows no platforms,
    and of the configuration only releases since 0.18 show anything.

    :param record: the builder's file in the folder ``instances`` of buildx, None where there is
        none (the builder of a docker context)
    :raises DockerHostError: where the file is not what buildx writes
    """
    if record is None:
        return builder
    try:
        kept = {node["Name"]: node for node in json.loads(record)["Nodes"]}
        nodes = tuple(_completed(node, kept.get(node.name)) for node in builder.nodes)
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise DockerHostError(
            f"What buildx keeps of the builder '{builder.name}' is not in the form that it writes.",
            f"Remove it with 'docker buildx rm {builder.name}', and run again.",
        ) from error
    return replace(builder, nodes=nodes)


def _completed(node: Node, kept: dict[str, Any] | None) -> Node:
    if kept is None:
        return node
    return replace(
        node,
        fixed=tuple(map(_platform, kept["Platforms"] or ())),
        driver_opts=dict(kept["DriverOpts"] or {}),
        files=files(kept),
    )


def files(kept: dict[str, Any]) -> dict[str, bytes]:
    """Return BuildKit's configuration of a node in the file that buildx keeps, by file name."""
    return {name: base64.b64decode(text) for name, text in (kept.get("Files") or {}).items()}


def _platform(kept: dict[str, str]) -> str:
    return "/".join(
        part for part in (kept["os"], kept["architecture"], kept.get("variant", "")) if part
    )
