# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the boot loader's files to the wanted parameters, all of them or none."""

from __future__ import annotations

import posixpath
import time
from dataclasses import dataclass

from ansible_collections.arm64.docker.plugins.module_utils import _atomic, _boot, _boot_grub
from ansible_collections.arm64.docker.plugins.module_utils._boot_parameters import Wish
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._process import Runner
from ansible_collections.arm64.docker.plugins.module_utils._secrets import mask_text

# update-grub looks at every disk for other systems; a card needs a minute for that.
UPDATE_SECONDS = 300

_UPDATE = "update-grub"

# FAT file systems, which firmware boots from, allow no colon in a name.
_MOMENT = "%Y-%m-%d@%H-%M-%S"


@dataclass(frozen=True)
class Request:
    """The options of the module boot_parameters, and check mode."""

    wanted: Wish
    loader: str = _boot.AUTO
    path: str | None = None
    backup: bool = True
    check: bool = False


@dataclass(frozen=True)
class Outcome:
    """What was done, or in check mode would be. ``edits`` hold the files before and after."""

    changed: bool
    actions: list[str]
    boot: _boot.Boot
    edits: list[_boot.Edit]
    backup_files: list[str]
    reboot_required: bool


class Machine:
    """The machine whose boot loader is meant: its files, its running kernel, and its programs.

    :param root: the folder that holds its files, "/" for the machine that this runs on
    :param booted: when it started, in seconds since 1970; None asks the kernel
    """

    def __init__(self, runner: Runner, root: str = "/", booted: float | None = None) -> None:
        self.runner = runner
        self._root = root.rstrip("/")
        self.booted = booted
        if booted is None:
            self.booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)

    def place(self, path: str) -> str:
        """Return where a path of the machine lies for this process."""
        return f"{self._root}{path}"

    def text(self, path: str) -> str | None:
        """Return the text of a file with every byte of it, None where there is none.

        :raises DockerHostError: where it cannot be read
        """
        data = _atomic.read(self.place(path))
        return None if data is None else data.decode("utf-8", "surrogateescape")

    def names(self, path: str) -> list[str]:
        return _atomic.names(self.place(path))

    def write(self, path: str, text: str | None) -> None:
        """Write a file, or remove it where ``text`` is None.

        :raises DockerHostError: where that fails; the file is as it was then
        """
        if text is None:
            _atomic.remove(self.place(path))
        else:
            _atomic.write(self.place(path), text.encode("utf-8", "surrogateescape"))

    def keep(self, path: str) -> str:
        """Keep a copy of a file beside it and return its path."""
        copy = _atomic.backup(self.place(path), time.time(), _MOMENT)
        return copy[len(self._root) :]

    def read_only(self, path: str) -> bool:
        return _atomic.read_only(self.place(path))

    def put_back(self, path: str, text: str | None, copy: str | None) -> bool:
        """Undo a write, with the copy where one was kept; tell whether that worked.

        A copy is moved into its place, which needs no room on a disk that has become full.
        """
        try:
            if copy is None:
                self.write(path, text)
            else:
                _atomic.move(self.place(copy), self.place(path))
        except DockerHostError:
            return False
        return True

    def written(self, path: str) -> bool:
        """Tell whether a file was changed since the machine started."""
        return (_atomic.modified(self.place(path)) or 0) > self.booted


def configure(request: Request, machine: Machine) -> Outcome:
    """Do what the request says.

    :raises DockerHostError: where that is impossible or went wrong; the files are then as before
    """
    wanted = request.wanted
    boot = _boot.choose(machine, request.loader, request.path)
    edits = _boot.plan(machine, boot, wanted)
    update = boot.loader == _boot.GRUB and bool(
        edits or _boot_grub.stale(machine.text(_boot_grub.CONFIG), wanted)
    )
    _refuse_read_only(machine, edits)
    copies = []
    if not request.check:
        copies = _apply(machine, request, edits, update)
    proof = [_boot_grub.CONFIG] if boot.loader == _boot.GRUB else boot.paths
    written = bool(edits) or update or any(machine.written(path) for path in proof)
    return Outcome(
        changed=bool(edits) or update,
        actions=_actions(request, edits, update),
        boot=boot,
        edits=edits,
        backup_files=copies,
        reboot_required=_boot.pending(machine.text("/proc/cmdline") or "", wanted, written),
    )


