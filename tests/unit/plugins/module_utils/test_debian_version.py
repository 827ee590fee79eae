# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._debian_version import (
    Version,
    matches,
    newest_first,
    resolve,
    upstream,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

# What `dpkg --compare-versions` of dpkg 1.21.22 says.
PAIRS = [
    ("5:28.5.1-1~debian.13~trixie", ">", "5:28.5.0-1~debian.13~trixie"),
    ("5:28.5.1-1~debian.13~trixie", ">", "29.1.3-0ubuntu3~24.04.1"),
    ("5:28.5.1-1~debian.13~trixie", ">", "5:28.5.1-1~debian.12~bookworm"),
    ("5:28.10.0-1~debian.13~trixie", ">", "5:28.9.0-1~debian.13~trixie"),
    ("5:29.0.0~rc.1-1~debian.13~trixie", "<", "5:29.0.0-1~debian.13~trixie"),
    ("5:29.0.0~rc.2-1~debian.13~trixie", ">", "5:29.0.0~rc.1-1~debian.13~trixie"),
    ("26.1.5+dfsg1-9+b9", ">", "26.1.5+dfsg1-9"),
    ("26.1.5+dfsg1-9+b9", "<", "26.1.5+dfsg1-10"),
    ("26.1.5+dfsg1-9+b10", ">", "26.1.5+dfsg1-9+b9"),
    ("20.10.24+dfsg1-1+deb12u1", ">", "20.10.24+dfsg1-1"),
    ("1.7.24~ds1-6+b4", "<", "1.7.24-1"),
    ("0:1.0-1", "=", "1.0-1"),
    ("1.0", "=", "1.0-0"),
    ("1.0-0", "=", "1.0-00"),
    ("1.0", "=", "1.00"),
    ("1.0", "=", "1."),
    ("1", "<", "1a"),
    ("1", ">", "1~"),
    ("1~", ">", "1~~"),
    ("1~~a", "<", "1~"),
    ("1a", "<", "1+"),
    ("1+", ">", "1-1"),
    ("1a", "<", "1b"),
    ("1A", "<", "1a"),
    ("1z", "<", "1+"),
    ("1.", ">", "1-0"),
    ("1.0a", "=", "1.0a0"),
    ("1.0+git", "<", "1.0.1"),
    ("1.0-1~bpo12+1", "<", "1.0-1"),
    ("1.0-1", "<", "1.0-1+deb12u1"),
    ("1.0-1+deb12u1", "<", "1.0-1.1"),
    ("1:0", ">", "0:9999"),
    ("9", "<", "10"),
    ("09", "=", "9"),
    ("1.2.3", ">", "1.2"),
    ("1.2-3-4", "<", "1.2-3-5"),
    ("1.2-3-4", "<", "1.2-4-1"),
    ("1:1:2-3", "<", "1:1:10-3"),
    ("18.09.9~3-0", "<", "18.09.9-1"),
]


def compare(one: str, other: str) -> int:
    first, second = Version.parse(one).order, Version.parse(other).order
    return (first > second) - (first < second)


@pytest.mark.parametrize(("one", "sign", "other"), PAIRS)
def test_versions_compare_as_dpkg_says(one: str, sign: str, other: str) -> None:
    expected = {"<": -1, "=": 0, ">": 1}[sign]
    assert compare(one, other) == expected
    assert compare(other, one) == -expected


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("5:28.5.1-1~debian.13~trixie", (5, "28.5.1", "1~debian.13~trixie")),
        ("26.1.5+dfsg1-9+b9", (0, "26.1.5+dfsg1", "9+b9")),
        ("1:2:3-4-5", (1, "2:3-4", "5")),
        (" 20250419 ", (0, "20250419", "")),
    ],
)
def test_a_version_has_epoch_upstream_and_revision(text: str, parts: tuple) -> None:
    version = Version.parse(text)
    assert (version.epoch, version.upstream, version.revision) == parts


