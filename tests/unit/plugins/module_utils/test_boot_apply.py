# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._boot_apply import (
    UPDATE_SECONDS,
    Machine,
    Outcome,
    Request,
    configure,
)
from ansible_collections.arm64.docker.plugins.module_utils._boot_parameters import Wish
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._process import Result
from ansible_collections.arm64.docker.tests.unit.boot_files import CMDLINE
from ansible_collections.arm64.docker.tests.unit.disks import full_disk
from ansible_collections.arm64.docker.tests.unit.fakes import FakeRunner, said, silent

CMDLINE_TXT = "/boot/firmware/cmdline.txt"
CURRENT, NEW = "/boot/firmware/current/cmdline.txt", "/boot/firmware/new/cmdline.txt"
DROPIN = "/etc/default/grub.d/arm64-docker.cfg"
ENABLE = Wish(("cgroup_enable=memory",), ("cgroup_disable=memory",))
ENABLED = CMDLINE.replace("rootwait", "rootwait cgroup_enable=memory")


class Board:
    """A machine that booted an hour ago from what lies on its disk."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.runner = FakeRunner()
        self.booted = time.time() - 3600
        self.write("/proc/cmdline", f"cgroup_disable=memory {CMDLINE}")

    def path(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def write(self, path: str, text: str) -> None:
        place = self.path(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode("utf-8", "surrogateescape"))
        os.utime(place, (self.booted - 3600, self.booted - 3600))

    def read(self, path: str) -> str:
        return self.path(path).read_bytes().decode("utf-8", "surrogateescape")

    def files(self) -> dict[str, str]:
        """Return every file below /boot and /etc with its content."""
        found = [place for top in ("boot", "etc") for place in self.path(top).rglob("*")]
        names = [f"/{place.relative_to(self.root)}" for place in found if place.is_file()]
        return {name: self.read(name) for name in sorted(names)}

    def run(self, wanted: Wish = ENABLE, **request: Any) -> Outcome:
        machine = Machine(self.runner, str(self.root), self.booted)
        return configure(Request(wanted, **request), machine)

    def reboot(self, firmware: str, path: str = CMDLINE_TXT) -> None:
        self.write("/proc/cmdline", f"{firmware} {self.read(path)}")
        self.booted = time.time() + 1


@pytest.fixture
def board(tmp_path: Path) -> Board:
    board = Board(tmp_path)
    board.write(CMDLINE_TXT, CMDLINE)
    return board


def test_the_file_is_written_and_a_copy_kept(board: Board) -> None:
    outcome = board.run()
    assert outcome.actions == [f"keep a copy of {CMDLINE_TXT}", f"write {CMDLINE_TXT}"]
    (copy,) = outcome.backup_files
    assert board.files() == {CMDLINE_TXT: ENABLED, copy: CMDLINE}
    assert ":" not in copy


def test_a_second_run_changes_nothing(board: Board) -> None:
    board.run()
    before = board.files()
    outcome = board.run()
    assert (outcome.changed, outcome.actions, outcome.edits, outcome.backup_files) == (
        (False, [], [], [])
    )
    assert board.files() == before


def test_no_copy_is_kept_where_none_is_wanted(board: Board) -> None:
    outcome = board.run(backup=False)
    assert outcome.actions == [f"write {CMDLINE_TXT}"]
    assert board.files() == {CMDLINE_TXT: ENABLED}


def test_check_mode_says_what_would_be_and_writes_nothing(board: Board) -> None:
    said = board.run(check=True)
    assert board.files() == {CMDLINE_TXT: CMDLINE}
    done = board.run()
    assert said.backup_files == []
    for key in ("changed", "actions", "boot", "edits", "reboot_required"):
        assert getattr(said, key) == getattr(done, key), key


class ReadOnly(Machine):
    """A machine whose boot partition is mounted for reading only."""

    def read_only(self, path: str) -> bool:
        return path == CMDLINE_TXT


@pytest.mark.parametrize("check", [False, True])
def test_a_partition_that_is_read_only_is_refused_in_check_mode_too(
    board: Board, check: bool
) -> None:
    machine = ReadOnly(board.runner, str(board.root), board.booted)
    with pytest.raises(DockerHostError, match="cannot be written: Read-only file system") as error:
        configure(Request(ENABLE, check=check), machine)
    assert error.value.message.startswith(CMDLINE_TXT)
    assert "findmnt --target /boot/firmware" in error.value.remedy
    assert board.files() == {CMDLINE_TXT: CMDLINE}
    assert configure(Request(Wish(), check=check), machine).changed is False


def test_a_reboot_is_due_until_it_happens_whatever_the_firmware_adds(board: Board) -> None:
    assert board.run(check=True).reboot_required is True
    assert board.run().reboot_required is True
    assert board.run().reboot_required is True
    board.reboot("cgroup_disable=memory")
    assert board.run().reboot_required is False


def test_a_parameter_that_is_taken_away_is_due_too(board: Board) -> None:
    board.write(CMDLINE_TXT, CMDLINE.replace("rootwait", "rootwait quiet"))
    board.reboot("")
    wanted = Wish((), ("quiet",))
    assert board.run(wanted).reboot_required is True
    board.booted -= 3600
    assert board.run(wanted).reboot_required is True
    board.reboot("")
    assert board.run(wanted).reboot_required is False


def test_bytes_that_are_no_text_stay(board: Board) -> None:
    board.write(CMDLINE_TXT, f"a=\udcff\udc80 {CMDLINE}")
    board.run()
    assert board.path(CMDLINE_TXT).read_bytes().startswith(b"a=\xff\x80 console=")
    assert board.read(CMDLINE_TXT) == f"a=\udcff\udc80 {ENABLED}"


def test_a_full_boot_partition_leaves_the_file_and_no_copy(board: Board) -> None:
    with full_disk(4), pytest.raises(DockerHostError, match="cannot be written: File too large"):
        board.run()
    assert board.files() == {CMDLINE_TXT: CMDLINE}


@pytest.mark.parametrize("backup", [True, False])
def test_of_two_files_none_is_changed_where_one_cannot_be(board: Board, backup: bool) -> None:
    board.path(CMDLINE_TXT).unlink()
    board.write("/boot/firmware/config.txt", "os_prefix=current/\n[tryboot]\nos_prefix=new/\n")
    board.write(CURRENT, CMDLINE)
    board.write(NEW, f"{'x ' * 3000}{CMDLINE}")
    before = board.files()
    with full_disk(4096), pytest.raises(DockerHostError, match="new/cmdline.txt"):
        board.run(backup=backup)
    assert board.files() == before
    outcome = board.run()
    assert [edit.path for edit in outcome.edits] == [CURRENT, NEW]
    assert len(outcome.backup_files) == 2


class Filling(Machine):
    """A machine whose boot partition takes some writes and then none; files can still be moved."""

    room = 1

    def write(self, path: str, text: str | None) -> None:
        if text is not None:
            if self.room == 0:
                raise DockerHostError(f"{path} cannot be written: full.", "Make room.")
            self.room -= 1
        super().write(path, text)


class Stuck(Filling):
    """One on which nothing can be moved either."""

    def put_back(self, path: str, text: str | None, copy: str | None) -> bool:
        return text is None and super().put_back(path, text, copy)


def with_trial(board: Board) -> Board:
    """Let a board boot from the folder current and wait for a trial of the folder new."""
    board.path(CMDLINE_TXT).unlink()
    board.write("/boot/firmware/config.txt", "os_prefix=current/\n[tryboot]\nos_prefix=new/\n")
    board.write(CURRENT, CMDLINE)
    board.write(NEW, CMDLINE)
    return board


def test_the_first_file_is_put_back_on_a_disk_that_became_full(board: Board) -> None:
    before = with_trial(board).files()
    machine = Filling(board.runner, str(board.root), board.booted)
    with pytest.raises(DockerHostError, match="new/cmdline.txt cannot be written") as error:
        configure(Request(ENABLE), machine)
    assert error.value.message.endswith("The old files are back.")
    assert error.value.remedy == "Make room."
    assert board.files() == before


@pytest.mark.parametrize("backup", [True, False])
def test_a_file_that_cannot_be_put_back_is_named_with_its_copy(board: Board, backup: bool) -> None:
    before = with_trial(board).files()
    machine = Stuck(board.runner, str(board.root), board.booted)
    with pytest.raises(DockerHostError, match="new/cmdline.txt cannot be written") as error:
        configure(Request(ENABLE, backup=backup), machine)
    assert f"What was written to {CURRENT} could not be put back" in error.value.message
    assert "are back" not in error.value.message
    after = board.files()
    assert (after.pop(CURRENT), before.pop(CURRENT)) == (ENABLED, CMDLINE)
    kept = [path for path in after if path not in before]
    assert [after.pop(path) for path in kept] == [CMDLINE] * backup
    assert all(path in error.value.remedy for path in kept)
    assert after == before


def test_nothing_is_said_to_be_back_where_nothing_was_written(board: Board) -> None:
    machine = Filling(board.runner, str(board.root), board.booted)
    machine.room = 0
    with pytest.raises(DockerHostError) as error:
        configure(Request(ENABLE), machine)
    assert error.value.message == f"{CMDLINE_TXT} cannot be written: full."
    assert board.files() == {CMDLINE_TXT: CMDLINE}


@pytest.mark.parametrize("text", ["", f"{CMDLINE}more\n", "quiet\n"])
def test_a_file_that_is_not_understood_is_left_alone(board: Board, text: str) -> None:
    board.write(CMDLINE_TXT, text)
    with pytest.raises(DockerHostError, match=CMDLINE_TXT):
        board.run()
    assert board.files() == {CMDLINE_TXT: text}


def test_a_folder_in_the_place_of_the_file_is_an_error(board: Board) -> None:
    board.path(CMDLINE_TXT).unlink()
    board.path(CMDLINE_TXT).mkdir()
    with pytest.raises(DockerHostError, match="cmdline.txt is no regular file"):
        board.run()


class Server(Board):
    """A machine with GRUB, whose update-grub does as much of what grub-mkconfig does."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.write("/etc/default/grub", "GRUB_CMDLINE_LINUX=root=x\n")
        self.runner.answers["update-grub"] = self.update
        # What a script of /etc/grub.d drops.
        self.dropped = ""
        self.update(())
        self.reboot("", "/boot/grub/grub.cfg")

    def update(self, argv: tuple) -> Result:
        given = "root=x"
        if self.path(DROPIN).exists():
            given += self.read(DROPIN).split("$GRUB_CMDLINE_LINUX")[1].rstrip('"\n')
        given = " ".join(word for word in given.split() if word != self.dropped)
        self.write("/boot/grub/grub.cfg", f"menuentry x {{\n  linux /vmlinuz {given}\n}}\n")
        os.utime(self.path("/boot/grub/grub.cfg"))
        return said()

    @property
    def updates(self) -> int:
        return len(self.runner.command_lines("update-grub"))


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def test_grub_takes_the_drop_in_over(server: Server) -> None:
    outcome = server.run()
    assert outcome.actions == [f"write {DROPIN}", "run update-grub"]
    assert outcome.boot.paths == (DROPIN,)
    assert "root=x cgroup_enable=memory\n" in server.read("/boot/grub/grub.cfg")
    assert outcome.reboot_required is True
    assert server.run().changed is False
    assert server.updates == 1


