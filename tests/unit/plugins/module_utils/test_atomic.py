# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._atomic import (
    SIZE_LIMIT,
    allow,
    backup,
    modified,
    move,
    names,
    read,
    read_only,
    remove,
    write,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.tests.unit.disks import full_disk


def mode(place: Path) -> int:
    return stat.S_IMODE(place.stat().st_mode)


def test_a_new_file_has_the_mode_that_was_asked_for_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write(str(tmp_path / "etc/docker/daemon.json"), b"{}\n", 0o644)
    finally:
        os.umask(before)
    place = tmp_path / "etc/docker/daemon.json"
    assert place.read_bytes() == b"{}\n"
    assert mode(place) == 0o644
    assert mode(place.parent) == mode(place.parent.parent) == 0o755


def test_a_file_that_is_there_keeps_its_mode_and_is_another_file_afterwards(
    tmp_path: Path,
) -> None:
    place = tmp_path / "daemon.json"
    place.write_bytes(b"old")
    place.chmod(0o640)
    before = place.stat().st_ino
    with place.open("rb") as reader:
        write(str(place), b"new", 0o644)
        assert reader.read() == b"old"
    assert (place.read_bytes(), mode(place)) == (b"new", 0o640)
    assert place.stat().st_ino != before
    assert os.listdir(tmp_path) == ["daemon.json"]
    write(str(place), b"newer", 0o604, keep=False)
    assert (place.read_bytes(), mode(place)) == (b"newer", 0o604)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_that_is_there_keeps_its_owner(tmp_path: Path) -> None:
    place = tmp_path / "daemon.json"
    place.write_bytes(b"old")
    os.chown(place, 1234, 5678)
    write(str(place), b"new")
    copy = Path(backup(str(place), 0))
    for path in (place, copy):
        assert (path.stat().st_uid, path.stat().st_gid) == (1234, 5678)


def test_a_link_stays_and_what_it_points_at_is_written(tmp_path: Path) -> None:
    target, link = tmp_path / "srv/real.json", tmp_path / "daemon.json"
    link.symlink_to("srv/real.json")
    write(str(link), b"one")
    write(str(link), b"two")
    assert link.is_symlink()
    assert target.read_bytes() == b"two"


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    place = tmp_path / "daemon.json"
    place.write_bytes(b"old")
    with full_disk(4), pytest.raises(DockerHostError) as error:
        write(str(place), b"x" * 8192)
    assert f"{place} cannot be written: File too large" in error.value.message
    assert "room" in error.value.remedy
    assert place.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["daemon.json"]


def test_a_place_where_nothing_can_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DockerHostError, match="file/daemon.json cannot be written"):
        write(str(tmp_path / "file/daemon.json"), b"")


def test_a_missing_file_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in ("missing", "no/folder", "file/inside"):
        assert read(str(tmp_path / path)) is None
        assert modified(str(tmp_path / path)) is None
        remove(str(tmp_path / path))


def test_what_is_no_file_is_an_error_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(DockerHostError, match="is no regular file"):
            read(str(path))
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(DockerHostError, match="loop cannot be read"):
        read(str(tmp_path / "loop"))


def test_a_file_is_read_up_to_a_limit(tmp_path: Path) -> None:
    place = tmp_path / "daemon.json"
    place.write_bytes(b" " * SIZE_LIMIT)
    assert len(read(str(place))) == SIZE_LIMIT
    place.write_bytes(b" " * (SIZE_LIMIT + 1))
    with pytest.raises(DockerHostError, match="larger than 1 MiB"):
        read(str(place))


def test_the_time_of_the_last_change_is_told_in_parts_of_seconds(tmp_path: Path) -> None:
    place = tmp_path / "daemon.json"
    place.write_bytes(b"")
    os.utime(place, ns=(0, 1_700_000_000_250_000_000))
    assert modified(str(place)) == pytest.approx(1_700_000_000.25, abs=1e-3)


