# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show what became of a builder: what the module returns, and its diff."""

from __future__ import annotations

import hashlib
from typing import Any, Mapping

from ansible_collections.arm64.docker.plugins.module_utils._buildx_apply import Outcome, Request
from ansible_collections.arm64.docker.plugins.module_utils._buildx_inspect import (
    RUNNING,
    Builder,
    Node,
)
from ansible_collections.arm64.docker.plugins.module_utils._buildx_wish import NodeWish
from ansible_collections.arm64.docker.plugins.module_utils._secrets import mask, mask_text


def result(request: Request, outcome: Outcome) -> dict[str, Any]:
    """Return name, driver, status, platforms and nodes of the builder as it is."""
    builder = outcome.after
    nodes = builder.nodes if builder else ()
    return {
        "name": request.wanted.name,
        "driver": builder.driver if builder else None,
        "status": builder.status if builder else "absent",
        "platforms": list(dict.fromkeys(name for node in nodes for name in _platforms(node))),
        "nodes": [_shown(node) for node in nodes],
    }


def _platforms(node: Node) -> list[str]:
    return list(node.platforms or node.fixed or ())


def _shown(node: Node) -> dict[str, Any]:
    return {
        "name": node.name,
        "endpoint": _address(node.endpoint),
        "status": node.status,
        "error": mask_text(node.error),
        "buildkit_version": node.version,
        "platforms": _platforms(node),
        "fixed_platforms": list(node.fixed or ()),
        "driver_opts": mask(dict(node.driver_opts or {})),
    }


def diff(request: Request, outcome: Outcome) -> dict[str, Any]:
    """Return the builder before and after, of a real run or as it would be."""
    before = _definition(outcome.before, outcome)
    if not request.present:
        return {"before": before, "after": {}}
    after = dict(before)
    if outcome.plan.nodes:
        kept = {} if outcome.plan.remove else before.get("nodes", {})
        files = outcome.plan.files
        configuration = (request.wanted.config or "") if files is None else _digest(files)
        after = {
            "driver": request.wanted.driver,
            "nodes": {
                **kept,
                **{node.name: _wished(node, configuration) for node in outcome.plan.nodes},
            },
        }
    if request.use:
        before["current"], after["current"] = bool(outcome.was_current), True
    if request.bootstrap:
        before["running"] = bool(outcome.before) and outcome.before.status == RUNNING
        after["running"] = True
    return {"before": before, "after": after}


def _definition(builder: Builder | None, outcome: Outcome) -> dict[str, Any]:
    if builder is None:
        return {}
    return {
        "driver": builder.driver,
        "nodes": {
            node.name: {
                "endpoint": _address(node.endpoint),
                "platforms": sorted(node.fixed or ()),
                "driver_opts": mask(dict(node.driver_opts or {})),
                "configuration": _digest(node.files),
            }
            for node in builder.nodes
        },
    }


def _wished(node: NodeWish, configuration: str) -> dict[str, Any]:
    return {
        "endpoint": _address(node.endpoint or "the current context"),
        "platforms": sorted(node.platforms),
        "driver_opts": mask(dict(node.driver_opts)),
        "configuration": configuration,
    }


def guarded(options: Mapping[str, Any]) -> list[Any]:
    """Return what may hold a secret of the options of the module buildx_builder."""
    nodes = [options, *options["nodes"]]
    endpoints = [node["endpoint"] or "" for node in nodes]
    return [
        *(node["driver_opts"] for node in nodes),
        *(endpoint for endpoint in endpoints if _address(endpoint) != endpoint),
    ]


def _address(endpoint: str) -> str:
    """Return an endpoint without secrets: a password is one, the account that ssh uses is none."""
    account = endpoint.partition("@")[0].partition("://")[2]
    if endpoint.startswith("ssh://") and ":" not in account:
        return endpoint
    return mask_text(endpoint)


def _digest(files: Mapping[str, bytes] | None) -> str:
    if not files:
        return ""
    content = b"\0".join(name.encode() + b"\0" + data for name, data in sorted(files.items()))
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
