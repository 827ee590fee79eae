# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a builder to what it shall be, or leave it as it was."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass, replace

from ansible_collections.arm64.docker.plugins.module_utils import _atomic
from ansible_collections.arm64.docker.plugins.module_utils._buildx_cli import Buildx
from ansible_collections.arm64.docker.plugins.module_utils._buildx_inspect import (
    RUNNING,
    Builder,
    complete,
)
from ansible_collections.arm64.docker.plugins.module_utils._buildx_plan import MISSING, Plan, plan
from ansible_collections.arm64.docker.plugins.module_utils._buildx_store import (
    Store,
    configuration,
)
from ansible_collections.arm64.docker.plugins.module_utils._buildx_wish import (
    CONTAINER,
    DOCKER,
    Wish,
    check_endpoints,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError


@dataclass(frozen=True)
class Request:
    """The options of the module buildx_builder, and check mode."""

    wanted: Wish
    present: bool = True
    keep_state: bool = True
    use: bool = False
    bootstrap: bool = False
    check: bool = False


@dataclass(frozen=True)
class Outcome:
    """What was done, or in check mode would be.

    ``before`` and ``after`` are the builder then and now (in check mode both are as it is), None
    where there is none. ``plan`` tells which nodes were made.
    """

    before: Builder | None
    after: Builder | None
    plan: Plan
    actions: list[str]
    warnings: list[str]
    was_current: bool | None = None


@dataclass(frozen=True)
class _Seen:
    """What there is: the builder, its record, the contexts."""

    builder: Builder | None
    record: bytes | None
    contexts: dict[str, str]


def configure(request: Request, buildx: Buildx, store: Store) -> Outcome:
    """Do what the request says.

    :raises DockerHostError: where that is impossible or went wrong; nodes and options of the
        builder are then as before
    """
    name = request.wanted.name
    asked = buildx.ask_builder(name), buildx.ask_contexts()
    builder, contexts = buildx.builder(asked[0]), buildx.contexts(asked[1])
    record = store.read(name)
    seen = _Seen(builder and complete(builder, record), record, contexts)
    _check_context(request, seen)
    if builder is None and request.wanted.driver == CONTAINER:
        _check_owner(name, store)
    if not request.present:
        return _absent(request, buildx, seen)
    check_endpoints(request.wanted, contexts)
    todo = Plan()
    if request.wanted.driver != DOCKER:
        wanted = _with_files(request.wanted, buildx, store, seen)
        todo = plan(seen.builder, wanted, contexts, request.keep_state)
    current = _current(buildx) == name.lower() if request.use else None
    starts = request.bootstrap and bool(todo.nodes or seen.builder.status != RUNNING)
    actions = _actions(name, todo, request.use and not current, starts)
    if request.check or not actions:
        return Outcome(seen.builder, seen.builder, todo, actions, [], current)
    warnings = _apply(request, buildx, store, seen, todo)
    try:
        if starts:
            buildx.bootstrap(name)
        after = _look(buildx, store, name)
        if request.bootstrap:
            _check_running(after)
    except DockerHostError as error:
        if not todo.remove or seen.record is None:
            raise
        raise _put_back(buildx, store, seen, todo, error) from error
    # Builds that name no builder get it when it is known to do.
    if request.use and not current:
        buildx.use(name)
    return Outcome(seen.builder, after, todo, actions, warnings, current)


def _look(buildx: Buildx, store: Store, name: str) -> Builder | None:
    builder = buildx.builder(buildx.ask_builder(name))
    return builder and complete(builder, store.read(name))


def _current(buildx: Buildx) -> str:
    builder = buildx.builder(buildx.ask_builder())
    return builder.name.lower() if builder else ""


def _check_context(request: Request, seen: _Seen) -> None:
    """Refuse what buildx does not do with the builder that each docker context has.

    A builder of the same name that was there before the context goes before it.
    """
    name, driver = request.wanted.name, request.wanted.driver
    is_context = (name in seen.contexts or name.lower() == "default") and seen.record is None
    if is_context and not request.present:
        raise DockerHostError(
            f"'{name}' is the builder of a docker context, which buildx does not remove.",
            f"Remove the context ('docker context rm {name}'), unless it is 'default'.",
        )
    if is_context and driver != DOCKER:
        raise DockerHostError(
            f"The builder '{name}' cannot be made: a docker context has that name.",
            "Give the builder another name, or take the driver docker to use the context's own.",
        )
    if driver != DOCKER or not request.present:
        return
    if not is_context:
        raise DockerHostError(
            f"There is no docker context '{name}', and buildx makes no builders of the driver "
            "docker but one for each context.",
            f"Name a context ({', '.join(sorted(seen.contexts))}), or take the driver "
            "docker-container.",
        )
    if seen.builder is None or seen.builder.error:
        raise DockerHostError(
            f"The Docker daemon of the context '{name}' does not answer: "
            f"{seen.builder.error if seen.builder else 'buildx does not know it'}",
            "'systemctl status docker' and 'journalctl -u docker' say why it is not running.",
        )


def _check_owner(name: str, store: Store) -> None:
    found = store.owner(name)
    if found:
        user, folder = found
        raise DockerHostError(
            f"The builder '{name}' belongs to the user {user} (in {folder}), and not to the user "
            "who runs this; both would have containers of the same names.",
            f"Set become_user: {user}, or docker_config: {folder}, or take another name.",
        )


def _check_running(builder: Builder | None) -> None:
    for node in builder.nodes if builder else ():
        if node.status != RUNNING:
            raise DockerHostError(
                f"The node '{node.name}' of the builder '{builder.name}' ({node.endpoint}) does "
                f"not run: {node.error or node.status}",
                "Look whether the machine is on and its Docker answers the user who runs this, "
                "and run again; without bootstrap the node may stay away.",
            )


def _with_files(wanted: Wish, buildx: Buildx, store: Store, seen: _Seen) -> Wish:
    """Add BuildKit's configuration to the wish, in the form that this release of buildx keeps."""
    if wanted.config is None:
        return replace(wanted, files=None if store.has_default_config() else {})
    if _atomic.read(wanted.config) is None:
        raise DockerHostError(
            f"There is no file {wanted.config} (buildkitd_config).",
            "Write it on this host before; the path is the one there.",
        )
    if seen.builder is None or seen.builder.driver != wanted.driver:
        return wanted
    with tempfile.TemporaryDirectory(prefix="arm64-docker-buildx-") as folder:
        problem = f"The configuration {wanted.config} cannot be read by buildx"
        node = wanted.nodes[0]
        buildx.create(
            wanted.name,
            wanted.driver,
            node,
            wanted.config,
            False,
            folder=folder,
            problem=problem,
        )
        return replace(wanted, files=configuration(folder, wanted.name))


def _absent(request: Request, buildx: Buildx, seen: _Seen) -> Outcome:
    name = request.wanted.name
    if seen.builder is None:
        return Outcome(None, None, Plan(), [], [])
    actions = [f"remove builder {name}"]
    if request.check:
        return Outcome(seen.builder, seen.builder, Plan(remove=True), actions, [])
    left = buildx.remove(name, False)
    return Outcome(seen.builder, None, Plan(remove=True), actions, _left(name, left))


def _left(name: str, said: str) -> list[str]:
    if not said:
        return []
    return [
        f"The builder '{name}' is gone, and a node of it did not answer, where its container "
        f"buildx_buildkit_NODE may still run: {said}"
    ]


def _apply(request: Request, buildx: Buildx, store: Store, seen: _Seen, todo: Plan) -> list[str]:
    """Make the nodes; where one fails, put the builder's record back, and return warnings.

    buildx forgets platforms, flags and configuration of all nodes when it takes back an append
    that failed (seen with 0.13 and 0.29), so its own undoing is not enough.
    """
    wanted, warnings = request.wanted, []
    if todo.remove:
        try:
            _rehearse(wanted, buildx, todo)
        except DockerHostError as error:
            raise _as_before(error) from error
        warnings = _left(wanted.name, buildx.remove(wanted.name, todo.keep_state))
    there = seen.builder is not None and not todo.remove
    try:
        for node in todo.nodes:
            buildx.create(wanted.name, wanted.driver, node, wanted.config, there)
            there = True
    except DockerHostError as error:
        if seen.record is None:
            with contextlib.suppress(DockerHostError):
                buildx.remove(wanted.name, False)
            raise
        store.restore(wanted.name, seen.record)
        raise _as_before(error) from error
    return warnings


def _put_back(
    buildx: Buildx, store: Store, seen: _Seen, todo: Plan, error: DockerHostError
) -> DockerHostError:
    """Have the builder again that was made anew and did not start; return what to raise."""
    name = seen.builder.name
    with contextlib.suppress(DockerHostError):
        # Its containers have the names of those that come back.
        buildx.remove(name, todo.keep_state)
    store.restore(name, seen.record)
    words = [f"{error.message} The builder was put back as it was"]
    if seen.builder.driver == CONTAINER and not todo.keep_state:
        words.append(", without its build cache")
    if any(node.status == RUNNING for node in seen.builder.nodes):
        try:
            buildx.bootstrap(name)
        except DockerHostError as again:
            words.append(f", and does not start either: {again.message}")
    return DockerHostError(f"{''.join(words).rstrip('.')}.", error.remedy)


def _as_before(error: DockerHostError) -> DockerHostError:
    return DockerHostError(f"{error.message} The builder is as before.", error.remedy)


def _rehearse(wanted: Wish, buildx: Buildx, todo: Plan) -> None:
    """Have buildx refuse what it will refuse while the builder that is replaced is still there."""
    with tempfile.TemporaryDirectory(prefix="arm64-docker-buildx-") as folder:
        for number, node in enumerate(todo.nodes):
            buildx.create(
                wanted.name, wanted.driver, node, wanted.config, number > 0, folder=folder
            )


def _actions(name: str, todo: Plan, use: bool, starts: bool) -> list[str]:
    actions = []
    if todo.remove:
        kept = ", keeping its build state" if todo.keep_state else ""
        actions.append(f"remove builder {name}{kept} ({'; '.join(todo.reasons)})")
    creates = todo.remove or MISSING in todo.reasons
    for index, node in enumerate(todo.nodes):
        actions.append(
            f"create builder {name} with node {node.name}"
            if creates and not index
            else f"append node {node.name} to builder {name}"
        )
    if starts:
        actions.append(f"bootstrap builder {name}")
    return [*actions, *([f"use builder {name}"] if use else ())]
