# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide what has to be done so that programs of an architecture are emulated, or are not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Iterable

from ansible_collections.arm64.docker.plugins.module_utils._binfmt import (
    CREDENTIALS,
    FIX_BINARY,
    OPEN,
    PRESERVE,
    Handler,
    exact,
    handler_name,
    magic,
    mask,
    render,
    serves,
)
from ansible_collections.arm64.docker.plugins.module_utils._binfmt_files import (
    ADMINISTRATOR,
    SYSTEMD_UNIT,
    BinfmtFile,
    effective,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

PRESENT, ABSENT, DISABLED = "present", "absent", "disabled"

MARK = "# Written by arm64.docker.binfmt_handler"

# QEMU takes argv[0] for what it is only under a name with this ending, or on newer kernels.
_PRESERVING = "-binfmt-P"

_FLAGS = {PRESERVE, OPEN, CREDENTIALS, FIX_BINARY}


@dataclass(frozen=True)
class Wish:
    """What is wanted. ``flags`` and ``credentials`` are None where what is there may stay."""

    architecture: str
    state: str = PRESENT
    interpreter: str | None = None
    flags: str | None = None
    credentials: bool | None = None
    persistent: bool = True
    replace: bool = False
    keep_others: bool = False

    @property
    def wants_credentials(self) -> bool | None:
        """Whether the flag C shall be there, None where it does not matter."""
        if self.credentials is None and self.flags is not None:
            return CREDENTIALS in self.flags
        return self.credentials

    @property
    def name(self) -> str:
        return handler_name(self.architecture)

    @property
    def path(self) -> str:
        """The administrator's file for the handler."""
        return f"{ADMINISTRATOR}/{self.name}.conf"


@dataclass(frozen=True)
class Current:
    """What is there: the kernel's handlers, the files of all folders, and what was tried.

    ``failure`` says why a program of the architecture did not run, None where it ran or was not
    tried, and ``asked`` which handlers it may have been given to. ``gone`` are the interpreters of
    files that do not exist, so that the next boot will not register them, and ``dynamic`` those
    that look for libraries, which containers do not have. ``boots`` tells whether systemd registers
    at boot what its files hold.
    """

    active: bool = True
    handlers: tuple = ()
    files: tuple = ()
    failure: str | None = None
    asked: frozenset = frozenset()
    gone: frozenset = frozenset()
    dynamic: frozenset = frozenset()
    boots: bool = True

    def fits(self, wish: Wish, handler: Handler) -> bool:
        """Tell whether a handler is as wanted, in containers too where it has the flag F."""
        lost = handler.fix_binary and handler.interpreter in self.dynamic
        return fits(wish, handler) and not lost

    def broken(self, handler: Handler) -> bool:
        """Tell whether a handler did not run a program that it was given."""
        return self.failure is not None and handler.name in self.asked

    def file(self, path: str) -> BinfmtFile | None:
        return next((file for file in self.files if file.path == path), None)

    def hidden(self, path: str) -> BinfmtFile | None:
        """Return the file that the administrator's one hides, or would hide."""
        name = path.rsplit("/", 1)[1]
        vendors = [file for file in self.files if file.folder != ADMINISTRATOR]
        return next((file for file in effective(vendors) if file.name == name), None)


@dataclass(frozen=True)
class Action:
    """One step. ``handler`` is what is registered, and ``text`` what is written to a file."""

    kind: str
    subject: str = ""
    handler: Handler | None = None
    text: str | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}".strip()


def registration(wish: Wish, interpreter: str) -> Handler:
    """Return the handler that is registered where none fits."""
    flags = wish.flags
    if flags is None:
        flags = FIX_BINARY + OPEN + (PRESERVE if interpreter.endswith(_PRESERVING) else "")
    letters = _letters(flags, wish.wants_credentials)
    unknown = letters - _FLAGS
    if unknown:
        raise DockerHostError(
            f"The kernel knows no flags {''.join(sorted(unknown))}.",
            f"The letters of flags are {', '.join(sorted(_FLAGS))}.",
        )
    return Handler(
        name=wish.name,
        interpreter=interpreter,
        flags="".join(sorted(letters)),
        offset=0,
        magic=magic(wish.architecture),
        mask=mask(wish.architecture),
    )


def _letters(flags: str, credentials: bool | None) -> set[str]:
    """Return flags with C as it shall be; the kernel adds O to it."""
    return set(flags) - {CREDENTIALS} | ({CREDENTIALS, OPEN} if credentials else set())


def fits(wish: Wish, handler: Handler) -> bool:
    """Tell whether a handler is as wanted.

    Its name does not matter, nor do bits of its mask by which no program is told from another.
    """
    if not exact(handler, wish.architecture):
        return False
    if wish.interpreter is not None and handler.interpreter != wish.interpreter:
        return False
    flags = set(handler.flags)
    if wish.wants_credentials not in (None, CREDENTIALS in flags):
        return False
    if wish.flags is None:
        return FIX_BINARY in flags
    return flags == _letters(wish.flags, CREDENTIALS in flags)


