# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the key comes from: web servers of the test's own on the loopback, good and bad."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.arm64.docker.tests.unit.keys import (
    ED25519,
    RSA,
    install,
    key,
    refused,
)
from ansible_collections.arm64.docker.tests.unit.tls import self_signed
from ansible_collections.arm64.docker.tests.unit.web import Site, Visit

ARMOURED = key("rsa-with-subkey.asc")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the key shall lie; its folder does not exist."""
    return tmp_path / "keyrings/docker.asc"


@pytest.fixture
def site() -> Iterator[Site]:
    with Site(gpg=ARMOURED, other=key("ed25519.asc")) as opened:
        yield opened


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (key("ed25519.asc"), [ED25519, RSA, "was not written"]),
        (key("ed25519.asc") + ARMOURED, [f"{ED25519} and {RSA}", f"{RSA} alone"]),
        (b"<!DOCTYPE html><html>Sign in</html>", ["it is an HTML page"]),
        (b"", ["it is empty"]),
        (ARMOURED[:500], ["it is cut off"]),
        (b"x" * (1024 * 1024 + 1), ["more than 1024 KiB"]),
        (404, ["404"]),
        (500, ["500"]),
    ],
)
def test_a_wrong_answer_is_never_written(
    place: Path, site: Site, content: bytes | int, words: list[str]
) -> None:
    site.pages["/gpg"] = content
    message = refused(install(place, url=f"{site.url}/gpg"), place)
    assert all(word in message for word in [*words, f"{site.url}/gpg"])


def test_an_answer_without_an_end_is_not_read_to_it(place: Path, site: Site) -> None:
    def endless(visit: Visit) -> None:
        visit.begin()
        while not site.over.is_set():
            visit.wfile.write(b"x" * 65536)

    site.pages["/gpg"] = endless
    assert "more than 1024 KiB" in refused(install(place, url=f"{site.url}/gpg"), place)


@pytest.mark.parametrize("drip", [False, True])
def test_a_server_that_takes_its_time_costs_no_more_than_the_timeout(
    place: Path, site: Site, drip: bool
) -> None:
    def slow(visit: Visit) -> None:
        visit.begin()
        while not site.over.wait(0.1):
            if drip:
                visit.wfile.write(b"x")

    site.pages["/gpg"] = slow
    started = time.monotonic()
    message = refused(install(place, url=f"{site.url}/gpg", timeout=1), place)
    assert time.monotonic() - started < 8
    assert "within 1 s" in message


def test_a_server_that_is_not_there_is_an_error_that_says_so(place: Path) -> None:
    with Site() as gone:
        pass
    message = refused(install(place, url=f"{gone.url}/gpg"), place)
    assert "refused" in message
    assert "proxy" in message


def test_an_answer_may_be_elsewhere(place: Path, site: Site) -> None:
    site.pages["/moved"] = lambda visit: visit.begin(302, Location="/gpg")
    assert install(place, url=f"{site.url}/moved")["changed"] is True
    assert site.asked == ["/moved", "/gpg"]


def test_the_proxy_of_the_environment_is_used(place: Path, site: Site) -> None:
    address = "http://keys.example.org/gpg"
    site.pages[address] = ARMOURED
    environment = dict.fromkeys(("no_proxy", "NO_PROXY"), "")
    environment.update(dict.fromkeys(("http_proxy", "HTTP_PROXY"), site.url))
    assert install(place, environment=environment, url=address)["changed"] is True
    assert site.asked == [address]


def test_a_password_in_the_address_is_never_repeated(place: Path, site: Site) -> None:
    address = site.url.replace("//", "//field:hunter2@")
    for page in ("other", "missing", "gpg", "gpg"):
        answer = install(place, url=f"{address}/{page}")
        assert "hunter2" not in json.dumps(answer)
    assert site.asked == ["/other", "/missing", "/gpg"]


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of 127.0.0.1 that signs itself, with its key in one file."""
    return self_signed(tmp_path / "server.pem")


@pytest.mark.parametrize("trust", [{"validate_certs": False}, {"ca_path": "server.pem"}])
def test_a_certificate_must_be_trusted(place: Path, certificate: Path, trust: dict) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Site(context, gpg=ARMOURED) as site:
        message = refused(install(place, url=f"{site.url}/gpg"), place)
        assert "CERTIFICATE_VERIFY_FAILED" in message
        assert "ca_path" in message
        if "ca_path" in trust:
            trust = {"ca_path": str(certificate)}
        assert install(place, url=f"{site.url}/gpg", **trust)["changed"] is True


@pytest.mark.parametrize("url", ["ftp://keys.example.org/gpg", "gpg", "", "http://[/gpg"])
def test_what_is_no_address_is_an_error_that_names_it(place: Path, url: str) -> None:
    assert url in refused(install(place, url=url), place)
