# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collect what explains a host's Docker: within a time, within a size, and without its secrets."""

from __future__ import annotations

import json
import os
import re
import stat
from dataclasses import dataclass, field
from typing import Any, Iterator, Sequence

from ansible_collections.arm64.docker.plugins.module_utils import _diagnostics_mask as masking
from ansible_collections.arm64.docker.plugins.module_utils import _no_log
from ansible_collections.arm64.docker.plugins.module_utils._diagnostics_ask import (
    answers,
    batches,
    documents,
    reason,
)
from ansible_collections.arm64.docker.plugins.module_utils._diagnostics_containers import (
    describe,
    inspect,
    log_of,
)
from ansible_collections.arm64.docker.plugins.module_utils._diagnostics_parts import (
    DAEMON_PROGRAMS,
    DOCKER,
    FILES,
    NETWORKS,
    Program,
    daemon_programs,
    host_programs,
)
from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host
from ansible_collections.arm64.docker.plugins.module_utils._process import Result

_CLIENT_CONFIG = "/root/.docker/config.json"


@dataclass(frozen=True)
class Limits:
    """``part_bytes`` for one file, ``total_bytes`` for all, before they are compressed."""

    log_lines: int = 200
    containers: int = 100
    part_bytes: int = 512 * 1024
    total_bytes: int = 16 * 1024 * 1024


@dataclass
class Collection:
    """``parts`` are texts by name, ``about`` says what each is, ``missing`` why others are not."""

    parts: dict[str, str] = field(default_factory=dict)
    about: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


