# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare a builder with what it shall be, and say what has to be done."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Mapping

from ansible_collections.arm64.docker.plugins.module_utils._buildx_inspect import Builder, Node
from ansible_collections.arm64.docker.plugins.module_utils._buildx_wish import (
    CONTAINER,
    NodeWish,
    Wish,
)

MISSING = "there is no such builder"


@dataclass(frozen=True)
class Plan:
    """What has to be done: remove the builder, make these nodes, in this order.

    The first of ``nodes`` creates the builder where there is none then, others are appended.
    ``reasons`` say what differs, ``files`` is what BuildKit gets as its configuration where that
    is known.
    """

    remove: bool = False
    keep_state: bool = False
    nodes: tuple[NodeWish, ...] = ()
    reasons: tuple[str, ...] = ()
    files: Mapping[str, bytes] | None = None


def plan(
    current: Builder | None, wanted: Wish, contexts: Mapping[str, str], keep_state: bool = True
) -> Plan:
    """Return what has to be done so that the builder is as wanted.

    A node that is missing is appended. Whatever else differs, buildx would only write down and
    not bring into force (``new settings may not be used until builder is restarted``), so the
    builder is made anew. The order of nodes says nothing.

    :param contexts: the endpoints of the docker contexts by name
    :param keep_state: whether volumes with the build cache survive a removal
    """
    if current is None:
        return Plan(nodes=wanted.nodes, reasons=(MISSING,), files=wanted.files)
    reasons = []
    if current.driver != wanted.driver:
        reasons.append(f"its driver is {current.driver}")
    here = {node.name: node for node in current.nodes}
    named = {node.name for node in wanted.nodes}
    reasons += [f"node {name} is not wanted" for name in here if name not in named]
    for node in wanted.nodes:
        if node.name in here:
            reasons += [
                f"node {node.name} has {what}"
                for what in differences(here[node.name], node, wanted.files, contexts)
            ]
    if reasons:
        same = current.driver == wanted.driver
        nodes = tuple(_placed(node, here) if same else node for node in wanted.nodes)
        keep = keep_state and same and wanted.driver == CONTAINER
        return Plan(True, keep, nodes, tuple(reasons), wanted.files)
    missing = tuple(node for node in wanted.nodes if node.name not in here)
    if not missing:
        return Plan()
    reasons = [f"node {node.name} is missing" for node in missing]
    return Plan(nodes=missing, reasons=tuple(reasons), files=wanted.files)


def _placed(node: NodeWish, here: Mapping[str, Node]) -> NodeWish:
    """Return a node that stays where it is, if nobody says where it shall be."""
    if node.endpoint is None and node.name in here:
        return replace(node, endpoint=here[node.name].endpoint)
    return node


def differences(
    node: Node,
    wanted: NodeWish,
    files: Mapping[str, bytes] | None,
    contexts: Mapping[str, str],
) -> list[str]:
    """Return what a node has that is not wanted; what nothing tells is not compared."""
    found = []
    if not _same_endpoint(node.endpoint, wanted.endpoint, contexts):
        found.append("another endpoint")
    if node.fixed is not None and set(node.fixed) != set(wanted.platforms):
        found.append("other platforms")
    if node.driver_opts is not None and dict(node.driver_opts) != dict(wanted.driver_opts):
        found.append("other driver options")
    if files is not None and node.files is not None and dict(node.files) != dict(files):
        found.append("another configuration")
    return found


def _same_endpoint(endpoint: str, wanted: str | None, contexts: Mapping[str, str]) -> bool:
    if wanted == "default":
        # buildx writes down the address of this one context in the place of its name.
        return endpoint in (wanted, contexts.get(wanted))
    return wanted is None or endpoint == wanted
