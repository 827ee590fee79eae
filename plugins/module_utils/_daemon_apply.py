# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring daemon.json and the running daemon to a wanted configuration, or back to where they were.

Beside the file there is, from before it is written until the daemon has proven that it runs with
it, a second one with the last content that the daemon ran with. A run that was interrupted in
between leaves it, and the next run knows what to put back.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils import (
    _atomic,
    _daemon_validation,
    _json_object,
    _no_log,
)
from ansible_collections.arm64.docker.plugins.module_utils._daemon_config import (
    NONE,
    RELOAD,
    RESTART,
    Plan,
    applied,
    plan,
)
from ansible_collections.arm64.docker.plugins.module_utils._daemon_proof import Proof
from ansible_collections.arm64.docker.plugins.module_utils._daemon_service import Service, State
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._secrets import mask

AUTO = "auto"

# What users beside owner and group may do with a file.
_OTHERS = 0o007


@dataclass(frozen=True)
class Wish:
    """What the caller wants: the options of the module daemon_config, and check mode."""

    config: dict[str, Any]
    path: str = _daemon_validation.DEFAULT_PATH
    apply: str = AUTO
    validate: bool = True
    health_timeout: float = 60
    backup: bool = True
    force: bool = False
    start: bool = False
    check: bool = False


@dataclass(frozen=True)
class Outcome:
    """What was done, or in check mode would be; ``before`` and ``after`` hold no secrets."""

    changed: bool
    actions: list[str]
    apply: str
    changed_keys: list[str]
    backup_file: str | None
    before: str
    after: str


def configure(wish: Wish, service: Service) -> Outcome:
    """Do what the wish says.

    :raises DockerHostError: where that is impossible or went wrong; the daemon then runs as
        before, or the message says that it does not
    """
    return _Change(wish, service).run()


