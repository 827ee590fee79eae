# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about emulation: handlers that do not work, are gone, or are of no use to containers."""

from __future__ import annotations

from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils._rule import INFO, WARNING, Rule

_REPAIR = "The role docker_emulation and the module binfmt_handler register it anew and try it."


def _broken(facts: dict[str, Any]) -> str | None:
    broken = [handler for handler in facts["emulation"]["handlers"] if handler["works"] is False]
    return _listed(f"{handler['name']}: {handler['failure']}" for handler in broken)


def _vanished(facts: dict[str, Any]) -> str | None:
    if facts["os"]["container"]:
        return None
    emulation = facts["emulation"]
    held = {handler["architecture"] for handler in emulation["handlers"]}
    gone = [
        handler
        for handler in emulation["boot"]
        if not handler["masked"]
        and handler["interpreter_exists"]
        and handler["architecture"] not in held
        and not _runs_itself(facts, handler["architecture"])
    ]
    return _listed(f"{handler['name']} (in {handler['path']})" for handler in gone)


def _runs_itself(facts: dict[str, Any], architecture: str) -> bool:
    platform = facts["platform"]
    own = platform["platform"].split("/")[1]
    return architecture == own or architecture in {
        "arm64": ("arm",) if platform["aarch32"] else (),
        "amd64": ("386",) if platform["ia32"] is not False else (),
    }.get(own, ())


def _not_in_containers(facts: dict[str, Any]) -> str | None:
    handlers = facts["emulation"]["handlers"]
    weak = [
        handler
        for handler in handlers
        if handler["works"] and (not handler["fix_binary"] or handler["interpreter_dynamic"])
    ]
    return _listed(f"{handler['name']} with {handler['interpreter']}" for handler in weak)


def _listed(texts: Any) -> str | None:
    return ", ".join(texts) or None


RULES = (
    Rule(
        "handler_broken",
        WARNING,
        "A handler for programs of another architecture is registered and does not work.",
        f"{_REPAIR} Where it stays broken, install another version of QEMU.",
        ("emulation",),
        _broken,
    ),
    Rule(
        "handler_vanished",
        WARNING,
        "A handler that is registered at every boot is gone from the running kernel.",
        f"{_REPAIR} A privileged container that runs systemd removes them all: mask "
        "systemd-binfmt.service and proc-sys-fs-binfmt_misc.automount in its image.",
        ("emulation", "os", "platform"),
        _vanished,
    ),
    Rule(
        "handler_not_in_containers",
        INFO,
        "A handler works on the host and not inside containers, for it lacks the flag F, or its "
        "QEMU looks for libraries there.",
        "The module binfmt_handler registers it with F, which needs a static QEMU.",
        ("emulation",),
        _not_in_containers,
    ),
)
