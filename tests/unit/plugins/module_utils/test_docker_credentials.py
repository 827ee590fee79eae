# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._docker_credentials import (
    Credential,
    Credentials,
    Once,
    given_logins,
    read_config,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._process import Runner
from ansible_collections.arm64.docker.tests.unit.fakes import FakeRunner, said, silent
from ansible_collections.arm64.docker.tests.unit.running import script

HUB = "https://index.docker.io/v1/"


def pair(username: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{username}:{password}".encode()).decode()}


def find(registry: str, config: Any = None, runner: Any = None, **given: Credential) -> Any:
    logins = {name.replace("_", "."): login for name, login in given.items()}
    return Credentials(logins, config or {}, runner or FakeRunner(), 5).find(registry)


def helper(username: str, secret: str) -> Any:
    return said(json.dumps({"ServerURL": "x", "Username": username, "Secret": secret}))


@pytest.mark.parametrize(
    ("key", "registry"),
    [
        ("example.org", "example.org"),
        ("https://example.org", "example.org"),
        ("https://example.org/v1/", "example.org"),
        ("example.org:5000", "example.org:5000"),
        ("EXAMPLE.org", "example.org"),
        (HUB, "docker.io"),
        ("index.docker.io", "docker.io"),
        ("docker.io", "docker.io"),
    ],
)
def test_the_login_of_a_registry_is_found_by_every_key_docker_writes(key, registry) -> None:
    login = find(registry, {"auths": {key: pair("me", "pass:word")}})
    assert (login.username, login.password) == ("me", "pass:word")


def test_a_login_is_for_its_own_registry_only() -> None:
    config = {"auths": {"example.org": pair("me", "x"), "example.org:5000": pair("you", "y")}}
    assert find("example.org", config).username == "me"
    assert find("example.org:5000", config).username == "you"
    assert find("other.example.org", config) is None
    assert find("docker.io", config) is None


@pytest.mark.parametrize("others", [["example.org/team"], ["https://example.org/v1/"],
                                    ["EXAMPLE.org", "https://example.org/team/"]])  # fmt: skip
def test_the_key_that_is_the_name_itself_goes_before_others(others: list) -> None:
    first = {key: pair("other", "x") for key in others}
    assert (
        find("example.org", {"auths": {**first, "example.org": pair("me", "y")}}).username == "me"
    )


def test_the_login_of_a_repository_goes_after_every_login_of_its_registry() -> None:
    team = {"https://example.org/team": pair("team", "x")}
    config = {"auths": {**team, "https://example.org/v2/": pair("me", "y")}}
    assert find("example.org", config).username == "me"
    assert find("docker.io", {"auths": {"docker.io/team": pair("team", "x"), HUB: pair("me", "y")}}
                ).username == "me"  # fmt: skip


@pytest.mark.parametrize("empty", [{}, {"email": "me@example.org"}, 7, None])
def test_an_entry_without_a_login_hides_no_other(empty: Any) -> None:
    config = {"auths": {"example.org": empty, "https://example.org/v1/": pair("me", "x")}}
    assert find("example.org", config).username == "me"


def test_a_given_login_goes_before_all_others() -> None:
    config = {"auths": {"example.org": pair("file", "x")}, "credsStore": "store"}
    assert find("example.org", config, example_org=Credential("given", "y")).username == "given"


def test_a_helper_of_a_registry_goes_before_the_store_and_that_before_the_file() -> None:
    config = {
        "auths": {"a.example.org": pair("file", "x")},
        "credHelpers": {"b.example.org": "own"},
        "credsStore": "store",
    }
    runner = FakeRunner(
        **{
            "docker-credential-own": helper("own", "1"),
            "docker-credential-store": helper("store", "2"),
        }
    )
    assert find("b.example.org", config, runner).username == "own"
    assert find("a.example.org", config, runner).username == "store"
    assert find("docker.io", config, runner).username == "store"
    assert runner.read == ["b.example.org", "a.example.org", HUB]


def test_a_helper_that_knows_no_login_is_no_error() -> None:
    said_no = said("credentials not found in native keychain\n", rc=1)
    runner = FakeRunner(**{"docker-credential-store": said_no})
    assert find("example.org", {"credsStore": "store"}, runner) is None


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (silent(), "within 5 s"),
        (said("secret-words", rc=2), "status 2"),
        (said("no JSON"), "does not answer as"),
        (said("[]"), "does not answer as"),
        (said('{"Username": 1, "Secret": 2}'), "does not answer as"),
        (None, "not installed"),
    ],
)
def test_a_helper_that_fails_is_an_error_that_names_it(answer: Any, words: str) -> None:
    runner = FakeRunner(**({"docker-credential-store": answer} if answer else {}))
    with pytest.raises(DockerHostError) as error:
        find("example.org", {"credsStore": "store"}, runner)
    assert "docker-credential-store" in error.value.message
    assert words in error.value.message
    assert "secret-words" not in str(error.value)


