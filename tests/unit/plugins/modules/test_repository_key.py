# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._openpgp import read_keyring
from ansible_collections.arm64.docker.tests.unit.keys import (
    ED25519,
    RSA,
    RSA_SUBKEY,
    install,
    key,
    refused,
)
from ansible_collections.arm64.docker.tests.unit.running import run_module
from ansible_collections.arm64.docker.tests.unit.web import Site

ARMOURED = key("rsa-with-subkey.asc")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the key shall lie; its folder does not exist."""
    return tmp_path / "keyrings/docker.asc"


@pytest.fixture
def site() -> Iterator[Site]:
    with Site(gpg=ARMOURED, other=key("ed25519.asc")) as opened:
        yield opened


def held(place: Path) -> tuple:
    return read_keyring(place.read_bytes(), str(place)).primary


def test_the_key_is_fetched_checked_and_written(place: Path, site: Site) -> None:
    answer = install(place, url=f"{site.url}/gpg")
    assert answer["changed"] is True
    assert (answer["path"], answer["fingerprints"]) == (str(place), [RSA])
    assert answer["actions"] == [
        f"made the folder {place.parent}",
        f"wrote the key {RSA} to {place}",
    ]
    assert answer["diff"]["before"] == ""
    assert answer["diff"]["after"] == f"{RSA}\n"
    assert read_keyring(place.read_bytes(), "x") == read_keyring(ARMOURED, "y")
    assert site.asked == ["/gpg"]


def test_apt_can_read_the_file_whatever_the_umask(place: Path, site: Site) -> None:
    before = os.umask(0o077)
    try:
        install(place, url=f"{site.url}/gpg")
    finally:
        os.umask(before)
    assert place.stat().st_mode & 0o777 == 0o644
    assert place.parent.stat().st_mode & 0o777 == 0o755


def test_a_second_run_changes_nothing_and_fetches_nothing(place: Path, site: Site) -> None:
    install(place, url=f"{site.url}/gpg")
    before = (place.stat().st_ino, place.stat().st_mtime_ns)
    site.asked.clear()
    for check_mode in (True, False):
        answer = install(place, check_mode, url=f"{site.url}/gpg")
        assert (answer["changed"], answer["actions"]) == (False, [])
        assert answer["diff"]["before"] == answer["diff"]["after"] == f"{RSA}\n"
    assert (place.stat().st_ino, place.stat().st_mtime_ns) == before
    assert site.asked == []


def test_the_content_may_be_given_instead_of_an_address(place: Path) -> None:
    arguments = {"content": ARMOURED.decode(), "fingerprint": f"{RSA[:20].lower()}  {RSA[20:]}"}
    assert install(place, **arguments)["fingerprints"] == [RSA]
    assert held(place) == (RSA,)
    assert install(place, **arguments)["changed"] is False


def test_a_name_that_ends_in_gpg_gets_the_binary_form(tmp_path: Path, site: Site) -> None:
    """apt-key(8): apt takes .asc for armour and .gpg for binary, whatever is in them."""
    binary, armoured = tmp_path / "x.gpg", tmp_path / "x.asc"
    site.pages["/binary"] = key("ed25519.gpg")
    install(binary, url=f"{site.url}/other", fingerprint=ED25519)
    install(armoured, url=f"{site.url}/binary", fingerprint=ED25519)
    assert binary.read_bytes() == key("ed25519.gpg")
    assert armoured.read_bytes().startswith(b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n")


@pytest.mark.parametrize(
    ("content", "before"),
    [
        (key("ed25519.asc"), f"{ED25519}\n"),
        (key("ed25519.asc") + ARMOURED, f"{ED25519}\n{RSA}\n"),
        (b"<html>", "no OpenPGP key\n"),
        (b"", "no OpenPGP key\n"),
        (ARMOURED + b"\n" * (1024 * 1024), "no OpenPGP key\n"),
    ],
)
def test_a_file_with_anything_else_in_it_is_replaced(
    tmp_path: Path, site: Site, content: bytes, before: str
) -> None:
    place = tmp_path / "docker.asc"
    place.write_bytes(content)
    answer = install(place, url=f"{site.url}/gpg")
    assert answer["actions"] == [f"wrote the key {RSA} to {place}"]
    assert (answer["diff"]["before"], answer["diff"]["after"]) == (before, f"{RSA}\n")
    assert held(place) == (RSA,)
    assert os.listdir(tmp_path) == ["docker.asc"]


def test_a_mode_that_has_changed_is_mended_without_fetching(place: Path, site: Site) -> None:
    install(place, url=f"{site.url}/gpg")
    site.asked.clear()
    place.chmod(0o600)
    assert install(place, True, url=f"{site.url}/gpg")["changed"] is True
    answer = install(place, url=f"{site.url}/gpg")
    assert answer["actions"] == [f"set owner or mode of {place}"]
    assert place.stat().st_mode & 0o777 == 0o644
    assert install(place, url=f"{site.url}/gpg", mode="0640")["changed"] is True
    assert place.stat().st_mode & 0o777 == 0o640
    assert site.asked == []


@pytest.mark.parametrize("existing", [None, key("ed25519.asc")])
def test_check_mode_predicts_fetches_nothing_and_writes_nothing(
    place: Path, site: Site, existing: bytes | None
) -> None:
    if existing is not None:
        place.parent.mkdir()
        place.write_bytes(existing)
    said = install(place, True, url=f"{site.url}/gpg")
    assert site.asked == []
    assert (place.read_bytes() if place.exists() else None) == existing
    done = install(place, url=f"{site.url}/gpg")
    for name in ("changed", "actions", "fingerprints", "diff"):
        assert said[name] == done[name]


def test_check_mode_checks_what_costs_nothing(place: Path) -> None:
    answer = install(place, True, content=key("ed25519.asc").decode())
    assert ED25519 in refused(answer, place)


def test_a_file_that_is_there_survives_a_wrong_answer(tmp_path: Path, site: Site) -> None:
    place = tmp_path / "docker.asc"
    place.write_bytes(b"old")
    assert install(place, url=f"{site.url}/other")["failed"] is True
    assert place.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["docker.asc"]


def test_the_fingerprint_of_a_subkey_is_refused_with_what_to_do(place: Path, site: Site) -> None:
    message = refused(install(place, url=f"{site.url}/gpg", fingerprint=RSA_SUBKEY), place)
    assert "give the one of the primary key" in message


@pytest.mark.parametrize("content", [ARMOURED, b"<html>"])
def test_a_file_can_be_removed(tmp_path: Path, content: bytes) -> None:
    place = tmp_path / "docker.asc"
    place.write_bytes(content)
    said = run_module(
        "repository_key", {"path": str(place), "state": "absent"}, check_mode=True, diff_mode=True
    )
    assert place.exists()
    done = run_module("repository_key", {"path": str(place), "state": "absent"}, diff_mode=True)
    assert not place.exists()
    for answer in (said, done):
        assert answer["changed"] is True
        assert answer["actions"] == [f"removed {place}"]
        assert answer["fingerprints"] == []
        assert answer["diff"]["before"] != ""
        assert answer["diff"]["after"] == ""
    again = run_module("repository_key", {"path": str(place), "state": "absent"})
    assert (again["changed"], again["actions"]) == (False, [])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"fingerprint": "8D81803C0EBFCD88"}, "'8D81803C0EBFCD88' is no fingerprint"),
        ({"fingerprint": None}, "fingerprint"),
        ({"content": None}, "url and content are both null"),
        ({"url": "https://keys.example.org/gpg"}, "mutually exclusive"),
        ({"content": "/root/docker.asc"}, "text that begins with '/root/docker.asc'"),
        ({"timeout": 0}, "timeout is 0"),
        ({"path": "/tmp"}, "/tmp is no file"),
        ({"path": "/dev/null/docker.asc"}, "/dev/null/docker.asc cannot be written"),
    ],
)
def test_options_that_make_no_sense_are_an_error_that_names_them(
    place: Path, arguments: dict[str, Any], words: str
) -> None:
    answer = install(**{"path": place, "content": ARMOURED.decode(), **arguments})
    assert words in refused(answer, place)


def test_neither_address_nor_content_is_an_error(place: Path) -> None:
    assert "url, content" in refused(install(place), place)


def test_a_link_to_a_file_is_replaced_and_its_target_kept(tmp_path: Path, site: Site) -> None:
    target, place = tmp_path / "target", tmp_path / "docker.asc"
    target.write_bytes(b"precious")
    place.symlink_to(target)
    assert install(place, url=f"{site.url}/gpg")["changed"] is True
    assert target.read_bytes() == b"precious"
    assert held(place) == (RSA,)
