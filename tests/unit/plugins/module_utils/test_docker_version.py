# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._docker_version import (
    VERSION_ARGUMENTS,
    parse,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.tests.unit.hosts import FIXTURES, fixture

FILES = sorted(path.stem for path in (FIXTURES / "docker_version").glob("*.json"))
DOCKER = [name for name in FILES if name.startswith("docker-")]
ANSWERING = [name for name in DOCKER if not name.endswith("-down")]


def facts(name: str) -> dict[str, Any]:
    return parse(fixture(f"docker_version/{name}.json"))


def rows(table: list[dict[str, str]]) -> list[str]:
    return [" | ".join((row["component"], row["version"], row["detail"])) for row in table]


def test_the_template_is_used_since_releases_before_23_do_not_know_format_json() -> None:
    assert VERSION_ARGUMENTS == ("version", "--format", "{{json .}}")


def test_docker_desktop_gives_the_table_of_the_articles() -> None:
    assert rows(facts("docker-desktop-4.40.0-arm64")["table"]) == [
        "Server | Docker Desktop 4.40.0 | Build 187762",
        "Engine | 28.0.4 | API v1.48",
        "Go Version | go1.23.7 | Runtime environment",
        "OS/Arch | linux/arm64 | Target architecture",
        "containerd | 1.7.26 | Container runtime",
        "runc | 1.2.5 | Low-level runtime",
        "docker-init | 0.19.0 | Init process",
    ]


def test_a_distributions_build_gives_the_same_table_without_a_platform_name() -> None:
    assert rows(facts("docker-debian13-26.1.5-arm64")["table"]) == [
        "Server | Docker Engine | ",
        "Engine | 26.1.5+dfsg1 | API v1.45",
        "Go Version | go1.24.4 | Runtime environment",
        "OS/Arch | linux/arm64 | Target architecture",
        "containerd | 1.7.24~ds1 | Container runtime",
        "runc | 1.1.15+ds1 | Low-level runtime",
        "docker-init | 0.19.0 | Init process",
    ]


def test_a_community_build_is_named_in_the_table() -> None:
    assert rows(facts("docker-ce-28.0.4-arm64")["table"])[0] == (
        "Server | Docker Engine - Community | "
    )


def test_a_release_that_names_the_engine_only_has_a_table_without_the_others() -> None:
    found = facts("docker-ce-18.09.0-amd64")
    assert rows(found["table"]) == [
        "Server | Docker Engine - Community | ",
        "Engine | 18.09.0 | API v1.39",
        "Go Version | go1.10.4 | Runtime environment",
        "OS/Arch | linux/amd64 | Target architecture",
    ]
    server = found["server"]
    assert (server["containerd"], server["runc"], server["docker_init"]) == (None, None, None)
    assert list(server["components"]) == ["Engine"]


# File, platform, engine, API, oldest API, Go, containerd, runc.
RELEASES = [
    ("docker-ce-18.09.0-amd64", "linux/amd64", "18.09.0", "1.39", "1.12", "go1.10.4", None, None),
    (
        "docker-ce-19.03.8-amd64",
        "linux/amd64", "19.03.8", "1.40", "1.12", "go1.12.17", "v1.2.13", "1.0.0-rc10",
    ),
    (
        "docker-debian12-20.10.24-amd64",
        "linux/amd64", "20.10.24+dfsg1", "1.41", "1.12", "go1.19.8", "1.6.20~ds1", "1.1.5+ds1",
    ),
    (
        "docker-ce-23.0.3-arm64",
        "linux/arm64", "23.0.3", "1.42", "1.12", "go1.19.7", "1.6.20", "1.1.5",
    ),
    (
        "docker-debian-26.1.5-amd64",
        "linux/amd64", "26.1.5+dfsg1", "1.45", "1.24", "go1.24.4", "1.6.20~ds1", "1.1.5+ds1",
    ),
    (
        "docker-debian13-26.1.5-arm64",
        "linux/arm64", "26.1.5+dfsg1", "1.45", "1.24", "go1.24.4", "1.7.24~ds1", "1.1.15+ds1",
    ),
    (
        "docker-ce-28.0.4-arm64",
        "linux/arm64", "28.0.4", "1.48", "1.24", "go1.23.7", "1.7.26", "1.2.5",
    ),
    (
        "docker-desktop-4.40.0-arm64",
        "linux/arm64", "28.0.4", "1.48", "1.24", "go1.23.7", "1.7.26", "1.2.5",
    ),
    (
        "docker-ce-29.0.0-amd64",
        "linux/amd64", "29.0.0", "1.52", "1.44", "go1.25.4", "v2.1.5", "1.3.3",
    ),
    (
        "docker-ubuntu-29.1.3-arm64",
        "linux/arm64", "29.1.3", "1.52", "1.44", "go1.24.4", "2.2.1", "1.3.4",
    ),
]  # fmt: skip


