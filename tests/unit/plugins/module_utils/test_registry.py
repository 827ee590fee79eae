# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import email.utils
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._compose_files import ServiceImage
from ansible_collections.arm64.docker.plugins.module_utils._docker_credentials import Credential
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._image_lookup import (
    Wanted,
    ask_all,
    merge,
    references,
    verdict,
    wanted_by_services,
)
from ansible_collections.arm64.docker.plugins.module_utils._image_platforms import Target
from ansible_collections.arm64.docker.plugins.module_utils._image_reference import ImageReference
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform
from ansible_collections.arm64.docker.plugins.module_utils._registry import Client, Session
from ansible_collections.arm64.docker.plugins.module_utils._registry_document import rate_limit
from ansible_collections.arm64.docker.plugins.module_utils._registry_endpoints import Registries
from ansible_collections.arm64.docker.plugins.module_utils._registry_patience import (
    Pauses,
    wait_before,
)
from ansible_collections.arm64.docker.plugins.module_utils._registry_transport import Trust
from ansible_collections.arm64.docker.tests.unit.web import Site, Visit


def urls(registries: Registries, name: str) -> list[str]:
    return [endpoint.url for endpoint in registries.endpoints(name)]


def test_a_registry_is_asked_over_tls_and_docker_hub_at_its_own_address() -> None:
    plain = Registries.parse({}, [])
    assert urls(plain, "docker.io") == ["https://registry-1.docker.io"]
    assert urls(plain, "example.org") == ["https://example.org"]
    assert urls(plain, "example.org:5000") == ["https://example.org:5000"]
    assert urls(plain, "[::1]:5000") == ["https://[::1]:5000"]
    assert not plain.endpoints("example.org")[0].insecure


def test_mirrors_are_asked_first_in_their_order() -> None:
    hub = Registries.parse(["https://a.example.org", "https://b.example.org:444/"], [])
    assert urls(hub, "docker.io") == [
        "https://a.example.org",
        "https://b.example.org:444",
        "https://registry-1.docker.io",
    ]
    assert urls(hub, "example.org") == ["https://example.org"]
    named = Registries.parse({"example.org": "https://m.example.org"}, [])
    assert urls(named, "example.org")[0] == "https://m.example.org"
    assert urls(named, "docker.io") == ["https://registry-1.docker.io"]


def test_an_insecure_registry_is_asked_with_tls_first() -> None:
    for names in (["example.org"], ["example.org:5000"], ["EXAMPLE.org"]):
        registries = Registries.parse({}, names)
        assert urls(registries, "example.org:5000") == [
            "https://example.org:5000",
            "http://example.org:5000",
        ]
        assert registries.endpoints("example.org:5000")[0].insecure
    assert len(urls(Registries.parse({}, ["example.org:5000"]), "example.org:5001")) == 1


@pytest.mark.parametrize(
    "mirrors",
    [7, [7], {"docker.io": 7}, {"https://docker.io": []}, ["mirror.example.org"], ["https://m.example.org/path"],
     ["ftp://m.example.org"], ["http://m.example.org"], ["https://"], ["https://a b"]],
)  # fmt: skip
def test_what_is_no_mirror_is_an_error(mirrors: Any) -> None:
    with pytest.raises(DockerHostError):
        Registries.parse(mirrors, [])


def test_an_error_about_a_mirror_hides_its_password() -> None:
    with pytest.raises(DockerHostError) as error:
        Registries.parse(["ftp://me:hunter2@example.org"], [])
    assert "hunter2" not in str(error.value)


@given(st.text(max_size=40))
def test_any_address_is_a_server_or_none(text: str) -> None:
    for url in (text, f"https://{text}", f"https://example.org{text}"):
        endpoint = Registries.parse({}, []).of_url(url)
        assert endpoint is None or (endpoint.host and 0 < endpoint.port < 65536)


def test_waits_grow_and_follow_what_the_registry_says() -> None:
    assert 0.3 < wait_before(1, {}, 0) < 0.7
    assert 1.4 < wait_before(3, {}, 0) < 2.6
    assert wait_before(100, {}, 0) < 13
    assert wait_before(1, {"retry-after": "30"}, 0) == 30
    assert wait_before(1, {"retry-after": "99999999999999"}, 0) > 60
    date = email.utils.formatdate(1000, usegmt=True)
    assert wait_before(1, {"retry-after": date}, 980) == 20
    assert wait_before(1, {"retry-after": date}, 2000) < 1
    for nonsense in ("", "soon", "-5", "1.5", "²"):
        assert wait_before(1, {"retry-after": nonsense}, 0) < 1


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"ratelimit-limit": "100;w=21600", "ratelimit-remaining": "99;w=21600"},
         {"limit": 100, "remaining": 99, "window_seconds": 21600}),
        ({"ratelimit-remaining": "5"}, {"remaining": 5}),
        ({"ratelimit-limit": "many"}, {}),
        ({}, {}),
    ],
)  # fmt: skip
def test_limits_are_read(headers: dict, found: dict) -> None:
    assert rate_limit(headers) == found


