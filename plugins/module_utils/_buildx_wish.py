# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a builder shall be: check what a caller wants before buildx misunderstands it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Iterable, Mapping, Sequence

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform

DOCKER, CONTAINER, REMOTE = "docker", "docker-container", "remote"

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