def _refuse_read_only(machine: Machine, edits: list[_boot.Edit]) -> None:
    """Refuse what could not be written, in check mode too.

    :raises DockerHostError: where a file lies on a file system that is mounted for reading only
    """
    for edit in edits:
        if machine.read_only(edit.path):
            raise DockerHostError(
                f"{edit.path} cannot be written: Read-only file system.",
                "Mount for writing what holds it ('findmnt --target "
                f"{posixpath.dirname(edit.path)}' names it), and run again.",
            )


def _actions(request: Request, edits: list[_boot.Edit], update: bool) -> list[str]:
    actions = []
    for edit in edits:
        if request.backup and edit.before is not None:
            actions.append(f"keep a copy of {edit.path}")
        actions.append(f"{'remove' if edit.after is None else 'write'} {edit.path}")
    return [*actions, *([f"run {_UPDATE}"] if update else ())]


def _apply(machine: Machine, request: Request, edits: list[_boot.Edit], update: bool) -> list[str]:
    """Write every file, and let GRUB take it over; return the copies of the old ones."""
    copies, done, updated = {}, [], False
    try:
        for edit in edits:
            if request.backup and edit.before is not None:
                copies[edit.path] = machine.keep(edit.path)
            machine.write(edit.path, edit.after)
            done.append(edit)
        if update:
            _update_grub(machine)
            updated = True
            _prove_grub(machine, request.wanted)
    except DockerHostError as error:
        raise _undo(machine, done, copies, updated, error) from error
    return list(copies.values())


def _undo(
    machine: Machine,
    done: list[_boot.Edit],
    copies: dict[str, str],
    updated: bool,
    error: DockerHostError,
) -> DockerHostError:
    """Put back what was written, and return the error with what became of that."""
    left = [
        edit.path
        for edit in done
        if not machine.put_back(edit.path, edit.before, copies.get(edit.path))
    ]
    for path, copy in copies.items():
        if path not in left:
            machine.put_back(copy, None, None)
    if left:
        kept = [copies[path] for path in left if path in copies]
        return DockerHostError(
            f"{error.message} What was written to {' and '.join(left)} could not be put back.",
            f"{error.remedy} Then run again{', or put back ' if kept else ''}{' and '.join(kept)}.",
        )
    if not done:
        return error
    # What it took over from the new files is in grub.cfg.
    if updated:
        _update_grub(machine)
    return DockerHostError(f"{error.message} The old files are back.", error.remedy)


def _update_grub(machine: Machine) -> None:
    """Run update-grub.

    :raises DockerHostError: where there is none, or it fails
    """
    result = machine.runner.run((_UPDATE,), UPDATE_SECONDS)
    if result.missing:
        raise DockerHostError(
            f"There is no {_UPDATE}, so that GRUB would not take the parameters over.",
            "Install the package grub2-common, or name another bootloader.",
        )
    if not result.ok:
        reason = f"took longer than {UPDATE_SECONDS} s" if result.timed_out else "failed"
        said = mask_text((result.stderr or result.stdout).strip()[-500:])
        raise DockerHostError(
            f"{_UPDATE} {reason}{': ' if said else ''}{said}.",
            f"Run {_UPDATE} by hand, mend what it names, and run again.",
        )


def _prove_grub(machine: Machine, wanted: Wish) -> None:
    """Look whether update-grub did what was wanted.

    :raises DockerHostError: where it did not
    """
    left = _boot_grub.stale(machine.text(_boot_grub.CONFIG), wanted)
    if left:
        raise DockerHostError(
            f"{_UPDATE} ran, and {_boot_grub.CONFIG} still differs in {' '.join(left)}.",
            "Look in /etc/grub.d and /etc/default/grub for what sets or drops them.",
        )