@pytest.mark.parametrize(
    "text",
    ["", " ", "1-", ":1", "1:", "a:1", "2147483648:1", "-1:1", "1:-1", "-1", "1 2", "1_0",
     "1.0-1_2", "1.0-1:2", "a1", "~1", "1é", "1²", "latest", "(none)", "9" * 5000 + ":1"],
)  # fmt: skip
def test_what_dpkg_refuses_or_warns_about_is_an_error_that_names_it(text: str) -> None:
    with pytest.raises(DockerHostError) as error:
        Version.parse(text)
    assert f"'{text}'" in error.value.message


VERSIONS = st.builds(
    lambda epoch, upstream, revision: f"{epoch}{upstream}{revision}",
    st.sampled_from(["", "0:", "1:"]),
    st.from_regex(r"[0-9][0-9a~.+Z]{0,5}", fullmatch=True),
    st.sampled_from(["", "-0", "-1", "-1~", "-1+b2", "-10"]),
)


@given(VERSIONS, VERSIONS, VERSIONS)
def test_the_order_is_one(one: str, two: str, three: str) -> None:
    assert compare(one, one) == 0
    assert compare(one, two) == -compare(two, one)
    ordered = sorted((one, two, three), key=functools.cmp_to_key(compare))
    assert compare(ordered[0], ordered[2]) <= 0


@given(VERSIONS)
def test_a_tilde_comes_before_and_all_else_after_the_end(version: str) -> None:
    assert compare(f"{version}~", version) == -1
    assert compare(f"{version}a", version) == 1
    assert compare(f"{version}+", version) == 1


def read(text: str) -> Version | DockerHostError:
    try:
        return Version.parse(text)
    except DockerHostError as error:
        return error


@given(st.text() | VERSIONS)
def test_any_text_is_a_version_or_the_documented_error(text: str) -> None:
    found = read(text)
    if isinstance(found, DockerHostError):
        assert text in found.message
    else:
        assert Version.parse(f"{text.strip()}+1").order > found.order


def test_numbers_of_any_length_are_compared() -> None:
    assert compare("1" * 5000, "1" * 4999) == 1


UPSTREAM = [
    ("5:28.5.1-1~debian.13~trixie", "28.5.1"),
    ("26.1.5+dfsg1-9+b9", "26.1.5"),
    ("20.10.24+dfsg1-1+deb12u1", "20.10.24"),
    ("5:18.09.9~3-0~debian-buster", "18.09.9"),
    ("18.06.3~ce~3-0~debian", "18.06.3"),
    ("29.1.3-0ubuntu3~24.04.1", "29.1.3"),
    ("1.7.24~ds1-6+b4", "1.7.24"),
    ("5:29.0.0~rc.1-1~debian.13~trixie", "29.0.0-rc.1"),
    ("28.5.1", "28.5.1"),
]


@pytest.mark.parametrize(("version", "own"), UPSTREAM)
def test_the_engines_own_version_is_what_docker_version_shows(version: str, own: str) -> None:
    assert upstream(version) == own


@pytest.mark.parametrize(
    ("wish", "version", "match"),
    [
        ("28", "5:28.5.1-1~debian.13~trixie", True),
        ("28.5", "5:28.5.1-1~debian.13~trixie", True),
        ("28.5.1", "5:28.5.1-1~debian.13~trixie", True),
        (" 28.5 ", "5:28.5.1-1~debian.13~trixie", True),
        ("", "5:28.5.1-1~debian.13~trixie", True),
        ("5:28.5.1-1~debian.13~trixie", "5:28.5.1-1~debian.13~trixie", True),
        ("28.5", "5:28.50.0-1~debian.13~trixie", False),
        ("2", "5:28.5.1-1~debian.13~trixie", False),
        ("28.5.1", "5:28.5.10-1~debian.13~trixie", False),
        ("28.5.1", "5:28.5-1~debian.13~trixie", False),
        ("5", "5:28.5.1-1~debian.13~trixie", False),
        ("5:28.5.1-1~debian.12~bookworm", "5:28.5.1-1~debian.13~trixie", False),
        ("28.5.1-1~debian.13~trixie", "5:28.5.1-1~debian.13~trixie", False),
        ("29", "5:29.0.0~rc.1-1~debian.13~trixie", True),
        ("29.0.0", "5:29.0.0~rc.1-1~debian.13~trixie", False),
        ("26.1.5", "26.1.5+dfsg1-9+b9", True),
        ("18.09", "5:18.09.9~3-0~debian-buster", True),
    ],
)
def test_a_wish_is_a_beginning_in_whole_numbers_or_the_full_version(
    wish: str, version: str, match: bool
) -> None:
    assert matches(wish, version) is match


