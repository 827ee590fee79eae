# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._observe._files import (
    COUNT_LIMIT,
    FOLDERS,
    SIZE_LIMIT,
    read_files,
    read_keyrings,
)
from ansible_collections.arm64.docker.plugins.module_utils._observe._sources import read_sources
from ansible_collections.arm64.docker.tests.unit.hosts import Machine
from ansible_collections.arm64.docker.tests.unit.keys import ED25519, RSA, key

SOURCES = "/etc/apt/sources.list.d"
KEYRINGS = "/etc/apt/keyrings"


@pytest.fixture
def bare(machine: Machine) -> Machine:
    """A host without any file in the folders that roles write to."""
    for folder in FOLDERS:
        machine.remove(folder)
    return machine


def facts(place: Path, **more: Any) -> dict[str, Any]:
    """Return what a file is expected to be reported with."""
    return {
        "sha256": hashlib.sha256(place.read_bytes()).hexdigest(),
        "mode": f"{place.stat().st_mode & 0o7777:04o}",
        "uid": place.stat().st_uid,
        "gid": place.stat().st_gid,
        **more,
    }


def test_a_host_without_the_folders_has_no_files(bare: Machine) -> None:
    assert read_files(bare.host()) == {}


@pytest.mark.parametrize(
    "path",
    [
        f"{SOURCES}/docker.sources",
        f"{KEYRINGS}/docker.asc",
        "/etc/apt/preferences.d/docker",
        "/etc/apt/apt.conf.d/52docker",
        "/etc/needrestart/conf.d/docker.conf",
        "/etc/docker/daemon.json",
        "/etc/docker/certs.d/registry.example.org:5000/ca.crt",
        "/etc/systemd/system/docker.service.d/proxy.conf",
        "/etc/systemd/system/docker.socket.d/group.conf",
        "/etc/systemd/system/containerd.service.d/limit.conf",
    ],
)
def test_every_file_that_a_role_may_write_is_reported(bare: Machine, path: str) -> None:
    place = bare.write(path, "what it says\n")
    assert read_files(bare.host()) == {path: facts(place)}


def test_mode_and_owner_are_the_files_own(bare: Machine) -> None:
    place = bare.write("/etc/docker/key.json", "{}")
    place.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(place, 12, 34)
    (found,) = read_files(bare.host()).values()
    assert found == facts(place)
    assert found["mode"] == "0600"


def test_a_link_is_reported_with_its_targets_content(bare: Machine) -> None:
    place = bare.write("/srv/daemon.json", "{}")
    bare.link("/etc/docker/daemon.json", "../../srv/daemon.json")
    assert read_files(bare.host()) == {
        "/etc/docker/daemon.json": facts(place, link="../../srv/daemon.json")
    }


@pytest.mark.parametrize("target", ["nothing", "daemon.json"])
def test_a_link_that_leads_nowhere_is_reported_without_content(bare: Machine, target: str) -> None:
    bare.link("/etc/docker/daemon.json", target)
    nothing = {"sha256": None, "mode": None, "uid": None, "gid": None, "link": target}
    assert read_files(bare.host()) == {"/etc/docker/daemon.json": nothing}


def test_links_to_folders_are_not_followed(bare: Machine) -> None:
    bare.write("/srv/x/secret", "")
    bare.link("/etc/docker/certs.d", "../../srv/x")
    bare.link("/srv/x/round", ".")
    assert read_files(bare.host()) == {}


def test_a_folder_of_ours_may_itself_be_a_link(bare: Machine) -> None:
    place = bare.write("/srv/docker/daemon.json", "{}")
    bare.link("/etc/docker", "../srv/docker")
    assert read_files(bare.host()) == {"/etc/docker/daemon.json": facts(place)}


def test_what_is_no_regular_file_is_neither_reported_nor_opened(bare: Machine) -> None:
    bare.folder("/etc/docker/empty")
    os.mkfifo(bare.path("/etc/docker/pipe"))
    bare.link("/etc/docker/link", "pipe")
    assert read_files(bare.host()) == {}


def test_a_large_file_is_reported_without_a_digest(bare: Machine) -> None:
    bare.write("/etc/docker/small", b"x" * SIZE_LIMIT)
    bare.write("/etc/docker/large", b"x" * (SIZE_LIMIT + 1))
    found = read_files(bare.host())
    assert found["/etc/docker/small"]["sha256"] == hashlib.sha256(b"x" * SIZE_LIMIT).hexdigest()
    assert found["/etc/docker/large"]["sha256"] is None
    assert found["/etc/docker/large"]["mode"] == found["/etc/docker/small"]["mode"]