def plan(wish: Wish, current: Current, interpreter: str | None) -> list[Action]:
    """Return the steps from what is there to what is wanted, none where nothing is to do.

    :param interpreter: what to register; None where none was found, and then it is not needed
    :raises DockerHostError: where that is impossible, or would take something from somebody else
    """
    actions = []
    if wish.state == PRESENT:
        if not current.active:
            actions.append(Action("activate", "binfmt_misc"))
        actions += _kernel_present(wish, current, interpreter)
        actions += _files_present(wish, current, interpreter)
    else:
        actions += _kernel_away(wish, current)
        actions += _files_away(wish, current)
    return actions


def _kernel_present(wish: Wish, current: Current, interpreter: str | None) -> list[Action]:
    serving = [handler for handler in current.handlers if serves(handler, wish.architecture)]
    own = next((handler for handler in current.handlers if handler.name == wish.name), None)
    if own is not None and own not in serving:
        raise DockerHostError(
            f"The name {wish.name} is taken by a handler of other programs, whose interpreter is "
            f"{own.interpreter}.",
            f"Find out who registered it, and remove it: echo -1 > "
            f"/proc/sys/fs/binfmt_misc/{own.name}",
        )
    others = [handler for handler in serving if handler is not own and handler.enabled]
    good = [
        one
        for one in serving
        if one.enabled and current.fits(wish, one) and not current.broken(one)
    ]
    if good and all(one in good for one in (*others, *_enabled(own))):
        return []
    # The newest registration is asked first, so that one of ours would win, and those of other
    # programs would come back when theirs is removed.
    unfit = [one for one in others if one not in good]
    if unfit and not wish.replace:
        raise DockerHostError(
            f"Programs for {wish.architecture} are taken by the handler {unfit[0].name}, "
            f"{_unfit(wish, unfit[0], current)}.",
            "Remove it with the program that registered it, or set replace: true, which disables "
            "it until the next boot.",
        )
    actions = [Action("disable", one.name) for one in unfit]
    fit = own is not None and current.failure is None and current.fits(wish, own)
    if fit and not own.enabled:
        return [*actions, Action("enable", own.name)]
    if own is not None and wish.wants_credentials is None and CREDENTIALS in own.flags:
        wish = replace(wish, credentials=True)
    handler = registration(wish, _needed(wish, interpreter))
    render(handler)
    if own is not None:
        actions.append(Action("unregister", own.name, own))
    return [*actions, Action("register", handler.name, handler)]


def _enabled(handler: Handler | None) -> list[Handler]:
    return [handler] if handler is not None and handler.enabled else []


def _unfit(wish: Wish, handler: Handler, current: Current) -> str:
    if not exact(handler, wish.architecture):
        return f"whose mask {handler.mask or 'none'} leaves some of them out, or takes others too"
    if handler.fix_binary and handler.interpreter in current.dynamic:
        return f"whose interpreter {handler.interpreter} looks for libraries inside containers"
    if current.broken(handler) and fits(wish, handler):
        return f"which does not work: {current.failure}"
    return f"whose interpreter is {handler.interpreter} with the flags {handler.flags or 'none'}"


def _needed(wish: Wish, interpreter: str | None) -> str:
    if interpreter is None:
        raise DockerHostError(
            f"There is no QEMU for {wish.architecture} on this machine.",
            "Install qemu-user-static, or qemu-user and qemu-user-binfmt on Debian 13 and Ubuntu "
            "26.04, or name an interpreter. The role docker_emulation does it. Where they are "
            "there and too old, as Ubuntu 22.04's are for loong64, take QEMU from an image "
            "(docker_emulation_image).",
        )
    return interpreter


def _files_present(wish: Wish, current: Current, interpreter: str | None) -> list[Action]:
    """A file registers at boot; what a package brought is good enough where it fits."""
    there = current.file(wish.path)
    if not wish.persistent:
        return _own_removed(wish, there)
    counted = [file for file in current.files if current.boots or file.is_record]
    if any(_holds(wish, file, current) for file in effective(counted)):
        return []
    if not current.boots:
        raise DockerHostError(
            f"{SYSTEMD_UNIT} is masked on this machine, so that no handler would be registered at "
            "the next boot.",
            f"Unmask it (systemctl unmask {SYSTEMD_UNIT}), or set persistent: false.",
        )
    keep = _replaced(wish, there)
    hidden = current.hidden(wish.path)
    if there is not None and there.masked and hidden is not None and _holds(wish, hidden, current):
        return [Action("remove", wish.path)]
    handler = registration(wish, _needed(wish, interpreter))
    return [*keep, Action("write", wish.path, handler, f"{MARK}\n{render(handler)}\n")]