@pytest.mark.parametrize("wish", ["latest", "28.x", "v28", "28.", ".5", "28..5", "28-", "٢٨", "1:"])
def test_a_wish_that_is_no_version_is_an_error_that_names_it(wish: str) -> None:
    with pytest.raises(DockerHostError) as error:
        matches(wish, "5:28.5.1-1~debian.13~trixie")
    assert f"'{wish}'" in error.value.message


@given(VERSIONS)
def test_every_version_matches_itself_and_every_beginning_of_its_own(version: str) -> None:
    numbers = upstream(version).partition("-")[0].split(".")
    wishes = {".".join(numbers[:count]) for count in range(1, len(numbers))}
    assert all(matches(wish, version) for wish in wishes)
    if "-" in version or ":" in version:
        assert matches(version, version)


AVAILABLE = [
    "5:28.5.0-1~debian.13~trixie",
    "5:28.10.1-1~debian.13~trixie",
    "5:28.5.1-1~debian.13~trixie",
    "5:27.5.1-1~debian.13~trixie",
    "5:28.9.0-1~debian.13~trixie",
]


@pytest.mark.parametrize(
    ("wish", "version"),
    [
        ("", "5:28.10.1-1~debian.13~trixie"),
        ("28", "5:28.10.1-1~debian.13~trixie"),
        ("28.5", "5:28.5.1-1~debian.13~trixie"),
        ("28.5.0", "5:28.5.0-1~debian.13~trixie"),
        ("27", "5:27.5.1-1~debian.13~trixie"),
        ("5:28.9.0-1~debian.13~trixie", "5:28.9.0-1~debian.13~trixie"),
    ],
)
def test_a_wish_becomes_the_newest_version_that_matches(wish: str, version: str) -> None:
    assert resolve(wish, AVAILABLE) == version


def test_a_wish_that_nothing_matches_lists_what_exists_the_newest_first() -> None:
    with pytest.raises(DockerHostError) as error:
        resolve("29", AVAILABLE)
    assert "'29'" in error.value.message
    assert ", ".join(newest_first(AVAILABLE)) in error.value.remedy
    assert newest_first(AVAILABLE)[0] == "5:28.10.1-1~debian.13~trixie"


def test_of_many_versions_twelve_are_listed() -> None:
    with pytest.raises(DockerHostError) as error:
        resolve("29", [f"28.0.{patch}" for patch in range(15)])
    assert "28.0.14, " in error.value.remedy
    assert "28.0.3 and 3 older ones" in error.value.remedy
    assert "28.0.2" not in error.value.remedy


def test_where_there_is_no_version_at_all_the_remedy_says_so() -> None:
    with pytest.raises(DockerHostError) as error:
        resolve("28", [])
    assert "none at all" in error.value.remedy


@given(st.lists(VERSIONS, min_size=1), st.sampled_from(["", "0", "1", "9"]))
def test_the_newest_match_is_chosen_whatever_the_order(versions: list[str], wish: str) -> None:
    matching = [version for version in versions if matches(wish, version)]
    if matching:
        chosen = resolve(wish, versions)
        assert chosen in matching
        assert all(compare(chosen, version) >= 0 for version in matching)
