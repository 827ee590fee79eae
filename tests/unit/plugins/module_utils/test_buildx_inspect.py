# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._buildx_inspect import (
    Builder,
    Node,
    complete,
    parse,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.tests.unit.buildx import RECORDS

RECORDED = ("buildx-debian13-0.13.1-amd64", "buildx-debian-sid-0.29.1-amd64")
HOST = "unix:///var/run/docker.sock"


def text(name: str) -> str:
    return (RECORDS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("release", RECORDED)
def test_what_each_release_says_of_a_farm(release: str) -> None:
    builder = parse(text(f"{release}-farm.txt"))
    assert (builder.name, builder.driver, builder.error) == ("farm", "docker-container", "")
    here, near, pi = builder.nodes
    assert here == Node(
        "farm0",
        HOST,
        "inactive",
        platforms=("linux/arm/v7",),
        fixed=("linux/arm/v7",),
        driver_opts={"network": "host", "env.NO_PROXY": 'localhost,"quoted"'},
    )
    assert (near.endpoint, near.fixed, near.driver_opts) == (
        "unix:///run/docker.sock",
        ("linux/386",),
        {},
    )
    assert (pi.name, pi.endpoint, pi.status, pi.fixed) == (
        "pi",
        "ssh://pilot@pi.example.org",
        "error",
        None,
    )
    assert pi.error.endswith("Could not resolve hostname pi.example.org: Name or service not known")
    assert builder.status == "error"


@pytest.mark.parametrize("release", RECORDED)
def test_what_buildx_keeps_fills_what_it_does_not_say(release: str) -> None:
    builder = complete(
        parse(text(f"{release}-farm.txt")), (RECORDS / f"{release}-farm.json").read_bytes()
    )
    here, near, pi = builder.nodes
    assert pi.fixed == ("linux/arm64",)
    assert pi.driver_opts == {}
    assert here.fixed == ("linux/arm/v7",)
    assert here.driver_opts == {"network": "host", "env.NO_PROXY": 'localhost,"quoted"'}
    assert b"mirror.example.org" in here.files["buildkitd.toml"]
    assert near.files == {}


@pytest.mark.parametrize("release", RECORDED)
def test_a_given_platform_is_told_from_one_that_buildkit_found(release: str) -> None:
    builder = parse(text(f"{release}-remote.txt"))
    (node,) = builder.nodes
    assert builder.driver == "remote"
    assert builder.status == "running"
    assert node.fixed == ("linux/arm64",)
    assert node.platforms[:2] == ("linux/arm64", "linux/amd64")
    assert node.version == "v0.0.0+unknown"


@pytest.mark.parametrize("release", RECORDED)
def test_the_builder_of_a_context(release: str) -> None:
    up = parse(text(f"{release}-default.txt"))
    assert (up.name, up.driver, up.status) == ("default", "docker", "running")
    assert up.nodes[0].fixed == ()
    assert complete(up, None) is up
    down = parse(text(f"{release}-default-down.txt"))
    assert (down.name, down.driver, down.status, down.nodes) == ("default", "", "error", ())
    assert down.error.startswith("Cannot connect to the Docker daemon")


def test_the_keys_of_old_releases() -> None:
    builder = parse(text("buildx-0.10.5-arm64-farm.txt"))
    here, big = builder.nodes
    assert (here.status, here.version) == ("running", "v0.11.6")
    assert here.fixed == ("linux/arm64", "linux/arm/v7")
    assert here.driver_opts["image"] == "registry.example.org/moby/buildkit:v0.11.6"
    assert builder.status == big.status == "stopped"


def test_indented_blocks_of_new_releases_are_not_taken_for_keys() -> None:
    builder = parse(text("buildx-0.30.1-arm64-farm.txt"))
    here, big = builder.nodes
    assert (here.name, here.status, here.version) == ("farm0", "running", "v0.26.2")
    assert here.fixed == ("linux/arm64",)
    assert big.fixed == ("linux/amd64", "linux/386")
    assert builder.status == "running"


def test_a_reason_of_several_lines_is_kept_whole() -> None:
    builder = parse("Name: a\nDriver: remote\nError: first\nsecond: third\n")
    assert builder.error == "first second: third"


def test_what_names_no_builder_is_refused() -> None:
    with pytest.raises(DockerHostError, match="names no builder"):
        parse("something else\n")


@pytest.mark.parametrize(
    "record", [b"", b"[]", b"{}", b'{"Nodes": 1}', b'{"Nodes": [{"Name": "n"}]}', b"\xff"]
)
def test_a_record_of_another_form_is_refused(record: bytes) -> None:
    with pytest.raises(DockerHostError, match="in the form"):
        complete(Builder("b", nodes=(Node("n"),)), record)


@given(st.text())
def test_no_text_ends_in_anything_but_a_builder_or_an_error(said: str) -> None:
    with contextlib.suppress(DockerHostError):
        assert parse(said).name


words = st.text("abc123.-=, \"\\'äß", max_size=12)


@given(st.dictionaries(st.text("abc.", min_size=1), words, max_size=4))
def test_options_are_read_as_go_quotes_them(options: dict[str, str]) -> None:
    quoted = [
        '{}="{}"'.format(key, value.replace("\\", "\\\\").replace('"', '\\"'))
        for key, value in options.items()
    ]
    row = f"Driver Options: {' '.join(quoted)}"
    builder = parse(f"Name: a\nDriver: b\n\nNodes:\nName: n\n{row}\nStatus: running\n")
    assert builder.nodes[0].driver_opts == options