def test_a_crowd_in_etc_docker_is_bounded_and_hides_nothing_else(bare: Machine) -> None:
    for number in range(COUNT_LIMIT + 5):
        bare.write(f"/etc/docker/certs.d/{number:04}/ca.crt", "")
    bare.write("/etc/systemd/system/docker.service.d/x.conf", "")
    bare.write("/etc/docker/daemon.json", "{}")
    found = read_files(bare.host())
    assert len(found) == COUNT_LIMIT
    assert {"/etc/systemd/system/docker.service.d/x.conf", "/etc/docker/daemon.json"} <= set(found)


def keyrings(machine: Machine) -> dict[str, list[str]]:
    host = machine.host()
    return read_keyrings(host, read_sources(host))


def test_every_keyring_of_the_administrators_folder_is_read(bare: Machine) -> None:
    bare.write(f"{KEYRINGS}/docker.asc", key("rsa-with-subkey.asc"))
    bare.write(f"{KEYRINGS}/other.gpg", key("ed25519.gpg"))
    both = key("rsa-with-subkey.asc") + key("ed25519.asc")
    bare.write(f"{KEYRINGS}/both.asc", both)
    assert keyrings(bare) == {
        f"{KEYRINGS}/both.asc": [RSA, ED25519],
        f"{KEYRINGS}/docker.asc": [RSA],
        f"{KEYRINGS}/other.gpg": [ED25519],
    }


def test_what_is_no_keyring_has_no_fingerprints(bare: Machine) -> None:
    bare.write(f"{KEYRINGS}/html.asc", "<html>")
    bare.write(f"{KEYRINGS}/large.asc", b"\n" * SIZE_LIMIT + key("ed25519.asc"))
    bare.link(f"{KEYRINGS}/nowhere.asc", "nothing")
    bare.folder(f"{KEYRINGS}/folder.asc")
    os.mkfifo(bare.path(f"{KEYRINGS}/pipe.asc"))
    assert set(map(tuple, keyrings(bare).values())) == {()}
    assert len(keyrings(bare)) == 5


def test_a_crowd_of_keyrings_is_bounded(bare: Machine) -> None:
    for number in range(COUNT_LIMIT + 5):
        bare.write(f"{KEYRINGS}/{number:04}.asc", "")
    assert len(keyrings(bare)) == COUNT_LIMIT


def entry(uri: str, signed_by: str) -> str:
    return f"Types: deb\nURIs: {uri}\nSuites: trixie\nComponents: stable\nSigned-By: {signed_by}\n"


CE = "https://download.example.org/docker/linux/debian"


@pytest.mark.parametrize(
    ("name", "uri", "signed_by", "paths"),
    [
        ("x.sources", CE, "/usr/share/keyrings/a.gpg", ["/usr/share/keyrings/a.gpg"]),
        ("x.sources", CE, "/etc/apt/trusted.gpg.d/a.gpg", ["/etc/apt/trusted.gpg.d/a.gpg"]),
        ("x.sources", CE, "/usr/share/keyrings/a.gpg,/etc/apt/b.asc",
         ["/etc/apt/b.asc", "/usr/share/keyrings/a.gpg"]),
        ("Docker.sources", "https://mirror.example.org/ce", "/etc/apt/a.asc", ["/etc/apt/a.asc"]),
        ("x.sources", "https://mirror.example.org/debian", "/usr/share/keyrings/a.gpg", []),
        ("x.sources", CE, RSA, []),
        ("x.sources", CE, "/root/a.gpg", []),
        ("x.sources", CE, "/etc/apt/../shadow", []),
        ("x.sources", CE, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDME", []),
    ],
)  # fmt: skip
def test_a_keyring_elsewhere_is_read_where_a_source_of_docker_names_it(
    bare: Machine, name: str, uri: str, signed_by: str, paths: list[str]
) -> None:
    for path in ("/usr/share/keyrings/a.gpg", "/etc/apt/trusted.gpg.d/a.gpg", "/etc/apt/a.asc",
                 "/etc/apt/b.asc", "/root/a.gpg", "/etc/shadow"):  # fmt: skip
        bare.write(path, key("ed25519.gpg"))
    bare.write(f"{SOURCES}/{name}", entry(uri, signed_by))
    assert keyrings(bare) == {path: [ED25519] for path in paths}


def test_a_keyring_that_a_source_names_and_that_is_missing_has_no_fingerprints(
    bare: Machine,
) -> None:
    bare.write(
        f"{SOURCES}/docker.list", f"deb [signed-by={KEYRINGS}/docker.asc] {CE} trixie stable\n"
    )
    assert keyrings(bare) == {f"{KEYRINGS}/docker.asc": []}