CONFIG = json.dumps({"os": "linux", "architecture": "arm64"}).encode()
CONFIG_DIGEST = f"sha256:{hashlib.sha256(CONFIG).hexdigest()}"
MANIFEST = json.dumps({"config": {"digest": CONFIG_DIGEST}, "layers": []}).encode()
PATH = "v2/app/manifests/latest"
BLOB = f"v2/app/blobs/{CONFIG_DIGEST}"


class NoPauses(Pauses):
    """Remembers how long would have been waited."""

    def __init__(self) -> None:
        self.waited: list[float] = []

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)


@pytest.fixture
def site() -> Iterator[Site]:
    with Site(**{PATH: MANIFEST, BLOB: CONFIG}) as opened:
        yield opened


class Asked:
    """Asks a site for its image, without TLS and without waiting."""

    def __init__(self, site: Site, retries: int = 2, login: Credential | None = None) -> None:
        name = site.url.partition("://")[2]
        self.image = ImageReference.parse(f"{name}/app")
        self.pauses = NoPauses()
        registries = Registries.parse({}, [name])
        self.client = Client(registries, lambda _name: login, [self.image], retries, self.pauses)
        trust = Trust.build(None, True)
        found = ask_all([self.image], lambda: Session(self.client, trust, 5), 4)
        self.found = found[self.image]

    @property
    def error(self) -> str:
        assert isinstance(self.found, DockerHostError), self.found
        return str(self.found)


def test_an_image_is_asked_for_over_http_where_that_is_allowed(site: Site) -> None:
    asked = Asked(site)
    (only,) = asked.found.available
    assert str(only.platform) == "linux/arm64"
    assert only.digest == asked.found.digest == f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"
    assert only.size == len(MANIFEST)


def test_a_registry_with_an_error_of_its_own_is_asked_again(site: Site) -> None:
    def busy(visit: Visit) -> None:
        if len(site.asked) <= 2:
            visit.begin(503, **{"Retry-After": "9"})
        else:
            visit.begin()
            visit.wfile.write(MANIFEST)

    site.pages[f"/{PATH}"] = busy
    asked = Asked(site, retries=2)
    assert asked.found.kind == "manifest"
    assert asked.pauses.waited == [9, 9]


def test_a_registry_that_does_not_recover_is_given_up(site: Site) -> None:
    site.pages[f"/{PATH}"] = 503
    asked = Asked(site, retries=2)
    assert "HTTP 503" in asked.error
    assert len(site.asked) == 3


def test_a_login_is_sent_only_when_it_is_asked_for(site: Site) -> None:
    seen = []

    def closed(visit: Visit) -> None:
        seen.append(visit.headers.get("Authorization"))
        if seen[-1] == "Basic bWU6d29yZA==":
            visit.begin()
            visit.wfile.write(MANIFEST)
        else:
            visit.begin(401, **{"WWW-Authenticate": 'Basic realm="x"'})

    site.pages[f"/{PATH}"] = closed
    assert Asked(site, login=Credential("me", "word")).found.kind == "manifest"
    assert seen == [None, "Basic bWU6d29yZA=="]
    assert "wants a login" in Asked(site).error
    assert "login of me" in Asked(site, login=Credential("me", "other")).error


def test_names_and_services_become_what_is_wanted_once() -> None:
    services = [
        ServiceImage("nginx", "", "a"),
        ServiceImage("nginx", "", "b"),
        ServiceImage("nginx", "linux/amd64", "c"),
        ServiceImage("app", "banana", "d"),
        ServiceImage("x", "", "e", DockerHostError("no", "such")),
    ]
    wanted = merge([Wanted("nginx"), *wanted_by_services(services)])
    assert [(one.name, str(one.platform or ""), one.services) for one in wanted] == [
        ("nginx", "", ("a", "b")),
        ("nginx", "linux/amd64", ("c",)),
        ("app", "", ("d",)),
        ("x", "", ("e",)),
    ]
    found = references(wanted)
    assert str(found[0]) == "docker.io/library/nginx:latest"
    assert "'banana'" in str(found[2])
    assert str(found[3]) == "no such"


def test_a_verdict_has_every_key_whatever_was_found(site: Site) -> None:
    asked = Asked(site)
    name = str(asked.image)
    target = Target(Platform.parse("arm64"))
    good = verdict(Wanted(name), asked.image, asked.found, target)
    assert (good["supported"], good["error"], good["selected"]["match"]) == (True, None, "exact")
    error = DockerHostError("no", "such")
    failed = verdict(Wanted(name), asked.image, error, target)
    unread = verdict(Wanted(name), error, None, target)
    assert good.keys() == failed.keys() == unread.keys()
    assert (failed["error"], unread["reference"], failed["digest"]) == ("no such", None, None)
    other = verdict(Wanted(name), asked.image, asked.found, Target(Platform.parse("amd64")))
    assert (other["supported"], other["selected"]) == (False, None)
    assert "not there for linux/amd64" in other["error"]
