# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the kernel's handlers and the files of the next boot to what is wanted, and prove it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import Callable

from ansible_collections.arm64.docker.plugins.module_utils._binfmt import (
    FIX_BINARY,
    Handler,
    asked,
    emulator_name,
    render,
    serves,
)
from ansible_collections.arm64.docker.plugins.module_utils._binfmt_files import (
    read_files,
    systemd_starts,
)
from ansible_collections.arm64.docker.plugins.module_utils._binfmt_machine import (
    AWAY,
    OFF,
    ON,
    Machine,
)
from ansible_collections.arm64.docker.plugins.module_utils._binfmt_plan import (
    PRESENT,
    Action,
    Current,
    Wish,
    after,
    plan,
)
from ansible_collections.arm64.docker.plugins.module_utils._elf import read_header
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform

# Where distributions put QEMU: Debian and Ubuntu with P in mind, qemu-user-static, qemu-user,
# and what was installed by hand.
_PLACES = (
    "/usr/libexec/qemu-binfmt/{}-binfmt-P",
    "/usr/bin/qemu-{}-static",
    "/usr/bin/qemu-{}",
    "/usr/local/libexec/arm64-docker/qemu-{}",
    "/usr/local/bin/qemu-{}-static",
    "/usr/local/bin/qemu-{}",
)

# The name of a handler while it is tried, which a run leaves behind that is killed then.
_TRIAL = "arm64-docker-trial"

_TO_FILES = ("keep a copy of", "write", "mask", "remove")


@dataclass(frozen=True)
class Request:
    """The options of the module binfmt_handler, and check mode.

    ``host`` is the architecture of the kernel (GOARCH), and ``native`` the 32-bit one whose
    programs it runs itself, None where there is none.
    """

    wish: Wish
    host: str
    native: str | None = None
    verify: bool = True
    check: bool = False


@dataclass(frozen=True)
class Outcome:
    """What was done, or in check mode would be, with the state before and after.

    ``works`` is None where no program was executed.
    """

    actions: list[Action]
    before: Current
    after: Current
    works: bool | None


def configure(request: Request, machine: Machine) -> Outcome:
    """Do what the request says.

    :raises DockerHostError: where that is impossible or went wrong; all is then as it was before
    """
    wish = request.wish
    mount = [Action("mount", "binfmt_misc")] * _needs_mount(request, machine)
    if mount and not request.check:
        machine.mount()
    current = _read(machine)
    left = [Action("unregister", one.name) for one in current.handlers if one.name == _TRIAL]
    if left:
        current = _without_trial(current)
        if not request.check:
            machine.set(_TRIAL, AWAY)
    if wish.state == PRESENT:
        _refuse_own(request, machine, current)
        if request.verify and _served(wish, current):
            given = asked(current.handlers, wish.architecture, machine.since())
            current = replace(
                current,
                failure=machine.failure(wish.architecture),
                asked=frozenset(one.name for one in given),
            )
    interpreter = _interpreter(request, machine) if wish.state == PRESENT else None
    steps = plan(wish, current, interpreter)
    for step in steps:
        _refuse_unusable(request, machine, step)
    actions = [*mount, *left, *steps]
    if request.check:
        return Outcome(actions, current, after(current, steps), None)
    works = _apply(request, machine, steps)
    if works is None and request.verify and wish.state == PRESENT:
        works = True
    return Outcome(actions, current, _read(machine), works)


def _needs_mount(request: Request, machine: Machine) -> bool:
    """A kernel that knows of binfmt_misc may hold handlers that nothing shows."""
    return not machine.mounted() and (request.wish.state == PRESENT or machine.known())


def _read(machine: Machine) -> Current:
    mounted = machine.mounted()
    files = read_files(machine)
    handlers = tuple(machine.handlers()) if mounted else ()
    held = [*handlers, *(handler for file in files for handler in file.handlers)]
    interpreters = {handler.interpreter for handler in held}
    return Current(
        active=not mounted or machine.active(),
        handlers=handlers,
        files=files,
        gone=frozenset(path for path in interpreters if not machine.exists(path)),
        dynamic=frozenset(path for path in interpreters if _dynamic(machine, path)),
        boots=systemd_starts(machine),
    )


def _without_trial(current: Current) -> Current:
    return replace(current, handlers=tuple(one for one in current.handlers if one.name != _TRIAL))


def _dynamic(machine: Machine, path: str) -> bool:
    data = None
    with contextlib.suppress(DockerHostError):
        # What cannot be read is refused where it is to be registered.
        data = machine.beginning(path) if path else None
    header = read_header(data) if data is not None else None
    return header is not None and header.dynamic


def _served(wish: Wish, current: Current) -> bool:
    return current.active and any(
        handler.enabled and serves(handler, wish.architecture) for handler in current.handlers
    )


def _refuse_own(request: Request, machine: Machine, current: Current) -> None:
    """Programs that the cores run themselves would become slow, or not run at all."""
    wanted = request.wish.architecture
    own = wanted in (request.host, request.native)
    tries = request.verify and not _served(request.wish, current)
    if own or (tries and machine.failure(wanted) is None):
        raise DockerHostError(
            f"This machine ({request.host}) runs programs for {wanted} itself.",
            f"Leave {wanted} out; state: absent removes a handler for it.",
        )


