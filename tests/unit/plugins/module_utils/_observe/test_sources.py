# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._observe._sources import read_sources
from ansible_collections.arm64.docker.tests.unit.hosts import Machine

FOLDER = "/etc/apt/sources.list.d"


@pytest.fixture
def bare(machine: Machine) -> Machine:
    """A host without any source."""
    machine.remove(f"{FOLDER}/debian.sources")
    return machine


def entry(**fields: Any) -> dict[str, Any]:
    return {
        "path": "/etc/apt/sources.list",
        "format": "list",
        "types": ["deb"],
        "uris": ["http://deb.example.org/debian"],
        "suites": ["trixie"],
        "components": ["main"],
        "signed_by": None,
        "enabled": True,
        **fields,
    }


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("deb http://deb.example.org/debian trixie main", {}),
        ("  deb\thttp://deb.example.org/debian   trixie\tmain  ", {}),
        ("deb http://deb.example.org/debian trixie main # the mirror", {}),
        (
            "deb http://deb.example.org/debian trixie main contrib non-free-firmware",
            {"components": ["main", "contrib", "non-free-firmware"]},
        ),
        ("deb-src http://deb.example.org/debian trixie main", {"types": ["deb-src"]}),
        (
            "deb [arch=arm64 signed-by=/etc/apt/keyrings/docker.asc] "
            "https://download.docker.com/linux/debian trixie stable",
            {
                "uris": ["https://download.docker.com/linux/debian"],
                "components": ["stable"],
                "signed_by": "/etc/apt/keyrings/docker.asc",
            },
        ),
        ("deb [ arch=arm64 ] http://deb.example.org/debian trixie main", {}),
        (
            "deb [signed-by=/a.gpg,/b.gpg] http://deb.example.org/debian trixie main",
            {"signed_by": "/a.gpg,/b.gpg"},
        ),
        (
            "deb [trusted=yes] file:///srv/mirror ./",
            {"uris": ["file:///srv/mirror"], "suites": ["./"], "components": []},
        ),
    ],
)
def test_a_line_says_what_apt_reads_in_it(bare: Machine, line: str, fields: dict[str, Any]) -> None:
    bare.write("/etc/apt/sources.list", f"# a comment\n\n{line}\n")
    assert read_sources(bare.host()) == [entry(**fields)]


@pytest.mark.parametrize(
    "line", ["# deb http://x y main", "#deb http://x y main", "", "deb", "deb http://x", "rpm x y"]
)
def test_comments_and_rubbish_are_no_sources(bare: Machine, line: str) -> None:
    bare.write("/etc/apt/sources.list", f"{line}\n")
    assert read_sources(bare.host()) == []


DEB822 = """\
# The distribution
Types: deb deb-src
URIs: http://deb.example.org/debian
  http://mirror.example.org/debian
Suites: trixie trixie-updates
Components: main
# a comment in between
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Enabled: no
types: deb
uris: https://download.docker.com/linux/debian
suites: trixie
components: stable
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBFit2ioBEADhWpZ8/wvZ6hUTiXOwQHXMAlaFHcPH9hAtr4F1y2+OYdbtMuth
 -----END PGP PUBLIC KEY BLOCK-----
"""


def test_stanzas_say_what_apt_reads_in_them(bare: Machine) -> None:
    bare.write(f"{FOLDER}/debian.sources", DEB822)
    one, other = read_sources(bare.host())
    assert one == {
        "path": f"{FOLDER}/debian.sources",
        "format": "deb822",
        "types": ["deb", "deb-src"],
        "uris": ["http://deb.example.org/debian", "http://mirror.example.org/debian"],
        "suites": ["trixie", "trixie-updates"],
        "components": ["main"],
        "signed_by": "/usr/share/keyrings/debian-archive-keyring.gpg",
        "enabled": True,
    }
    assert other["uris"] == ["https://download.docker.com/linux/debian"]
    assert other["enabled"] is False
    assert other["signed_by"].startswith("-----BEGIN PGP PUBLIC KEY BLOCK-----")


@pytest.mark.parametrize(
    ("word", "enabled"),
    [("yes", True), ("true", True), ("1", True), ("no", False), ("No", False), ("false", False)],
)
def test_a_stanza_can_be_disabled(bare: Machine, word: str, enabled: bool) -> None:
    text = f"Types: deb\nURIs: http://x\nSuites: y\nComponents: main\nEnabled: {word}\n"
    bare.write(f"{FOLDER}/x.sources", text)
    assert [source["enabled"] for source in read_sources(bare.host())] == [enabled]


def test_only_files_that_apt_reads_count_in_its_order(bare: Machine) -> None:
    line = "deb http://{} trixie main\n"
    bare.write("/etc/apt/sources.list", line.format("zero"))
    for name in ("b.list", "a.list", "c.list.save", "d.list.dpkg-old", "e.disabled", "README"):
        bare.write(f"{FOLDER}/{name}", line.format(name))
    found = [source["uris"] for source in read_sources(bare.host())]
    assert found == [["http://zero"], ["http://a.list"], ["http://b.list"]]


def test_a_host_without_sources_has_none(bare: Machine) -> None:
    bare.remove("/etc/apt")
    assert read_sources(bare.host()) == []


@pytest.mark.parametrize("ending", ["list", "sources"])
def test_user_and_password_in_an_address_are_masked(bare: Machine, ending: str) -> None:
    uri = "https://field:hunter2@mirror.example.org/debian"
    text = (
        f"deb {uri} trixie main\n"
        if ending == "list"
        else f"Types: deb\nURIs: {uri}\nSuites: trixie\nComponents: main\n"
    )
    bare.write(f"{FOLDER}/mirror.{ending}", text)
    (source,) = read_sources(bare.host())
    assert re.fullmatch(
        r"https://sha256:[0-9a-f]{6}@mirror\.example\.org/debian", source["uris"][0]
    )


_PIECES = st.sampled_from(
    ["deb", "deb-src", " ", "\t", "\n", "[", "]", "#", ":", "=", "signed-by=", "URIs:", "Types: ",
     "Enabled: ", "Suites:", "http://a:b@c", "./", "main", "\n\n", " .\n", "\r", "\x00", "\u2028"]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=25).map("".join) | st.text())
def test_any_text_is_read_without_an_exception(bare: Machine, text: str) -> None:
    for name in ("x.list", "x.sources"):
        bare.write(f"{FOLDER}/{name}", text)
    for source in read_sources(bare.host()):
        assert set(source) == set(entry())
        assert not any("a:b@" in uri for uri in source["uris"])
