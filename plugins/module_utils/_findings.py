# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings: what the rules and the readers say about a host, most severe first."""

from __future__ import annotations

from typing import Any, Sequence

from ansible_collections.arm64.docker.plugins.module_utils import (
    _rules_board,
    _rules_docker,
    _rules_emulation,
    _rules_kernel,
    _rules_machine,
    _rules_rootless,
    _rules_storage,
)
from ansible_collections.arm64.docker.plugins.module_utils._docker_cli import Problem
from ansible_collections.arm64.docker.plugins.module_utils._rule import ERROR, INFO, WARNING

RULES = (
    *_rules_machine.RULES,
    *_rules_kernel.RULES,
    *_rules_board.RULES,
    *_rules_storage.RULES,
    *_rules_docker.RULES,
    *_rules_emulation.RULES,
    *_rules_rootless.RULES,
)

# What a reader reports when something does not answer: severity and summary, by id.
PROBLEMS = {
    "not_root": (ERROR, "The host was not observed as root; without root nothing can be mended."),
    "docker_missing": (INFO, "Docker is not installed."),
    "docker_is_podman": (ERROR, "The docker command is Podman's."),
    "docker_unreadable": (ERROR, "The docker command does not answer as Docker's client does."),
    "daemon_unreachable": (WARNING, "No Docker daemon answers."),
    "daemon_silent": (ERROR, "The Docker daemon is running and does not answer."),
    "daemon_forbidden": (ERROR, "This user may not use the Docker daemon."),
    "daemon_tls": (ERROR, "TLS with the Docker daemon failed."),
    "api_version_mismatch": (ERROR, "The docker command and the daemon are too far apart."),
    "context_missing": (ERROR, "The docker context does not exist."),
}

# Without these nothing can be decided; any other part that is unreadable is a warning.
_ESSENTIAL = {"platform", "os", "packages", "apt"}

_ORDER = (ERROR, WARNING, INFO)


def findings(facts: dict[str, Any], problems: Sequence[Problem]) -> list[dict[str, str]]:
    """Apply every rule to the facts and add what the readers reported.

    :returns: dictionaries of id, severity (error, warning, info), summary, evidence and remedy
    """
    found = [_from_problem(problem) for problem in problems]
    for rule in RULES:
        if any(facts.get(group) is None for group in rule.needs):
            continue
        evidence = rule.check(facts)
        if evidence is not None:
            found.append(_finding(rule.id, rule.severity, rule.summary, evidence, rule.remedy))
    return sorted(found, key=lambda finding: _ORDER.index(finding["severity"]))


def _from_problem(problem: Problem) -> dict[str, str]:
    if problem.id in PROBLEMS:
        severity, summary = PROBLEMS[problem.id]
    else:
        group = problem.id.rpartition("_")[0]
        severity = ERROR if group in _ESSENTIAL else WARNING
        summary = f"The part '{group}' of the host could not be read."
    return _finding(problem.id, severity, summary, problem.message, problem.remedy)


def _finding(name: str, severity: str, summary: str, evidence: str, remedy: str) -> dict[str, str]:
    return {
        "id": name,
        "severity": severity,
        "summary": summary,
        "evidence": evidence,
        "remedy": remedy,
    }
