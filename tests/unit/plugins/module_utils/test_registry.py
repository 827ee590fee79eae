# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import email.utils
import hashlib
import json
import threading
import time
import urllib.parse
from collections.abc import Iterator
from typing import Any, Callable

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
from ansible_collections.arm64.docker.plugins.module_utils._registry_document import (
    Document,
    rate_limit,
)
from ansible_collections.arm64.docker.plugins.module_utils._registry_endpoints import Registries
from ansible_collections.arm64.docker.plugins.module_utils._registry_patience import (
    Pauses,
    Waits,
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
    endless = "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"
    for nonsense in ("", "soon", "-5", "1.5", "²", endless):
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
INDEX = json.dumps({"schemaVersion": 2, "manifests": []}).encode()
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


def test_one_server_is_not_waited_for_without_end() -> None:
    server, other = (Registries.parse({}, []).endpoints(name)[0] for name in ("a.org", "b.org"))
    waits = Waits()
    assert not waits.allow(server, 61, 0)
    # Sixteen workers that wait together wait for a minute, not for sixteen.
    assert all(waits.allow(server, 60, 0) for _worker in range(16))
    assert [waits.allow(server, 60, now) for now in (60, 120, 180, 240, 300)] == [True] * 4 + [
        False
    ]
    assert waits.allow(other, 60, 300)


def test_a_registry_that_goes_away_is_given_up_after_some_images(site: Site) -> None:
    name = site.url.partition("://")[2]
    images = [ImageReference.parse(f"{name}/app-{place}") for place in range(30)]
    for place in range(30):
        path = f"/v2/app-{place}/manifests/latest"
        answers = place < 10 and place != 5
        site.pages[path] = INDEX if answers else lambda visit: site.over.wait(5)
    client = Client(Registries.parse({}, [name]), lambda _name: None, images, 1, NoPauses())
    trust = Trust.build(None, True)
    found = ask_all(images, lambda: Session(client, trust, 0.2), 1)
    silent = [place for place, one in enumerate(found.values()) if "answer within" in str(one)]
    assert silent == [5, *range(10, 30)]
    # Two attempts each for the one that failed among others, and for eight in a row.
    assert len(site.asked) == 9 + 2 + 2 * 8


class Clock(NoPauses):
    """Goes on by as much as is waited, and not else."""

    def now(self) -> float:
        return 1e9 + sum(self.waited)


def ask_many(
    site: Site, number: int, pauses: Pauses, login: Credential | None = None
) -> dict[str, Any]:
    """Ask a site for so many images, one after the other; return what was found by repository."""
    name = site.url.partition("://")[2]
    images = [ImageReference.parse(f"{name}/app-{place}") for place in range(number)]
    client = Client(Registries.parse({}, [name]), lambda _name: login, images, 3, pauses)
    trust = Trust.build(None, True)
    found = ask_all(images, lambda: Session(client, trust, 5), 1)
    return {image.repository: found[image] for image in images}


def test_a_registry_that_wants_to_be_asked_later_each_time_costs_minutes_and_not_hours(
    site: Site,
) -> None:
    clock = Clock()
    for place in range(20):
        site.pages[f"/v2/app-{place}/manifests/latest"] = lambda visit: visit.begin(
            503, **{"Retry-After": "60"}
        )
    found = ask_many(site, 20, clock)
    assert sum(clock.waited) == 300
    assert all("HTTP 503" in str(error) for error in found.values())


class Pages(dict):
    """Pages by path, whatever stands behind the question mark."""

    def get(self, path: str, default: Any = None) -> Any:
        return super().get(path.partition("?")[0], default)


def tokens(site: Site, token: Any) -> None:
    """Have a site want a token for each of its images, from its own page /token."""
    challenge = {"WWW-Authenticate": f'Bearer realm="{site.url}/token",service="x"'}
    closed = {
        f"/v2/app-{place}/manifests/latest": lambda visit: visit.begin(401, **challenge)
        for place in range(20)
    }
    site.pages = Pages({**closed, "/token": token})


def hang_up(visit: Visit) -> None:
    visit.close_connection = True


@pytest.mark.parametrize(
    ("token", "requests", "words"),
    [
        (lambda visit: visit.begin(503, **{"Retry-After": "60"}), 4, "HTTP 503"),
        (lambda visit: visit.begin(429, **{"Retry-After": "60"}), 4, "HTTP 429"),
        (lambda visit: visit.begin(500), 8, "HTTP 500"),
        (lambda visit: visit.begin(302, Location="/elsewhere"), 2, "HTTP 302"),
        (b'{"token": ""}', 1, "gives no token"),
        (b" " * (1024 * 1024 + 1), 1, "more than 1024 KiB"),
        (hang_up, 4, "closed the connection"),
    ],
)
def test_a_token_service_that_fails_is_not_asked_again_for_every_image(
    site: Site, token: Any, requests: int, words: str
) -> None:
    tokens(site, token)
    clock = Clock()
    found = ask_many(site, 20, clock)
    assert all(words in str(error) for error in found.values())
    assert len([path for path in site.asked if path.startswith("/token")]) == requests
    assert sum(clock.waited) <= 180


class Crowd:
    """A token service that grants one repository at a time; ``most`` is how many asked at once."""

    def __init__(self, right: str | None = None) -> None:
        self.most = self.asked = self._now = 0
        self._right = right
        self._lock = threading.Lock()

    def __call__(self, visit: Visit) -> None:
        with self._lock:
            self.asked += 1
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(0.05)
        with self._lock:
            self._now -= 1
        if self._right not in (None, visit.headers.get("Authorization")):
            return visit.begin(401)
        if visit.path.count("scope=") > 1:
            return visit.begin(400)
        visit.begin()
        return visit.wfile.write(json.dumps({"token": visit.path.rpartition("app")[2]}).encode())


def ask_crowd(site: Site, crowd: Crowd, login: Credential | None) -> dict[str, Any]:
    """Ask for 20 images with 8 workers; each wants a token of its own."""
    challenge = {"WWW-Authenticate": f'Bearer realm="{site.url}/token",service="x"'}

    def page(place: int) -> Callable[[Visit], None]:
        def answer(visit: Visit) -> None:
            token = urllib.parse.unquote(visit.headers.get("Authorization", ""))
            if token != f"Bearer -{place}:pull":
                return visit.begin(401, **challenge)
            visit.begin()
            return visit.wfile.write(INDEX)

        return answer

    pages = {f"/v2/app-{place}/manifests/latest": page(place) for place in range(20)}
    site.pages = Pages({**pages, "/token": crowd})
    name = site.url.partition("://")[2]
    images = [ImageReference.parse(f"{name}/app-{place}") for place in range(20)]
    client = Client(Registries.parse({}, [name]), lambda _name: login, images, 0, NoPauses())
    trust = Trust.build(None, True)
    return ask_all(images, lambda: Session(client, trust, 5), 8)


@pytest.mark.parametrize("login", [None, Credential("bob", "secret")])
def test_tokens_for_one_repository_each_are_asked_for_side_by_side(
    site: Site, login: Credential | None
) -> None:
    crowd = Crowd()
    found = ask_crowd(site, crowd, login)
    assert [one for one in found.values() if isinstance(one, DockerHostError)] == []
    assert 1 < crowd.most <= 8
    # One more, to find out that there is none for several.
    assert crowd.asked == 21


def test_a_login_that_was_not_accepted_yet_is_not_tried_side_by_side(site: Site) -> None:
    crowd = Crowd(right="Basic other")
    found = ask_crowd(site, crowd, Credential("bob", "wrong"))
    assert all("login of bob" in str(one) for one in found.values())
    assert crowd.most == 1
    assert crowd.asked <= 6


def test_a_token_that_is_refused_for_one_repository_is_asked_for_the_others(site: Site) -> None:
    def token(visit: Visit) -> None:
        if "scope=repository%3Aapp-0%3Apull" in visit.path:
            visit.begin(403)
        else:
            visit.begin()
            visit.wfile.write(b'{"token": "abc"}')

    def page(visit: Visit) -> None:
        visit.begin()
        visit.wfile.write(INDEX)

    def closed(visit: Visit) -> None:
        if visit.headers.get("Authorization") == "Bearer abc":
            page(visit)
        else:
            visit.begin(401, **{"WWW-Authenticate": f'Bearer realm="{site.url}/token"'})

    tokens(site, token)
    site.pages.update({f"/v2/app-{place}/manifests/latest": closed for place in range(3)})
    found = ask_many(site, 3, Clock())
    assert "wants a login" in str(found["app-0"])
    assert [found[f"app-{place}"].kind for place in (1, 2)] == ["index", "index"]


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("https://[bad/", "what is no address"),
        ("//[:::]/", "what is no address"),
        ("https://[::1", "what is no address"),
        ("https://example.org:port/", "what is no address"),
        ("http://example.org/", "example.org without TLS"),
        ("http://\x85/", "what is no address"),
    ],
)
def test_a_redirect_to_nowhere_is_an_error_of_that_image(
    site: Site, target: str, words: str
) -> None:
    site.pages[f"/{PATH}"] = lambda visit: visit.begin(307, Location=target)
    asked = Asked(site)
    assert words in asked.error
    assert "Check the registry's configuration" in asked.error


