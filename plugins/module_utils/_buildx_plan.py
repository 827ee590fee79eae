# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare a builder with what it shall be, and say what has to be done."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Iterable, Mapping, Sequence

from ansible_collections.arm64.docker.plugins.module_utils._buildx_inspect import Builder, Node
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform

DOCKER, CONTAINER, REMOTE = "docker", "docker-container", "remote"

MISSING = "there is no such builder"

# store/util.go of docker/buildx; names differ in more than the case of their letters.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_TLS_PORT = re.compile(r":\d+\Z")

_REMOTE_SCHEMES = ("tcp://", "unix://", "ssh://", "docker-container://")


@dataclass(frozen=True)
class NodeWish:
    """What a node shall be; without an endpoint it is where the current context points to."""

    name: str
    endpoint: str | None = None
    platforms: tuple[str, ...] = ()
    driver_opts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Wish:
    """What a builder shall be.

    ``config`` is the path of BuildKit's configuration, and ``files`` what buildx would keep of it,
    None where that is not compared.
    """

    name: str
    driver: str = CONTAINER
    nodes: tuple[NodeWish, ...] = ()
    config: str | None = None
    files: Mapping[str, bytes] | None = None


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


def wish(
    name: str,
    driver: str,
    first: dict[str, Any],
    others: Sequence[dict[str, Any]] = (),
    config: str | None = None,
) -> Wish:
    """Check what a caller wants.

    :param first: ``endpoint``, ``platforms`` and ``driver_opts`` of the first node, None where a
        caller does not say
    :param others: the same with a ``name``
    :param config: the path of BuildKit's configuration
    :raises DockerHostError: where buildx would refuse it, or make something else of it
    """
    check_name("builder", name)
    if config and driver != CONTAINER:
        raise DockerHostError(
            f"The driver {driver} starts no BuildKit, and so takes no buildkitd_config.",
            "Leave it out, or take the driver docker-container.",
        )
    if driver == DOCKER:
        if others or any(first.values()):
            raise DockerHostError(
                f"The builder '{name}' of the driver docker is the one of a docker context, and "
                "takes no endpoint, platforms, driver_opts or nodes.",
                "Leave them out, or take the driver docker-container.",
            )
        return Wish(name, driver)
    nodes = (
        _node(driver, {**first, "name": f"{name.lower()}0"}),
        *(_node(driver, other) for other in others),
    )
    for what, values in (
        ("name", [node.name for node in nodes]),
        ("endpoint", [node.endpoint or "" for node in nodes]),
        ("platform", [platform for node in nodes for platform in node.platforms]),
    ):
        _check_once(name, what, values)
    return Wish(name, driver, nodes, config)


def check_name(what: str, name: str) -> None:
    """Refuse what buildx takes for no name; ``what`` is ``builder`` or ``node``.

    :raises DockerHostError: with the rule
    """
    if not _NAME.fullmatch(name):
        raise DockerHostError(
            f"'{name}' is no name of a {what}.",
            "It begins with a letter and holds letters, digits, dots, dashes and underscores.",
        )


def _check_once(builder: str, what: str, values: Sequence[str]) -> None:
    twice = sorted({value for value in values if values.count(value) > 1})
    if not twice:
        return
    shown = f"'{twice[0]}'" if twice[0] else "of the current context"
    why = " (buildx would leave it to the last of them)" if what == "platform" else ""
    raise DockerHostError(
        f"The {what} {shown} stands at two nodes of the builder '{builder}'{why}.",
        f"Give each node a {what} of its own.",
    )


def _node(driver: str, options: dict[str, Any]) -> NodeWish:
    name = options["name"]
    check_name("node", name)
    endpoint = options.get("endpoint") or None
    if driver == REMOTE and endpoint is None:
        raise DockerHostError(
            f"The node '{name}' has no endpoint, and the driver remote starts no BuildKit itself.",
            "Say where one listens: unix:///run/buildkit/buildkitd.sock or tcp://192.0.2.7:1234.",
        )
    if driver == REMOTE and not endpoint.startswith(_REMOTE_SCHEMES):
        raise DockerHostError(
            f"The endpoint '{endpoint}' of the node '{name}' is no address of a BuildKit.",
            f"It begins with one of {', '.join(_REMOTE_SCHEMES)}.",
        )
    platforms = []
    for text in options.get("platforms") or ():
        platform = str(Platform.parse(text))
        if platform not in platforms:
            platforms.append(platform)
    given = options.get("driver_opts") or {}
    return NodeWish(
        name.lower(),
        endpoint if driver == REMOTE or endpoint is None else _address(endpoint),
        tuple(platforms),
        tuple(sorted((str(key), _text(value)) for key, value in given.items())),
    )


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _address(endpoint: str) -> str:
    """Return an address as the docker command writes it; the name of a context stays."""
    if endpoint.startswith("tcp://") and not _TLS_PORT.search(endpoint):
        return f"{endpoint.rstrip('/')}:2376"
    return endpoint


def check_endpoints(wanted: Wish, contexts: Iterable[str]) -> None:
    """Refuse the endpoint of a docker-container node that is neither an address nor a context.

    :raises DockerHostError: where docker would take a misspelt context for a machine's name
    """
    known = sorted(contexts)
    for node in wanted.nodes:
        endpoint = node.endpoint
        if endpoint and not _SCHEME.match(endpoint) and endpoint not in known:
            raise DockerHostError(
                f"The endpoint '{endpoint}' of the node '{node.name}' is neither a docker context "
                f"({', '.join(known)}) nor an address.",
                "Write it as ssh://user@machine, or make the context with 'docker context create'.",
            )


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
        keep = keep_state and current.driver == wanted.driver == CONTAINER
        return Plan(True, keep, wanted.nodes, tuple(reasons), wanted.files)
    missing = tuple(node for node in wanted.nodes if node.name not in here)
    reasons = [f"node {node.name} is missing" for node in missing]
    return Plan(nodes=missing, reasons=tuple(reasons), files=wanted.files)


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