def _own_removed(wish: Wish, file: BinfmtFile | None) -> list[Action]:
    """Return how the next boot is left to packages and to the administrator, whose mask stays."""
    own = file is not None and not file.masked and _is_own(file, wish)
    return [Action("remove", wish.path)] if own else []


def _holds(wish: Wish, file: BinfmtFile, current: Current) -> bool:
    return any(
        current.fits(wish, handler) and handler.interpreter not in current.gone
        for handler in file.handlers
    )


def _is_own(file: BinfmtFile, wish: Wish) -> bool:
    """A mask, and a file with the handler of this name alone, are what this module writes."""
    return file.masked or [handler.name for handler in file.handlers] == [wish.name]


def _replaced(wish: Wish, file: BinfmtFile | None) -> list[Action]:
    """Return what comes before a file is replaced that holds more than this module's line."""
    if file is None or _is_own(file, wish):
        return []
    if not wish.replace:
        held = "other registrations than that" if file.handlers else "lines, and no registration"
        raise DockerHostError(
            f"{file.path} holds {held} of {wish.name}.",
            "Move them to a file of another name, or set replace: true, which keeps a copy.",
        )
    return [Action("keep a copy of", file.path)]


def _kernel_away(wish: Wish, current: Current) -> list[Action]:
    serving = [handler for handler in current.handlers if serves(handler, wish.architecture)]
    own = [handler for handler in serving if handler.name == wish.name]
    others = [handler for handler in serving if handler not in own and handler.enabled]
    if wish.keep_others:
        others = []
    if others and not wish.replace:
        raise DockerHostError(
            f"Programs for {wish.architecture} are also taken by the handler {others[0].name}, "
            f"whose interpreter is {others[0].interpreter}.",
            "Remove it with the program that registered it, set replace: true, which disables it "
            "until the next boot, or leave it alone with keep_others: true.",
        )
    if wish.state == ABSENT:
        actions = [Action("unregister", handler.name, handler) for handler in own]
    else:
        actions = [Action("disable", handler.name) for handler in own if handler.enabled]
    return [*actions, *(Action("disable", handler.name) for handler in others)]


def _files_away(wish: Wish, current: Current) -> list[Action]:
    """What a package brought is masked, so that the next boot does not register it again.

    binfmt-support knows no masks: its record goes, until the package is installed again.
    """
    if not wish.persistent:
        return _own_removed(wish, current.file(wish.path))
    records = [
        file for file in current.files if file.is_record and file.registers(wish.architecture)
    ]
    brought = [file for file in records if file.name == wish.name and not file.local]
    for file in records:
        if file not in brought and not wish.keep_others:
            raise DockerHostError(
                f"binfmt-support registers the handler {file.name} for {wish.architecture} at the "
                "next boot.",
                f"Remove it: update-binfmts --remove {file.name} {file.handlers[0].interpreter}",
            )
    return [*(Action("remove", file.path) for file in brought), *_systemd_away(wish, current)]


def _systemd_away(wish: Wish, current: Current) -> list[Action]:
    there, hidden = current.file(wish.path), current.hidden(wish.path)
    for file in effective(file for file in current.files if not file.is_record):
        other = file.name != f"{wish.name}.conf" and not wish.keep_others
        if other and file.registers(wish.architecture):
            raise DockerHostError(
                f"{file.path} registers a handler for {wish.architecture} at the next boot.",
                "Remove that line or that file; only a file that is named as the handler is "
                "masked.",
            )
    if there is not None and not _is_own(there, wish) and not there.registers(wish.architecture):
        return []
    keep = _replaced(wish, there)
    if hidden is not None and hidden.registers(wish.architecture):
        masked = there is not None and there.masked
        return [] if masked else [*keep, Action("mask", wish.path)]
    return [] if there is None else [*keep, Action("remove", wish.path)]


def after(current: Current, actions: Iterable[Action]) -> Current:
    """Return what the steps lead to."""
    handlers = {handler.name: handler for handler in current.handlers}
    files = {file.path: file for file in current.files}
    for action in actions:
        name = action.subject
        if action.kind == "register":
            handlers[name] = action.handler
        elif action.kind == "unregister":
            del handlers[name]
        elif action.kind in ("enable", "disable"):
            handlers[name] = replace(handlers[name], enabled=action.kind == "enable")
        elif action.kind == "write":
            files[name] = BinfmtFile(name, False, (action.handler,))
        elif action.kind == "mask":
            files[name] = BinfmtFile(name, True, ())
        elif action.kind == "remove":
            del files[name]
    return Current(True, tuple(handlers.values()), tuple(files.values()))
