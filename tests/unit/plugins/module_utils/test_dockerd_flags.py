# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._dockerd_flags import (
    address,
    conflicts,
    program,
    values,
    without,
)

DEBIAN = ["-H", "fd://", "--containerd=/run/containerd/containerd.sock"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["/usr/sbin/dockerd", *DEBIAN], ("/usr/sbin/dockerd", DEBIAN)),
        (["/usr/bin/env", "X=1", "dockerd", "-D"], ("dockerd", ["-D"])),
        (["/usr/bin/dockerd-rootless.sh", "-D"], ("dockerd", [])),
        ([], ("dockerd", [])),
    ],
)
def test_dockerd_and_its_flags_are_found_in_a_command_line(
    words: list[str], found: tuple[str, list[str]]
) -> None:
    assert program(words) == found


@pytest.mark.parametrize(
    ("flags", "hosts"),
    [
        (["-H", "fd://"], ["fd://"]),
        (["-Hfd://", "--debug"], ["fd://"]),
        (["-H=fd://", "--host=tcp://[::]:2376"], ["fd://", "tcp://[::]:2376"]),
        (["--host", "unix:///x.sock", "-D"], ["unix:///x.sock"]),
        (["--host="], [""]),
        (["-D", "--hostname=x"], []),
        (["-H"], []),
    ],
)
def test_every_way_to_give_a_flag_its_value_is_known(flags: list[str], hosts: list[str]) -> None:
    assert values(flags, "host") == hosts


@pytest.mark.parametrize(
    ("flags", "left"),
    [
        (["--config-file", "/x", "-D"], ["-D"]),
        (["--config-file=/x", "-D"], ["-D"]),
        (["-D", "--config-file"], ["-D"]),
        (DEBIAN, DEBIAN),
    ],
)
def test_a_flag_is_left_out_with_its_value(flags: list[str], left: list[str]) -> None:
    assert without(flags, "config-file") == left


@pytest.mark.parametrize(
    ("flags", "document", "found"),
    [
        (DEBIAN, {"hosts": ["unix:///x"]}, {"hosts": "-H"}),
        (["--host=fd://"], {"hosts": []}, {"hosts": "--host"}),
        (DEBIAN, {"containerd": "/x"}, {"containerd": "--containerd"}),
        (["--data-root", "/srv"], {"data-root": "/mnt"}, {"data-root": "--data-root"}),
        (["--label", "a=b"], {"labels": []}, {"labels": "--label"}),
        (["--dns=1.1.1.1"], {"dns": ["1.1.1.1"]}, {"dns": "--dns"}),
        (["-D"], {"debug": True}, {"debug": "-D"}),
        (["--insecure-registry=r"], {"insecure-registries": ["s"]}, ...),
        (["--log-opt", "max-size=1m"], {"log-opts": {"max-size": "1m"}}, ...),
        (["--http-proxy=http://p"], {"proxies": {"http-proxy": "http://q"}}, ...),
        (["--https-proxy=http://p"], {"proxies": {"http-proxy": "http://q"}}, {}),
        (["--add-runtime", "a=b"], {"runtimes": {"c": {"path": "d"}}}, {}),
        (["--label=a=b"], {"log-opts": {"labels": "x"}}, {}),
        (DEBIAN, {"debug": True, "live-restore": True}, {}),
        ([], {"hosts": ["unix:///x"]}, {}),
    ],
)
def test_keys_that_the_command_line_sets_too_are_found(
    flags: list[str], document: dict[str, Any], found: Any
) -> None:
    named = {
        "insecure-registries": "--insecure-registry",
        "log-opts": "--log-opt",
        "proxies": "--http-proxy",
    }
    if found is ...:
        (key,) = document
        expected = {"http-proxy" if key == "proxies" else key: named[key]}
    else:
        expected = found
    assert conflicts(flags, document) == expected


@pytest.mark.parametrize(
    ("hosts", "where"),
    [
        ([], "unix:///var/run/docker.sock"),
        (["fd://"], "unix:///var/run/docker.sock"),
        (["tcp://0.0.0.0:2376", "unix:///srv/d.sock"], "unix:///srv/d.sock"),
        (["tcp://0.0.0.0:2376"], None),
    ],
)
def test_the_daemon_is_asked_where_it_listens(hosts: list[str], where: str | None) -> None:
    assert address(hosts) == where


def test_a_socket_that_systemd_hands_over_is_asked() -> None:
    assert address(["fd://"], "/run/docker.sock") == "unix:///run/docker.sock"


@given(st.lists(st.text(alphabet="-=HDahost/:", max_size=8)))
def test_any_command_line_is_read(words: list[str]) -> None:
    program(words)
    values(words, "host")
    without(words, "host")
    conflicts(words, {"hosts": [], "debug": True})
