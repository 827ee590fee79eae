# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The archive of diagnostics: an index that begins with the findings, and the parts behind it."""

from __future__ import annotations

import io
import os
import re
import tarfile
import tempfile
import time
from typing import Any, Mapping, Sequence

from ansible_collections.arm64.docker.plugins.module_utils._diagnostics_collect import Collection
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

# Where a new archive goes. A host whose disk is full has to be explained too; /run is in memory.
FOLDERS = ("/var/tmp", "/run", "/dev/shm")


def index(name: str, when: str, seconds: float, facts: dict[str, Any], found: Collection) -> str:
    """Return index.md: the findings and their remedies first, then what the archive holds."""
    lines = [f"# Diagnostics of {name}", "", f"Collected at {when} in {seconds:.0f} s.", ""]
    lines += ["## Findings", ""]
    for one in facts.get("findings") or []:
        lines += [
            f"### {one['severity']}: {one['summary']}",
            "",
            f"- id: `{one['id']}`",
            f"- found: {_line(one['evidence'])}",
            f"- what to do: {_line(one['remedy'])}",
            "",
        ]
    if not facts.get("findings"):
        lines += ["Nothing was found that stands in Docker's way.", ""]
    lines += ["## The host", ""]
    lines += [f"- {key}: {_line(value)}" for key, value in _summary(facts).items() if value]
    lines += ["", "## What is here", "", "| file | what it is | bytes |", "|---|---|---|"]
    lines += [
        f"| {part} | {_line(found.about[part])} | {len(content.encode())} |"
        for part, content in found.parts.items()
    ]
    lines += ["", "## What is not here", ""]
    lines += [f"- {part}: {_line(reason)}" for part, reason in found.missing.items()]
    lines += [] if found.missing else ["Nothing is missing."]
    lines += [
        "",
        "Secrets are replaced by `sha256:` and the first digits of their digest. Look through the",
        "logs before you hand them on: no program knows all that is secret to you.",
        "",
    ]
    return "\n".join(lines)


def write(
    path: str | None, name: str, files: Mapping[str, str], folders: Sequence[str] = FOLDERS
) -> str:
    """Write the archive, readable by its owner alone, and return its path.

    :param path: None for a new file in the first of the folders that has room for it
    :param name: the folder in the archive
    :raises DockerHostError: where it cannot be written
    """
    data = _tar(name, files)
    refusals = []
    for folder in [os.path.dirname(os.path.abspath(path))] if path else folders:
        try:
            return _write(path, folder, data)
        except OSError as error:
            refusals.append(f"{path or folder}: {error.strerror or error}")
    raise DockerHostError(
        f"The archive of {len(data)} bytes cannot be written to {', nor to '.join(refusals)}.",
        "Make room there, or name a place with room in 'path'.",
    )


def _write(path: str | None, folder: str, data: bytes) -> str:
    handle, temporary = tempfile.mkstemp(
        dir=folder, prefix="arm64-docker-diagnostics-", suffix=".tar.gz"
    )
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        if path:
            os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise
    return path or temporary


def safe_name(name: str) -> str:
    """Return a name of a host as the name of a file or folder."""
    return re.sub(r"[^\w.-]", "_", name).lstrip(".") or "host"


def _tar(name: str, files: Mapping[str, str]) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz", compresslevel=6) as archive:
        for path, content in files.items():
            data = content.encode("utf-8", "replace")
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size, entry.mode, entry.mtime = len(data), 0o600, int(time.time())
            archive.addfile(entry, io.BytesIO(data))
    return target.getvalue()


def _summary(facts: dict[str, Any]) -> dict[str, Any]:
    system, board = facts.get("os") or {}, facts.get("board") or {}
    kernel, storage = facts.get("kernel") or {}, facts.get("storage") or {}
    engine = ((facts.get("docker") or {}).get("server") or {}).get("engine") or {}
    data = (storage.get("path"), storage.get("filesystem"), f"{storage.get('free_mb')} MiB free")
    return {
        "system": system.get("pretty_name"),
        "board": board.get("model"),
        "kernel": kernel.get("release"),
        "platform": (facts.get("platform") or {}).get("platform"),
        "engine": engine.get("version") or "no daemon answers",
        "memory": f"{(facts.get('memory') or {}).get('total_mb')} MiB",
        "data": ", ".join(str(part) for part in data),
    }


def _line(text: Any) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")