class _Change:
    """One change of daemon.json, from the first look to the proof."""

    def __init__(self, wish: Wish, service: Service) -> None:
        self.wish, self.service = wish, service
        folder, name = os.path.split(wish.path)
        self.undo_path = os.path.join(folder, f".{name}.undo")
        self.current, undo = _atomic.read(wish.path), _atomic.read(self.undo_path)
        self.mode = _atomic.permissions(wish.path)
        self.undo_left = undo is not None
        self.state = service.state()
        modified, loaded = _atomic.modified(wish.path), self.state.loaded
        stale = applied(modified, loaded, service.clock.now()) is False
        self.unproven = self.undo_left and (stale or self.state.down)
        self.good = (undo or None) if self.unproven else self.current
        self.plan = plan(self.current, wish.config, stale or self.unproven, wish.path, wish.force)
        self.hidden = _no_log.secrets(self.plan.before) | _no_log.secrets(self.plan.after)
        self.apply = decide(wish.apply, self.plan, self.state, wish.start)

    def run(self) -> Outcome:
        wish, change = self.wish, self.plan
        changed = change.writes or self.apply != NONE
        actions = [*(self._check() if changed else ()), *self._steps()]
        copy = None
        if not wish.check:
            if change.writes:
                copy = self._write()
            if self.apply != NONE:
                self._prove(copy)
            elif self.undo_left and not self.unproven:
                _atomic.remove(self.undo_path)
        return Outcome(
            changed=changed,
            actions=actions,
            apply=self.apply,
            changed_keys=list(change.changed_keys),
            backup_file=copy,
            before=_before(change, self.current),
            after=_render(change.after) if change.data is not None else "",
        )

    def _check(self) -> list[str]:
        """Find what the daemon would refuse, as long as nothing has been changed."""
        wish, state, unit = self.wish, self.state, self.service.unit
        if wish.apply != NONE and state.load == "loaded":
            _daemon_validation.refuse_other_file(state.flags, unit, wish.path)
        if not wish.validate:
            return []
        data = self.plan.data or b"{}"
        excuse = _daemon_validation.validate(
            self.service.runner, state.program, state.flags, data, wish.path, self.hidden
        )
        if excuse is None:
            return ["validate with dockerd"]
        _daemon_validation.refuse_conflicts(state.flags, unit, wish.path, self.plan.after)
        return [f"validate without dockerd: {excuse}"]

    def _steps(self) -> list[str]:
        wish, unit = self.wish, self.service.unit
        steps = []
        if self._keeps_copy():
            steps.append(f"keep a copy of {wish.path}")
        if self.plan.writes:
            steps.append(f"write {wish.path}")
        if self.apply != NONE:
            verb = self.apply if self.state.running else "start"
            steps += [f"{verb} {unit}", "wait until the daemon answers"]
        elif self.plan.writes:
            reason = "apply is none" if wish.apply == NONE else f"it is {self.state}"
            steps.append(f"leave {unit} alone: {reason}")
        return steps

    def _keeps_copy(self) -> bool:
        wanted = self.wish.backup or self.plan.fault is not None
        return self.plan.writes and self.current is not None and wanted

    def _write(self) -> str | None:
        """Write the file; return the path of the copy of the old one, if one is kept."""
        path = self.wish.path
        copy = _atomic.backup(path, self.service.clock.now()) if self._keeps_copy() else None
        # Whoever may read the file may read the passwords of proxies in it.
        secret = _holds_secrets(self.plan.after)
        mode = 0o600 if secret else 0o644
        closes = self.mode is not None and secret and not _holds_secrets(self.plan.before)
        if closes:
            mode = self.mode & ~_OTHERS
        try:
            if self.apply != NONE:
                _atomic.write(self.undo_path, self.good or b"", 0o600)
            _atomic.write(path, self.plan.data or b"", mode, keep=not closes)
        except DockerHostError:
            if not self.undo_left:
                _atomic.remove(self.undo_path)
            if copy:
                _atomic.remove(copy)
            raise
        return copy

    def _prove(self, copy: str | None) -> None:
        proof = Proof(
            service=self.service,
            state=self.state,
            path=self.wish.path,
            undo_path=self.undo_path,
            data=self.plan.data,
            good=self.good,
            mode=self.mode,
            seconds=self.wish.health_timeout,
            hidden=frozenset(self.hidden),
        )
        try:
            proof.apply(self.apply)
        except DockerHostError:
            if copy and _atomic.read(self.wish.path) == self.current:
                _atomic.remove(copy)
            raise


def decide(wanted: str, change: Plan, state: State, start: bool = False) -> str:
    """Decide what is done to the daemon: none, reload or restart.

    A service that somebody stopped stays as it is, unless it is to be started. One that failed is
    started: a broken configuration may be what it failed over.

    :param wanted: auto, or none, reload or restart
    :param start: whether a service that does not run is started; to systemd that is a restart
    :raises DockerHostError: where only a reload is wanted and would not do
    """
    if start and wanted != NONE and state.load == "loaded" and not state.running:
        return RESTART
    if NONE in (change.apply, wanted):
        return NONE
    if state.down and wanted != RELOAD:
        return RESTART
    if not state.running:
        return NONE
    if wanted == RELOAD and change.restart_keys:
        raise DockerHostError(
            f"A reload does not apply these keys: {', '.join(change.restart_keys)}. Nothing was "
            "changed.",
            "Set apply to restart or auto; that stops containers, unless live-restore is on.",
        )
    return change.apply if wanted == AUTO else wanted


def _holds_secrets(document: dict[str, Any]) -> bool:
    return mask(document) != document


def _render(document: dict[str, Any]) -> str:
    return _json_object.write(mask(document)).decode()


def _before(change: Plan, current: bytes | None) -> str:
    """Return the file as it was, for the diff; a broken one may hold secrets anywhere."""
    if change.fault:
        return f"(broken: {change.fault})\n"
    return _render(change.before) if current is not None else ""