def test_every_release_in_the_fixtures_is_in_the_table_below() -> None:
    assert sorted(row[0] for row in RELEASES) == ANSWERING


@pytest.mark.parametrize("row", RELEASES, ids=[row[0] for row in RELEASES])
def test_every_release_is_read_into_one_shape(row: tuple) -> None:
    name, platform, version, api, min_api, go, containerd, runc = row
    found = facts(name)
    assert set(found) == {"client", "server", "platform", "table"}
    assert found["platform"] == platform
    assert set(found["client"]) == {
        "version", "api_version", "go_version", "git_commit", "built", "os", "arch", "context",
    }  # fmt: skip
    server = found["server"]
    assert set(server) == {
        "platform_name", "desktop", "engine", "containerd", "runc", "docker_init", "components",
    }  # fmt: skip
    engine = server["engine"]
    assert set(engine) == {
        "version", "api_version", "min_api_version", "go_version", "git_commit", "built", "os",
        "arch", "kernel_version", "experimental",
    }  # fmt: skip
    assert (engine["version"], engine["api_version"]) == (version, api)
    assert (engine["min_api_version"], engine["go_version"]) == (min_api, go)
    assert f"{engine['os']}/{engine['arch']}" == platform
    assert all(engine[key] for key in ("git_commit", "built", "kernel_version"))
    assert (server["containerd"] or {}).get("version") == containerd
    assert (server["runc"] or {}).get("version") == runc


@pytest.mark.parametrize("name", ANSWERING)
def test_whether_the_engine_is_experimental_is_a_truth_value(name: str) -> None:
    assert facts(name)["server"]["engine"]["experimental"] is (name == "docker-ce-19.03.8-amd64")


def test_version_and_build_of_desktop_are_strings() -> None:
    server = facts("docker-desktop-4.40.0-arm64")["server"]
    assert server["platform_name"] == "Docker Desktop 4.40.0 (187762)"
    assert server["desktop"] == {"version": "4.40.0", "build": "187762"}


@pytest.mark.parametrize("name", [name for name in ANSWERING if "desktop" not in name])
def test_what_is_not_desktop_has_no_desktop(name: str) -> None:
    assert facts(name)["server"]["desktop"] is None


def test_the_client_is_read_with_its_own_api_version_and_context() -> None:
    client = facts("docker-desktop-4.40.0-arm64")["client"]
    assert client == {
        "version": "28.0.4",
        "api_version": "1.48",
        "go_version": "go1.23.7",
        "git_commit": "b8034c0",
        "built": "Tue Mar 25 15:07:12 2025",
        "os": "linux",
        "arch": "arm64",
        "context": "desktop-linux",
    }


def test_components_keep_all_their_details_by_name() -> None:
    components = facts("docker-ce-28.0.4-arm64")["server"]["components"]
    assert list(components) == ["Engine", "containerd", "runc", "docker-init"]
    assert components["runc"] == {
        "version": "1.2.5",
        "details": {"GitCommit": "v1.2.5-0-g59923ef"},
    }
    assert components["Engine"]["details"]["KernelVersion"] == "6.1.0-32-arm64"


def test_a_daemon_that_is_down_leaves_the_client() -> None:
    found = facts("docker-debian13-26.1.5-arm64-down")
    assert found["client"]["version"] == "26.1.5+dfsg1"
    assert (found["server"], found["platform"], found["table"]) == (None, None, [])


@pytest.mark.parametrize(
    ("name", "version"), [("podman-4.3.1-amd64", "4.3.1"), ("podman-5.2.0-arm64", "5.2.0")]
)
def test_podman_is_an_error_that_names_it(name: str, version: str) -> None:
    with pytest.raises(DockerHostError) as error:
        facts(name)
    assert f"Podman {version}" in error.value.message
    assert "podman-docker" in error.value.remedy