def test_the_drop_in_goes_with_its_last_parameter(server: Server) -> None:
    before = server.files()
    server.run()
    outcome = server.run(Wish((), ("cgroup_enable",)), backup=False)
    assert outcome.actions == [f"remove {DROPIN}", "run update-grub"]
    assert server.files() == before


def test_grubs_check_mode_runs_nothing(server: Server) -> None:
    before = server.files()
    assert server.run(check=True).actions == [f"write {DROPIN}", "run update-grub"]
    assert server.files() == before
    assert server.updates == 0


def test_a_run_that_ended_before_update_grub_is_completed_by_the_next(server: Server) -> None:
    before = server.read("/boot/grub/grub.cfg")
    server.run()
    server.write("/boot/grub/grub.cfg", before)
    assert server.run(check=True).actions == ["run update-grub"]
    assert server.run().changed is True
    assert "cgroup_enable=memory" in server.read("/boot/grub/grub.cfg")
    assert server.run().changed is False


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (said(stderr="no space left\n", rc=1), "update-grub failed: no space left"),
        (silent(), f"update-grub took longer than {UPDATE_SECONDS} s"),
        (None, "There is no update-grub"),
        (said(), "update-grub ran, and /boot/grub/grub.cfg still differs in cgroup_enable=memory"),
    ],
)
def test_where_update_grub_fails_the_old_files_are_back(
    server: Server, answer: Result | None, words: str
) -> None:
    del server.runner.answers["update-grub"]
    if answer is not None:
        server.runner.answers["update-grub"] = answer
    before = server.files()
    with pytest.raises(DockerHostError, match=words) as error:
        server.run()
    assert "The old files are back" in error.value.message
    assert error.value.remedy
    assert server.files() == before


def test_what_grub_took_over_goes_with_the_files_where_the_rest_was_not_taken_over(
    server: Server,
) -> None:
    before = server.files()
    server.dropped = "swapaccount=1"
    with pytest.raises(DockerHostError, match="still differs in swapaccount=1"):
        server.run(Wish(("cgroup_enable=memory", "swapaccount=1"), ()))
    assert server.files() == before
    assert server.updates == 2