def _interpreter(request: Request, machine: Machine) -> str | None:
    """Return the interpreter to register: the one that is named, or the first that is usable.

    None where there is no QEMU at all.
    """
    wish = request.wish
    if wish.interpreter is not None:
        reason = _unusable(request, machine, wish.interpreter)
        if reason is not None:
            raise DockerHostError(f"{wish.interpreter} {reason[0]}.", reason[1])
        return wish.interpreter
    paths = [place.format(emulator_name(wish.architecture)) for place in _PLACES]
    there = [path for path in paths if machine.beginning(path) is not None]
    usable = (path for path in there if _unusable(request, machine, path) is None)
    return next(usable, there[0] if there else None)


def _unusable(request: Request, machine: Machine, path: str) -> tuple[str, str] | None:
    """Return what is wrong with an interpreter and what to do, None where nothing is."""
    data = machine.beginning(path)
    if data is None:
        return "does not exist", "Install QEMU's user mode emulation, or name the right path."
    header = read_header(data)
    if header is None:
        return "is no executable of a machine", "Name QEMU itself, not a script."
    host = Platform.parse(request.host)
    if header.architecture is None or host.match(Platform.parse(header.architecture)) is None:
        return (
            f"is a program for {header.architecture or 'another machine'}, and this is "
            f"{request.host}",
            "Install the QEMU of this machine's own architecture.",
        )
    if not machine.executable(path):
        return (
            "cannot be executed",
            f"Give it the permission (chmod 755 {path}), or have it on a file system that is not "
            "mounted with noexec.",
        )
    flags = request.wish.flags
    if header.dynamic and (flags is None or FIX_BINARY in flags):
        return (
            "is dynamically linked: held open by the kernel (flag F), it would look for its "
            "libraries inside the container",
            "Install the static one (qemu-user-static, or qemu-user from Debian 13 on), or leave F "
            "out of flags, and emulate outside of containers only.",
        )
    return None


def _apply(request: Request, machine: Machine, actions: list[Action]) -> bool | None:
    """Change the kernel, try it, and then write the files; take all back where that fails."""
    undo: list[Callable[[], None]] = []
    works = None
    replacement = next((action.handler for action in actions if action.kind == "register"), None)
    try:
        for action in actions:
            if action.kind == "unregister" and replacement is not None:
                _try(request, machine, replacement)
            if action.kind not in _TO_FILES:
                undo += _kernel(machine, action)
        if request.wish.state == PRESENT and request.verify and undo:
            works = _proven(request, machine)
        for action in actions:
            if action.kind in _TO_FILES:
                _files(machine, action)
    except DockerHostError as error:
        failures = [failure for failure in map(_undone, reversed(undo)) if failure]
        if failures:
            raise DockerHostError(
                f"{error.message} Nor was all put back: {' '.join(failures)}", error.remedy
            ) from error
        raise
    return works


def _undone(step: Callable[[], None]) -> str:
    """Take a step back; return what went wrong, so that the others are taken back too."""
    try:
        step()
    except DockerHostError as error:
        return str(error)
    return ""


def _try(request: Request, machine: Machine, handler: Handler) -> None:
    """Have a handler at work beside the one that it replaces, which may not come back once gone:
    the kernel holds its interpreter open, and the file may be no longer there.
    """
    machine.register(render(replace(handler, name=_TRIAL)))
    try:
        if request.verify:
            _proven(request, machine)
    finally:
        machine.set(_TRIAL, AWAY)


def _refuse_unusable(request: Request, machine: Machine, action: Action) -> None:
    """An interpreter that was found may be unusable, which matters when it is registered."""
    if action.kind in ("register", "write") and action.handler is not None:
        reason = _unusable(request, machine, action.handler.interpreter)
        if reason is not None:
            raise DockerHostError(f"{action.handler.interpreter} {reason[0]}.", reason[1])


def _proven(request: Request, machine: Machine) -> bool:
    architecture = request.wish.architecture
    failure = machine.failure(architecture)
    if failure is not None:
        raise DockerHostError(
            f"The handler for {architecture} is registered and does not work: {failure}. It was "
            "taken back.",
            "Install another version of QEMU, or name another interpreter.",
        )
    return True


def _kernel(machine: Machine, action: Action) -> list[Callable[[], None]]:
    """Do one step in the kernel, and return how it is taken back."""
    name, handler = action.subject, action.handler
    if action.kind == "activate":
        machine.set("status", ON)
        return [lambda: machine.set("status", OFF)]
    if action.kind == "enable":
        machine.set(name, ON)
        return [lambda: machine.set(name, OFF)]
    if action.kind == "disable":
        machine.set(name, OFF)
        return [lambda: machine.set(name, ON)]
    if action.kind == "unregister":
        machine.set(name, AWAY)
        return [lambda: _restore(machine, handler)]
    machine.register(render(handler))
    return [lambda: machine.set(name, AWAY)]


def _restore(machine: Machine, handler: Handler) -> None:
    machine.register(render(handler))
    if not handler.enabled:
        machine.set(handler.name, OFF)


def _files(machine: Machine, action: Action) -> None:
    if action.kind == "keep a copy of":
        machine.keep(action.subject)
    elif action.kind == "write":
        machine.write(action.subject, action.text or "")
    elif action.kind == "mask":
        machine.mask(action.subject)
    else:
        machine.remove(action.subject)