class Collector:
    """Collects one host, with the facts that were observed before."""

    def __init__(self, host: Host, facts: dict[str, Any], limits: Limits) -> None:
        self._host = host
        self._facts = facts
        self._limits = limits
        self._found = Collection()
        self._hidden: set[str] = set()
        self._left = limits.total_bytes

    def collect(self) -> Collection:
        """Return all parts that could be had; what could not is in ``missing`` with the reason."""
        self._learn_secrets()
        answered = self.daemon_answers
        if answered:
            self._host.start("networks", NETWORKS, 0.2)
        containers = self._inspect_containers() if answered else []
        self._add_document("facts.json", "what docker_host_facts observed", self._facts)
        self._add_configuration()
        for name, paths in FILES.items():
            self._add_text(name, ", ".join(paths), self._read(paths))
        self._add_text("temperatures.txt", "thermal zones", "".join(self._temperatures()))
        self._ask(host_programs(self._limits.log_lines))
        if answered:
            if "containers.json" not in self._found.missing:
                self._add_document("containers.json", "containers, without values", containers)
            self._ask(daemon_programs(self._host.result("networks").stdout.split()))
            self._ask([log_of(one, self._limits.log_lines) for one in containers])
        else:
            for program in DAEMON_PROGRAMS:
                self._found.missing[program.name] = "no Docker daemon answers"
            self._found.missing["containers.json"] = "no Docker daemon answers"
        return self._found

    @property
    def daemon_answers(self) -> bool:
        """Whether the engine answered the observation; one that hangs would only cost time."""
        return bool((self._facts.get("docker") or {}).get("server"))

    def clean(self, said: str) -> str:
        """Return a text without secrets."""
        return masking.text(said, self._hidden)

    def _learn_secrets(self) -> None:
        for path in (_CLIENT_CONFIG, "/etc/docker/daemon.json"):
            try:
                known = json.loads(self._file(path))
            except (ValueError, RecursionError):
                continue
            self._hidden |= {one for one in _no_log.secrets(known) if len(one) > 3}
            self._hidden |= masking.passwords(known)

    def _inspect_containers(self) -> list[dict[str, Any]]:
        listed = self._host.run((*DOCKER, "ps", "--all", "--quiet", "--no-trunc"), 10.0)
        names = listed.stdout.split()
        if not listed.ok:
            self._found.missing["containers.json"] = reason(listed)
            return []
        if len(names) > self._limits.containers:
            self._found.missing["further containers"] = (
                f"{len(names)} containers; the newest {self._limits.containers} are here"
            )
            del names[self._limits.containers :]
        containers, missing = inspect(self._host, names)
        self._found.missing.update(missing)
        for container in containers:
            variables = (container.get("Config") or {}).get("Env") or []
            self._hidden |= masking.secret_values(variables)
        return [describe(container) for container in containers]

    def _add_configuration(self) -> None:
        known = self._facts.get("daemon_config") or {}
        path = known.get("path") or "/etc/docker/daemon.json"
        if known.get("exists") and known.get("valid"):
            self._add_document("daemon.json", path, known.get("content"))
        elif self._file(path):
            self._add_text("daemon.json", f"{path}, which is not valid", self._file(path))
        else:
            self._found.missing["daemon.json"] = f"there is no {path}"

    def _ask(self, programs: Sequence[Program]) -> None:
        for batch in batches(programs):
            if self._host.left() <= 0 or self._left <= 0:
                why = "the time was up" if self._left > 0 else "the archive is full"
                self._found.missing.update({one.name: why for one in batch})
                continue
            for program, answer in zip(batch, answers(self._host, batch)):
                self._take(program, answer)

    def _take(self, program: Program, answer: Result) -> None:
        # What docker logs prints of a container's standard error is its standard error.
        said = answer.stdout + answer.stderr
        if answer.rc is None or (not answer.ok and not said.strip()):
            self._found.missing[program.name] = reason(answer)
            return
        if program.lines:
            wanted = re.compile(program.lines)
            said = "\n".join(line for line in said.splitlines() if wanted.search(line)) + "\n"
        if program.document and answer.ok:
            self._add_document(program.name, program.about, documents(answer.stdout))
        else:
            self._add_text(program.name, program.about, said, program.tail)

    def _add_document(self, name: str, about: str, value: Any) -> None:
        clean = masking.document(value, sorted(self._hidden))
        self._add(name, about, json.dumps(clean, indent=1, sort_keys=True) + "\n", False)

    def _add_text(self, name: str, about: str, said: str, tail: bool = False) -> None:
        if said.strip():
            # Cut before it is searched for secrets: a log of many MiB takes a small board long.
            kept = self.clean(_cut(said, self._limits.part_bytes, tail))
            self._add(name, about, kept, tail, len(said.encode("utf-8", "replace")))
        else:
            self._found.missing.setdefault(name, "empty")

    def _add(self, name: str, about: str, content: str, tail: bool, whole: int = 0) -> None:
        """Add a part, cut where it is too long; ``whole`` are its bytes where it was cut before."""
        whole = max(whole, len(content.encode("utf-8", "replace")))
        content = _cut(content, min(self._limits.part_bytes, max(self._left, 0)), tail)
        if not content:
            self._found.missing[name] = "the archive is full"
            return
        self._left -= len(content.encode())
        self._found.parts[name] = content
        cut = f"; the {'last' if tail else 'first'} part of {whole} bytes"
        too_long = whole > min(self._limits.part_bytes, self._left + len(content.encode()))
        self._found.about[name] = about + (cut if too_long else "")

    def _read(self, paths: Sequence[str]) -> str:
        texts = [(path, self._file(path)) for path in paths]
        return "".join(f"== {path}\n{said.rstrip()}\n\n" for path, said in texts if said)

    def _file(self, path: str) -> str:
        """Return the text of a regular file, empty for anything else: a pipe would block."""
        try:
            regular = stat.S_ISREG(os.stat(self._host.path(path)).st_mode)
            return self._host.text(path, "") if regular else ""
        except OSError:
            return ""

    def _temperatures(self) -> Iterator[str]:
        folder = "/sys/class/thermal"
        for zone in self._host.names(folder):
            kind = self._file(f"{folder}/{zone}/type").strip()
            degrees = self._file(f"{folder}/{zone}/temp").strip()
            if degrees.lstrip("-").isdecimal():
                yield f"{zone} {kind}: {int(degrees) / 1000:.1f} degrees Celsius\n"
        throttled = (self._facts.get("board") or {}).get("throttled")
        if throttled:
            yield f"firmware: {json.dumps(throttled, sort_keys=True)}\n"


def _cut(said: str, limit: int, tail: bool) -> str:
    data = said.encode("utf-8", "replace")
    if len(data) <= limit:
        return data.decode()
    kept = data[-limit:] if tail and limit else data[:limit]
    return kept.decode("utf-8", "ignore")