def test_a_removed_file_is_gone_and_of_a_link_the_target(tmp_path: Path) -> None:
    place, link = tmp_path / "file", tmp_path / "link"
    place.write_bytes(b"")
    link.symlink_to("file")
    remove(str(link))
    assert not place.exists()
    assert link.is_symlink()
    (tmp_path / "folder").mkdir()
    with pytest.raises(DockerHostError, match="folder cannot be removed"):
        remove(str(tmp_path / "folder"))


def test_a_copy_is_moved_back_on_a_full_disk_and_a_link_stays(tmp_path: Path) -> None:
    place, link, copy = (tmp_path / name for name in ("cmdline.txt", "link", "copy"))
    place.write_text("new")
    copy.write_text("old")
    link.symlink_to("cmdline.txt")
    with full_disk(0):
        move(str(copy), str(link))
    assert link.is_symlink()
    assert place.read_text() == "old"
    assert not copy.exists()
    with pytest.raises(
        DockerHostError, match="copy cannot be moved to .*cmdline.txt: No such file"
    ):
        move(str(copy), str(place))
    assert place.read_text() == "old"


def test_a_copy_has_a_name_as_ansible_gives_and_is_as_private_as_the_file(tmp_path: Path) -> None:
    place = tmp_path / "daemon.json"
    place.write_bytes(b"old")
    place.chmod(0o600)
    copy = Path(backup(str(place), 1_700_000_000))
    assert re.fullmatch(
        rf"daemon\.json\.{os.getpid()}\.\d{{4}}-\d\d-\d\d@\d\d:\d\d:\d\d~", copy.name
    )
    assert (copy.read_bytes(), mode(copy)) == (b"old", 0o600)


def test_a_copy_can_have_a_name_that_every_file_system_takes(tmp_path: Path) -> None:
    place = tmp_path / "cmdline.txt"
    place.write_bytes(b"old")
    copy = Path(backup(str(place), 1_700_000_000, "%Y-%m-%d@%H-%M-%S"))
    assert re.fullmatch(rf"cmdline\.txt\.{os.getpid()}\.2023-11-1\d@\d\d-\d\d-\d\d~", copy.name)
    assert copy.read_bytes() == b"old"


@pytest.mark.parametrize(
    ("fixed", "wanted", "fits"),
    [(0o755, 0o644, True), (0o755, 0o755, True), (0o700, 0o600, True), (0o755, 0o600, False)],
)
def test_a_file_system_without_permissions_is_borne_where_nothing_becomes_readable(
    tmp_path: Path, fixed: int, wanted: int, fits: bool
) -> None:
    def refuse(handle: int, mode: int) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    place = tmp_path / "cmdline.txt"
    place.write_bytes(b"")
    place.chmod(fixed)
    with place.open("rb") as stream:
        if fits:
            allow(stream.fileno(), wanted, refuse)
        else:
            with pytest.raises(PermissionError):
                allow(stream.fileno(), wanted, refuse)
    assert mode(place) == fixed


def test_the_names_in_a_folder_are_sorted_and_a_missing_one_has_none(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / name).write_bytes(b"")
    assert names(str(tmp_path)) == ["a", "b"]
    assert names(str(tmp_path / "none")) == names(str(tmp_path / "a")) == []


def test_a_file_system_that_is_mounted_for_reading_only_is_known(tmp_path: Path) -> None:
    asked = []

    def ask(folder: str) -> os.statvfs_result:
        asked.append(folder)
        return os.statvfs_result((4096, 4096, 1, 1, 1, 1, 1, 1, os.ST_RDONLY | os.ST_NOSUID, 255))

    place = tmp_path / "cmdline.txt"
    (tmp_path / "link.txt").symlink_to(place)
    assert read_only(str(tmp_path / "link.txt"), ask) is True
    assert asked == [str(tmp_path)]
    assert read_only(str(place)) is False
    assert read_only(str(tmp_path / "nowhere/at/all")) is False