def test_a_header_for_another_attempt_is_read_only_where_there_is_one(site: Site) -> None:
    def odd(visit: Visit) -> None:
        visit.begin(**{"Retry-After": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"})
        visit.wfile.write(MANIFEST)

    site.pages[f"/{PATH}"] = odd
    assert Asked(site).found.kind == "manifest"


def test_a_name_that_no_host_can_have_is_an_error_that_says_so() -> None:
    image = ImageReference.parse(f"{'a' * 64}.example.org/app")
    client = Client(Registries.parse({}, []), lambda _name: None, [image], 3, NoPauses())
    trust = Trust.build(None, True)
    found = ask_all([image], lambda: Session(client, trust, 5), 1)
    assert "cannot be resolved" in str(found[image])


class Odd:
    """A session that fails for one image as nobody foresaw."""

    def manifest(self, image: ImageReference, version: str) -> Document:
        if image.repository == "odd":
            raise ZeroDivisionError("Bearer secret-token")
        return Document(INDEX, f"sha256:{hashlib.sha256(INDEX).hexdigest()}", "", image.registry)

    config = manifest

    def close(self) -> None:
        """Hold nothing."""


def test_what_nobody_foresaw_fails_one_image_and_not_the_call() -> None:
    odd, good = (ImageReference.parse(f"example.org/{name}") for name in ("odd", "good"))
    found = ask_all([odd, good], Odd, 1)
    assert found[good].kind == "index"
    error = str(found[odd])
    assert "example.org/odd:latest cannot be looked up: ZeroDivisionError in test_registry" in error
    assert "report" in error
    assert "secret-token" not in error


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


def test_a_verdict_holds_no_password_and_nothing_that_json_or_a_terminal_cannot_take() -> None:
    target = Target(Platform.parse("arm64"))
    for name in (
        "https://user:hunter2@example.org/app",
        "https://us\ud800er:hunter2@x",
        "a\x1b[31m",
    ):
        wanted = Wanted(name, services=("compose.yml: w\udfffeb\n",))
        (reference,) = references([wanted])
        row = verdict(wanted, reference, None, target)
        text = json.dumps(row, ensure_ascii=False)
        assert text.encode()
        assert text.isprintable()
        assert "hunter2" not in text
    shown = verdict(Wanted("nginx:1"), DockerHostError("a\ud800", "b\x07"), None, target)
    assert (shown["name"], shown["error"]) == ("nginx:1", r"a\ud800 b\x07")


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
