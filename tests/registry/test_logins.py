# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins, tokens, mirrors and proxies, against Debian's registry."""

from __future__ import annotations

import base64
import json
import select
import socket
import threading

import pytest
from unit.running import script

from registry.asking import ask, ask_one
from registry.images import all_images
from registry.lifecycle import PASSWORD, USER
from registry.server import Server

PUBLIC = [image.repository for image in all_images() if image.repository.startswith("test/")]


def login(registry, password=PASSWORD):
    return [{"registry": registry.name, "username": USER, "password": password}]


@pytest.fixture(autouse=True)
def fresh_record(registries):
    registries.tokens.requests.clear()
    registries.tokens.headers.clear()
    registries.tokens.several = True


def test_one_token_does_for_all_repositories_of_a_registry(registries, images):
    names = [f"{registries.token.name}/{name}" for name in PUBLIC]
    answer = ask(images=names, ca_path=str(registries.ca))
    assert answer["failed"] == []
    (scopes,) = registries.tokens.requests
    assert sorted(scopes) == sorted(f"repository:{name}:pull" for name in PUBLIC)
    assert registries.tokens.headers == [""]


def test_a_service_that_grants_one_repository_at_a_time_is_asked_for_each(registries, images):
    registries.tokens.several = False
    names = [f"{registries.token.name}/{name}" for name in PUBLIC]
    answer = ask(images=names, ca_path=str(registries.ca))
    assert answer["failed"] == []
    asked = registries.tokens.requests
    assert len([scopes for scopes in asked if len(scopes) > 1]) == 1
    assert len(asked) <= len(PUBLIC) + 1


def test_a_private_image_does_not_end_the_sharing_of_tokens(registries, images):
    names = [f"{registries.token.name}/{name}" for name in ("private/app", *PUBLIC)]
    missing = [f"{registries.token.name}/test/missing-{number}" for number in range(40)]
    answer = ask(images=[*names, *missing], ca_path=str(registries.ca), concurrency=1)
    assert answer["failed"] == [names[0], *missing]
    several = [scopes for scopes in registries.tokens.requests if len(scopes) > 1]
    assert len(several) == 3
    assert len(registries.tokens.requests) == 4


def test_a_private_image_wants_a_login_and_gets_it(registries, images):
    name = f"{registries.token.name}/private/app"
    row = ask_one(name, ca_path=str(registries.ca))
    assert "wants a login" in row["error"]
    assert "registry_auth" in row["error"]
    row = ask_one(name, ca_path=str(registries.ca), registry_auth=login(registries.token))
    assert (row["error"], row["supported"]) == (None, True)


def test_one_private_image_does_not_keep_the_public_ones(registries, images):
    names = [f"{registries.token.name}/{name}" for name in ("private/app", *PUBLIC)]
    answer = ask(images=names, ca_path=str(registries.ca))
    assert answer["failed"] == [names[0]]
    assert answer["failed_images"] == [names[0]]


@pytest.mark.parametrize("way", ["htpasswd", "token"])
def test_a_wrong_password_is_an_error_that_names_the_user_and_not_the_password(
    registries, images, way
):
    registry = registries.all[way]
    answer = ask(
        images=[f"{registry.name}/private/app"],
        ca_path=str(registries.ca),
        registry_auth=login(registry, "wrong-and-secret"),
    )
    (row,) = answer["images"]
    assert f"login of {USER}" in row["error"]
    assert "wrong-and-secret" not in json.dumps(answer)


def test_a_wrong_password_is_not_tried_for_each_image(registries, images):
    names = [f"{registries.token.name}/{name}" for name in PUBLIC]
    answer = ask(
        images=names, ca_path=str(registries.ca), registry_auth=login(registries.token, "wrong")
    )
    assert answer["failed"] == names
    assert len(registries.tokens.requests) <= 4


def test_an_image_that_does_not_exist_is_told_from_one_that_needs_a_login(registries, images):
    missing = ask_one(f"{registries.open.name}/test/no-such-image", ca_path=str(registries.ca))
    assert "does not exist" in missing["error"]
    assert "MANIFEST_UNKNOWN" in missing["error"]
    login_needed = ask_one(f"{registries.htpasswd.name}/test/nested", ca_path=str(registries.ca))
    assert "wants a login" in login_needed["error"]
    known = ask_one(
        f"{registries.htpasswd.name}/test/no-such-image",
        ca_path=str(registries.ca),
        registry_auth=login(registries.htpasswd),
    )
    assert "does not exist" in known["error"]


