# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._observe._dpkg import (
    Dpkg,
    Package,
    read_dpkg,
)
from ansible_collections.arm64.docker.tests.unit.hosts import fixture, status_record

# Three records of a Debian 13 arm64 system, as dpkg wrote them but for names and descriptions.
RECORDED = fixture("dpkg/status-debian13-arm64").encode()


def status(**packages: dict[str, str] | str) -> bytes:
    return "".join(
        status_record(name.replace("_", "-"), package, "arm64")
        for name, package in packages.items()
    ).encode()


def test_a_recorded_file_is_read_as_dpkg_wrote_it() -> None:
    dpkg = read_dpkg(RECORDED)
    assert dpkg.packages == {
        "ca-certificates": Package("20250419+deb13u1", "all", False, "installed"),
        "dpkg": Package("1.22.22", "arm64", False, "installed"),
        "libc6": Package("2.41-12+deb13u4", "arm64", False, "installed"),
    }
    assert dpkg.unfinished == ()
    assert not dpkg.damaged


def test_what_was_removed_and_not_purged_is_told_apart() -> None:
    dpkg = read_dpkg(
        b"Package: docker.io\nStatus: deinstall ok config-files\n\n"
        b"Package: runc\nStatus: purge ok not-installed\n\n"
    )
    assert (dpkg.packages, dpkg.removed, dpkg.damaged) == ({}, {"docker.io"}, False)


@pytest.mark.parametrize(
    ("words", "installed", "hold", "unfinished"),
    [
        ("install ok installed", True, False, False),
        ("hold ok installed", True, True, False),
        ("deinstall ok config-files", False, None, False),
        ("purge ok not-installed", False, None, False),
        ("hold ok not-installed", False, None, False),
        ("install ok triggers-pending", True, False, False),
        ("install ok triggers-awaited", True, False, False),
        ("install ok half-configured", True, False, True),
        ("install ok half-installed", True, False, True),
        ("install ok unpacked", True, False, True),
        ("hold ok half-configured", True, True, True),
        ("install reinstreq installed", True, False, True),
        ("install reinstreq half-installed", True, False, True),
    ],
)
def test_states_are_those_of_dpkg(
    words: str, installed: bool, hold: bool | None, unfinished: bool
) -> None:
    dpkg = read_dpkg(status(runc={"version": "1.1.15", "status": words}))
    assert ("runc" in dpkg.packages) is installed
    assert dpkg.unfinished == (("runc",) if unfinished else ())
    assert not dpkg.damaged
    if installed:
        assert dpkg.packages["runc"].hold is hold
        assert dpkg.packages["runc"].state == words.split()[2]


def test_unfinished_packages_are_sorted_by_name() -> None:
    half = {"version": "1", "status": "install ok half-configured"}
    assert read_dpkg(status(zsh=half, bash=half)).unfinished == ("bash", "zsh")


def test_words_in_a_description_are_no_fields() -> None:
    assert read_dpkg(status(runc="1.1.15")).packages["runc"].version == "1.1.15"


def test_of_two_architectures_the_first_counts() -> None:
    dpkg = read_dpkg(
        status(libc6={"version": "2.41", "architecture": "arm64"})
        + status(libc6={"version": "2.36", "architecture": "armhf"})
    )
    assert dpkg.packages["libc6"] == Package("2.41", "arm64", False, "installed")
    assert not dpkg.damaged


def test_the_order_of_fields_does_not_matter() -> None:
    record = (
        b"Package: runc\nEssential: no\nStatus: hold ok installed\nVersion: 1.1.15\n"
        b"Architecture: arm64\n\n"
    )
    assert read_dpkg(record).packages["runc"] == Package("1.1.15", "arm64", True, "installed")


def test_an_empty_file_has_no_packages_and_is_damaged() -> None:
    assert read_dpkg(b"") == Dpkg(damaged=True)


@pytest.mark.parametrize(
    "text",
    [
        b"Package: runc\n\n",
        b"Package: runc\nStatus: install ok\n\n",
        b"Status: install ok installed\n\n",
        b"Package: runc\nStatus: install ok installed\nArchitecture: arm64\n\n",
        b"Package: runc\nStatus: install ok installed\nVersion: 1\n\n",
        b"garbage\n\n",
        b"\0\0\0\0",
        status(runc="1.1.15") + b"\0" * 4096,
        status(runc="1.1.15") + b"Package: containerd\n",
    ],
)
def test_a_record_without_what_dpkg_always_writes_is_damage(text: bytes) -> None:
    assert read_dpkg(text).damaged


@pytest.mark.parametrize(
    "whole",
    [RECORDED, status(dpkg="1.22.21", runc={"version": "1.1.15", "status": "hold ok installed"})],
    ids=["recorded", "made"],
)
def test_a_file_cut_off_anywhere_is_damaged_and_keeps_the_records_before(whole: bytes) -> None:
    complete = read_dpkg(whole).packages
    for length in range(1, len(whole)):
        cut = whole[:length]
        dpkg = read_dpkg(cut)
        assert dpkg.damaged is not cut.endswith(b"\n\n"), cut[-40:]
        for name in list(complete)[: cut.count(b"\n\n")]:
            assert dpkg.packages[name] == complete[name]


@given(st.binary(max_size=200), st.integers(min_value=0, max_value=len(RECORDED)))
def test_no_damage_is_an_exception(rubbish: bytes, place: int) -> None:
    read_dpkg(rubbish)
    read_dpkg(RECORDED[:place] + rubbish)
    read_dpkg(RECORDED[:place] + rubbish + RECORDED[place:])


_NAMES = st.text("abcxyz019+.-", min_size=2, max_size=15)
_VERSIONS = st.text("0123456789:.+~-abc", min_size=1, max_size=15)
_STATES = st.tuples(
    st.sampled_from(["install", "hold"]),
    st.sampled_from(["ok", "reinstreq"]),
    st.sampled_from(["installed", "half-configured", "triggers-pending"]),
)


@given(st.dictionaries(_NAMES, st.tuples(_VERSIONS, _STATES), min_size=1, max_size=8))
def test_what_dpkg_writes_is_what_is_read(packages: dict) -> None:
    text = "".join(
        status_record(name, {"version": version, "status": " ".join(words)}, "arm64")
        for name, (version, words) in packages.items()
    )
    dpkg = read_dpkg(text.encode())
    assert dpkg.packages == {
        name: Package(version, "arm64", words[0] == "hold", words[2])
        for name, (version, words) in packages.items()
    }
    assert not dpkg.damaged
