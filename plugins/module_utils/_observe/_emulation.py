# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Handlers of programs of other architectures: the kernel's, tried, and those of the next boot."""

from __future__ import annotations

import contextlib
import os
from typing import Any, Mapping

from ansible_collections.arm64.docker.plugins.module_utils._binfmt import (
    ARCHITECTURES,
    Handler,
    architecture_of,
    asked,
    facts,
    parse_entry,
    serves,
)
from ansible_collections.arm64.docker.plugins.module_utils._binfmt_files import (
    effective,
    read_files,
    systemd_starts,
)
from ansible_collections.arm64.docker.plugins.module_utils._binfmt_machine import (
    BINFMT,
    registered,
)
from ansible_collections.arm64.docker.plugins.module_utils._elf import HEADER_LIMIT, read_header
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._execute import Program, failure
from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host

_NO_ENTRIES = ("register", "status")

# A program of a few instructions: what takes longer hangs.
_SHARE = 0.2


class _Files:
    """The host's files as those of binfmt.d are read."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.link = host.link
        self.names = host.names
        self.exists = host.exists

    def text(self, path: str) -> str | None:
        try:
            return self._host.text(path)
        except OSError:
            return None


def read_emulation(host: Host) -> dict[str, Any]:
    """Return whether binfmt_misc is mounted, the kernel's handlers, and those of the next boot.

    Of the kernel's, ``works`` says whether a program of the handler's architecture ran when it was
    tried, None where it is off or foreign, or a newer one is asked in its place, and ``failure``
    why it did not run.
    ``interpreter_exists`` and ``interpreter_dynamic`` are about the file: a handler with
    ``fix_binary`` does without it, but not without the libraries that it looks for in containers.
    """
    # Before they are read: elsewhere than in the kernel's file system reading moves the time.
    since = registered(host.path(BINFMT), host.names(BINFMT))
    handlers = _handlers(host)
    given = {
        name: [one for one in asked(handlers, name, since) if architecture_of(one) == name]
        for name in ARCHITECTURES
    }
    tried = _try(host, given)
    return {
        "mounted": host.exists(f"{BINFMT}/status"),
        "handlers": [
            {
                **facts(handler),
                **_interpreter(host, handler),
                **_verdict(handler, given, tried),
            }
            for handler in handlers
        ],
        "boot": _boot(host),
    }


def _interpreter(host: Host, handler: Handler) -> dict[str, Any]:
    """Return whether the file is there, and whether it looks for libraries, None where unknown."""
    path = host.path(handler.interpreter)
    header = None
    if os.path.isfile(path):
        with contextlib.suppress(OSError), open(path, "rb") as stream:
            header = read_header(stream.read(HEADER_LIMIT))
    return {
        "interpreter_exists": os.path.exists(path),
        "interpreter_dynamic": None if header is None else header.dynamic,
    }


def _handlers(host: Host) -> list[Handler]:
    if not host.exists(f"{BINFMT}/status"):
        return []
    found = []
    for name in host.names(BINFMT):
        if name not in _NO_ENTRIES:
            try:
                found.append(parse_entry(name, host.text(f"{BINFMT}/{name}")))
            except (OSError, ValueError):
                continue
    return found


def _try(host: Host, given: Mapping[str, list[Handler]]) -> dict[str, dict[str, Any]]:
    """Execute a program of each architecture that is emulated, all at once; say what happened."""
    programs: dict[str, Program] = {}
    try:
        for name in ARCHITECTURES:
            if given[name]:
                programs[name] = Program(name)
                host.start(f"program for {name}", programs[name].argv, _SHARE)
        failures = {name: failure(host.result(f"program for {name}")) for name in programs}
        return {
            name: {"works": failed is None, "failure": failed} for name, failed in failures.items()
        }
    except DockerHostError as error:
        # A kernel that executes nothing from memory may well run programs of files.
        return {name: {"works": None, "failure": error.message} for name in ARCHITECTURES}
    finally:
        for program in programs.values():
            program.close()


def _verdict(
    handler: Handler, given: Mapping[str, list[Handler]], tried: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    architecture = architecture_of(handler)
    if architecture is None or handler not in given[architecture]:
        return {"works": None, "failure": None}
    return tried[architecture]


def _boot(host: Host) -> list[dict[str, Any]]:
    """Return the registrations that the next boot makes, and the files that mask others."""
    found = []
    files = _Files(host)
    boots = systemd_starts(files)
    for file in effective(file for file in read_files(files) if boots or file.is_record):
        if file.masked:
            found.append({"path": file.path, "masked": True})
        for handler in file.handlers:
            known = [name for name in ARCHITECTURES if serves(handler, name)]
            if known:
                held = {**facts(handler), "path": file.path, "masked": False}
                found.append({**held, **_interpreter(host, handler)})
    return found
