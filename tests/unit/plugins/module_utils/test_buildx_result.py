# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from types import SimpleNamespace

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._buildx_inspect import Builder, Node
from ansible_collections.arm64.docker.plugins.module_utils._buildx_result import result


def shown(endpoint: str) -> str:
    builder = Builder("farm", "docker-container", nodes=(Node("board", endpoint),))
    request = SimpleNamespace(wanted=SimpleNamespace(name="farm"))
    return result(request, SimpleNamespace(after=builder))["nodes"][0]["endpoint"]


@pytest.mark.parametrize(
    "endpoint",
    ["ssh://pilot@pi.example.org", "ssh://pi.example.org:2222", "unix:///run/docker.sock"],
)
def test_an_address_without_a_secret_is_shown_as_it_is(endpoint: str) -> None:
    assert shown(endpoint) == endpoint


@pytest.mark.parametrize(
    "endpoint", ["ssh://pilot:letmein@pi.example.org", "tcp://letmein@buildkit.example.org:1234"]
)
def test_a_secret_in_an_address_is_not(endpoint: str) -> None:
    assert "letmein" not in shown(endpoint)
    assert shown(endpoint).partition("@")[2] == endpoint.partition("@")[2]