@pytest.mark.parametrize("way", ["htpasswd", "token"])
@pytest.mark.parametrize("kind", ["auths", "credHelpers", "credsStore"])
def test_logins_of_dockers_configuration_are_used(registries, images, tmp_path, way, kind):
    registry = registries.all[way]
    pair = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    config = {
        "auths": {"auths": {registry.name: {"auth": pair}}},
        "credHelpers": {"credHelpers": {registry.name: "of-the-tests"}},
        "credsStore": {"credsStore": "of-the-tests", "auths": {registry.name: {}}},
    }[kind]
    place = tmp_path / "config.json"
    place.write_text(json.dumps(config))
    answer = json.dumps({"ServerURL": registry.name, "Username": USER, "Secret": PASSWORD})
    script(
        tmp_path / "bin/docker-credential-of-the-tests",
        f"test \"$1\" = get && test \"$(cat)\" = '{registry.name}' && echo '{answer}'",
    )
    result = ask(
        images=[f"{registry.name}/private/app"],
        ca_path=str(registries.ca),
        docker_config=str(place),
        environment={"PATH": f"{tmp_path}/bin:/usr/bin:/bin"},
    )
    assert result["failed"] == [], result["msg"]
    assert PASSWORD not in json.dumps(result)
    assert pair not in json.dumps(result)


def test_a_helper_that_fails_is_an_error_for_its_registry_only(registries, images, tmp_path):
    (tmp_path / "config.json").write_text(
        json.dumps({"credHelpers": {registries.htpasswd.name: "nowhere-installed"}})
    )
    names = [f"{one.name}/test/nested" for one in (registries.htpasswd, registries.open)]
    answer = ask(images=names, ca_path=str(registries.ca), docker_config=str(tmp_path))
    assert answer["failed"] == names[:1]
    assert "docker-credential-nowhere-installed" in answer["images"][0]["error"]


def test_a_mirror_is_asked_first_and_the_registry_for_what_it_lacks(registries, images):
    def answer(visit):
        if "/test/nested/" in visit.path:
            visit.send(200, images["test/oci-arm64"].manifest[:-1] + b', "x": 1}')
        else:
            visit.send(404, b"{}")

    tls = registries.authority.sign("mirror")
    with Server(answer, tls.context()) as mirror:
        row = ask_one(
            f"{registries.open.name}/test/docker-list",
            ca_path=str(registries.ca),
            mirrors={registries.open.name: [f"https://{mirror.name}"]},
        )
        assert (row["registry"], row["supported"]) == (registries.open.name, True)
        assert [path for _, path, _ in mirror.asked] == ["/v2/test/docker-list/manifests/latest"]


def test_a_mirror_of_docker_hub_does_for_short_names(registries, images, tmp_path):
    seen = []

    def answer(visit):
        seen.append(visit.path)
        image = images["test/docker-list"]
        visit.send(200, image.manifest, Content_Type=image.media_type)

    tls = registries.authority.sign("hub-mirror")
    with Server(answer, tls.context()) as mirror:
        result = ask(
            images=["nginx", "arm64v8/docker:dind"],
            ca_path=str(registries.ca),
            mirrors=[f"https://{mirror.name}"],
        )
        assert result["failed"] == []
        assert {row["registry"] for row in result["images"]} == {mirror.name}
    assert sorted(seen) == [
        "/v2/arm64v8/docker/manifests/dind",
        "/v2/library/nginx/manifests/latest",
    ]


class Proxy:
    """A proxy that tunnels to a registry, whatever host it is asked for."""

    def __init__(self, target):
        self._target = target
        self._threads = []

    def answer(self, visit):
        host, _, port = self._target.name.partition(":")
        visit.close_connection = True
        with socket.create_connection((host, int(port)), 5) as there:
            visit.send_response(200)
            visit.end_headers()
            ends = {visit.connection: there, there: visit.connection}
            while True:
                ready, _, _ = select.select(list(ends), [], [], 5)
                for end in ready:
                    data = end.recv(65536)
                    if not data:
                        return
                    ends[end].sendall(data)
                if not ready:
                    return


def test_the_proxy_of_the_environment_is_used_and_its_password_is_not_shown(registries, images):
    with Server(Proxy(registries.open).answer) as proxy:
        address = f"http://someone:proxy-secret@{proxy.name}"
        row = ask_one(
            "registry.example.org/test/nested",
            ca_path=str(registries.ca),
            environment={"https_proxy": address, "no_proxy": ""},
        )
        assert row["error"] is None
        (asked,) = proxy.asked
        assert asked[:2] == ("CONNECT", "registry.example.org:443")
        row = ask_one(
            f"{registries.open.name}/test/nested",
            ca_path=str(registries.ca),
            environment={"https_proxy": address, "no_proxy": "127.0.0.1"},
        )
        assert row["error"] is None
        assert len(proxy.asked) == 1
    row = ask_one(
        "registry.example.org/test/nested",
        environment={"https_proxy": address, "no_proxy": ""},
        retries=0,
    )
    assert row["error"]
    assert "proxy-secret" not in json.dumps(row)


def test_a_connection_is_kept_for_every_worker_and_no_more_are_made(registries, images):
    image = images["test/docker-list"]
    lock = threading.Lock()
    count = [0]

    def answer(visit):
        with lock:
            count[0] += 1
        visit.send(200, image.manifest, Content_Type=image.media_type)

    tls = registries.authority.sign("kept")
    with Server(answer, tls.context()) as server:
        names = [f"{server.name}/test/image-{number}" for number in range(40)]
        assert ask(images=names, ca_path=str(registries.ca), concurrency=4)["failed"] == []
        assert count[0] == 40
        assert server.connections <= 4
