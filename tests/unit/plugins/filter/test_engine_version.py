# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.filter.engine_version import FilterModule

FILTERS = FilterModule().filters()
engine_version = FILTERS["engine_version"]
engine_version_matches = FILTERS["engine_version_matches"]
engine_upstream = FILTERS["engine_upstream"]

SOURCE = "https://mirror.example.org/linux/debian trixie/stable arm64 Packages"
CE = ["docker-ce", "docker-ce-cli", "docker-ce-rootless-extras"]


V281, V280, V275 = (f"5:{own}-1~debian.13~trixie" for own in ("28.5.1", "28.5.0", "27.5.1"))


def madison(known: dict[str, list[str]]) -> str:
    """Render what apt-cache madison prints."""
    return "".join(
        f"{name:>10} | {version} | {SOURCE}\n"
        for name, versions in known.items()
        for version in versions
    )


KNOWN = {**dict.fromkeys(CE, [V281, V280, V275]), "containerd.io": ["1.7.24-1", "1.7.25-1"]}
DOCKER_CE = madison(KNOWN)

# As Debian 13 prints it where deb-src is among the sources.
DEBIAN = """\
 docker.io | 26.1.5+dfsg1-9+b9 | http://deb.example.org/debian trixie/main arm64 Packages
docker-cli | 26.1.5+dfsg1-9+b9 | http://deb.example.org/debian trixie/main arm64 Packages
 docker.io | 26.1.5+dfsg1-10 | http://deb.example.org/debian trixie/main Sources
"""


def refusal(*arguments: Any) -> str:
    with pytest.raises(AnsibleFilterError) as error:
        engine_version(*arguments)
    assert "arm64.docker.engine_version" in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("wish", "version"),
    [("28", V281), (28, V281), ("28.5", V281), ("28.5.0", V280), (V275, V275), ("", V281)],
)
def test_the_family_moves_together_to_the_newest_version_that_matches(
    wish: Any, version: str
) -> None:
    assert engine_version(DOCKER_CE, wish, CE) == dict.fromkeys(CE, version)


def test_text_and_lines_are_the_same() -> None:
    assert engine_version(DOCKER_CE.splitlines(), "28", CE) == engine_version(DOCKER_CE, "28", CE)


def test_packages_that_apt_does_not_know_are_left_out() -> None:
    text = madison({"docker.io": ["29.1.3-0ubuntu3~24.04.1"]})
    expected = {"docker.io": "29.1.3-0ubuntu3~24.04.1"}
    assert engine_version(text, "29", ["docker.io", "docker-cli"], ["runc"]) == expected
    assert engine_version(text, "29", "docker.io") == expected


def test_further_packages_get_their_newest_version_and_the_family_its_own() -> None:
    others = ["docker-ce", "containerd.io"]
    expected = {**dict.fromkeys(CE, V275), "containerd.io": "1.7.25-1"}
    assert engine_version(DOCKER_CE, "27", CE, others) == expected


def test_source_packages_and_those_of_other_architectures_do_not_count() -> None:
    text = DEBIAN + "docker.io:armhf | 27.0.0-1 | http://deb.example.org/debian trixie/main\n"
    version = "26.1.5+dfsg1-9+b9"
    for family in (["docker.io", "docker-cli"], ["docker.io"]):
        assert engine_version(text, "", family) == dict.fromkeys(family, version)
    assert "27.0.0" not in refusal(text, "27", ["docker.io"])


def test_a_version_that_the_mirror_has_of_a_part_only_is_not_chosen() -> None:
    text = madison({"docker-ce": [V281, V280], "docker-ce-cli": [V280]})
    assert engine_version(text, "28", CE) == {"docker-ce": V280, "docker-ce-cli": V280}
    message = refusal(text, "28.5.1", CE)
    assert "docker-ce and docker-ce-cli" in message
    assert V280 in message


def test_a_wish_that_nothing_matches_lists_what_exists() -> None:
    message = refusal(DOCKER_CE, "29", CE)
    assert "'29'" in message
    assert f"{V281}, {V280}, {V275}" in message


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "none at all"), ("N: Unable to locate package docker-ce", "none at all"),
     (DEBIAN, "docker.io, docker-cli")],
)  # fmt: skip
def test_an_engine_that_apt_does_not_know_is_an_error_that_says_what_it_knows(
    text: str, words: str
) -> None:
    message = refusal(text, "28", CE)
    assert "docker-ce" in message
    assert words in message


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((None, "28", CE), "None"),
        (([1], "28", CE), "[1]"),
        ((DOCKER_CE, 28.5, CE), "28.5"),
        ((DOCKER_CE, True, CE), "True"),
        ((DOCKER_CE, None, CE), "None"),
        ((DOCKER_CE, "latest", CE), "'latest'"),
        ((DOCKER_CE, "28", None), "None"),
        ((DOCKER_CE, "28", []), "[]"),
        ((DOCKER_CE, "28", [1]), "[1]"),
        ((DOCKER_CE, "28", CE, {"a": 1}), "{'a': 1}"),
    ],
)
def test_arguments_that_make_no_sense_are_an_error_that_names_them(
    arguments: tuple, words: str
) -> None:
    assert words in refusal(*arguments)


def test_no_further_packages_are_an_empty_list_too() -> None:
    assert engine_version(DOCKER_CE, "28", CE, []) == dict.fromkeys(CE, V281)


_PIECES = st.sampled_from(["docker-ce", " | ", "|", V281, "1_0", SOURCE, "\n", " ", "\0", "é"])


def answer(text: str) -> dict[str, str] | AnsibleFilterError:
    try:
        return engine_version(text, "28", CE, ["containerd.io"])
    except AnsibleFilterError as error:
        return error


@given(st.text() | st.lists(_PIECES, max_size=15).map("".join))
def test_any_text_gives_versions_or_an_error_of_the_filter(text: str) -> None:
    found = answer(text)
    if isinstance(found, AnsibleFilterError):
        assert "arm64.docker.engine_version" in str(found)
    else:
        assert found["docker-ce"] in text


@pytest.mark.parametrize(
    ("version", "wish", "match"),
    [
        (V281, "28.5", True),
        (V281, 28, True),
        (V281, "", True),
        (V281, "28.50", False),
        ("", "28", False),
        ("", "", False),
    ],
)
def test_an_installed_version_matches_a_wish(version: str, wish: Any, match: bool) -> None:
    assert engine_version_matches(version, wish) is match


def test_the_engines_own_version_is_taken_out() -> None:
    assert engine_upstream(V281) == "28.5.1"


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("engine_version_matches", (None, "28"), "None"),
        ("engine_version_matches", (V281, 28.5), "28.5"),
        ("engine_version_matches", (V281, "latest"), "'latest'"),
        ("engine_version_matches", ("banana", "28"), "'banana'"),
        ("engine_upstream", (None,), "None"),
        ("engine_upstream", ("",), "''"),
        ("engine_upstream", ("banana",), "'banana'"),
    ],
)
def test_a_wrong_input_is_an_error_of_the_filter_that_names_it(
    name: str, arguments: tuple, words: str
) -> None:
    with pytest.raises(AnsibleFilterError) as error:
        FILTERS[name](*arguments)
    assert f"arm64.docker.{name}" in str(error.value)
    assert words in str(error.value)