@pytest.mark.parametrize("name", ["../evil", "a b", "", "-x", 7, ["x"], "x;y"])
def test_a_helper_with_an_odd_name_is_not_run(name: Any) -> None:
    runner = FakeRunner()
    with pytest.raises(DockerHostError):
        assert find("example.org", {"credHelpers": {"example.org": name or "/"}}, runner)
    assert runner.asked == []


def test_a_real_helper_reads_the_server_from_its_standard_input(tmp_path, monkeypatch) -> None:
    script(
        tmp_path / "docker-credential-real",
        'read -r server; printf \'{"Username": "me", "Secret": "%s"}\' "$server"',
    )
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    login = find("example.org", {"credsStore": "real"}, Runner())
    assert (login.username, login.password) == ("me", "example.org")


def test_tokens_of_docker_are_known() -> None:
    runner = FakeRunner(**{"docker-credential-store": helper("<token>", "abc")})
    assert find("example.org", {"credsStore": "store"}, runner).identity_token == "abc"
    entry = {"auths": {"example.org": {"identitytoken": "def", "auth": pair("u", "")["auth"]}}}
    assert find("example.org", entry).identity_token == "def"
    entry = {"auths": {"example.org": {"registrytoken": "ghi"}}}
    assert find("example.org", entry).registry_token == "ghi"


@pytest.mark.parametrize("auth", ["!", "bm9jb2xvbg==", "/w=="])
def test_an_entry_that_cannot_be_read_is_an_error(auth: str) -> None:
    with pytest.raises(DockerHostError) as error:
        find("example.org", {"auths": {"example.org": {"auth": auth}}})
    assert "docker login example.org" in error.value.remedy


@pytest.mark.parametrize(
    "config",
    [
        {"auths": []},
        {"auths": {"example.org": 1}},
        {"auths": {"example.org": {}}},
        {"credHelpers": 1},
    ],
)
def test_a_configuration_of_another_shape_holds_no_login(config: Any) -> None:
    assert find("example.org", config) is None


@given(st.text(min_size=1).filter(lambda name: ":" not in name), st.text())
def test_any_user_and_password_come_back(username: str, password: str) -> None:
    if password.strip("\0") != password:
        return
    login = find("example.org", {"auths": {"example.org": pair(username, password)}})
    assert (login.username, login.password) == (username, password)


def test_nothing_of_a_login_but_its_user_is_shown() -> None:
    assert "secret" not in repr(Credential("me", "secret", "secret", "secret"))


def test_options_become_logins() -> None:
    entry = {"registry": "example.org", "username": "me", "password": "x"}
    assert given_logins([entry])["example.org"].username == "me"


def test_the_configuration_is_read_where_docker_looks(tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker/config.json").write_text('{"credsStore": "home"}')
    (tmp_path / "config.json").write_text('{"credsStore": "named"}')
    home = {"HOME": str(tmp_path)}
    assert read_config(None, home)["credsStore"] == "home"
    assert read_config(None, {**home, "DOCKER_CONFIG": str(tmp_path)})["credsStore"] == "named"
    assert read_config(str(tmp_path), {})["credsStore"] == "named"
    assert read_config(str(tmp_path / "config.json"), {})["credsStore"] == "named"
    assert read_config(None, {"HOME": str(tmp_path / "nowhere")}) == {}


@pytest.mark.parametrize("content", ["{", "[]", '{"a": 1, "a": 2}'])
def test_a_broken_configuration_is_an_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(DockerHostError) as error:
        read_config(str(tmp_path), {})
    assert "config.json" in error.value.message


def test_a_named_configuration_has_to_exist(tmp_path: Path) -> None:
    with pytest.raises(DockerHostError):
        read_config(str(tmp_path / "missing.json"), {})


def test_a_login_is_looked_up_once() -> None:
    asked = []

    def look_up() -> None:
        asked.append(1)
        raise DockerHostError("no", "such")

    once = Once(look_up)
    for _ in range(3):
        with pytest.raises(DockerHostError):
            once.value()
    assert asked == [1]
