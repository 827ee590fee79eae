# SPDX-License-Identifier: GPL-3.0-or-later
"""The server is what the tests take it for: without a container, with Python's own client."""

from __future__ import annotations

import http.client
import ssl
import urllib.error
import urllib.request

import pytest

from desktop.server import NAME, ROOT


@pytest.fixture
def get(certificates, web):
    context = ssl.create_default_context(cafile=certificates / "ca.pem")

    def get(path: str, **headers: str) -> tuple[int, bytes]:
        request = urllib.request.Request(web.address + path, headers=headers)
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:
            return answer.status, answer.read()

    return get


def test_a_build_has_its_package_its_checksum_and_ranges(web, get):
    digest = web.publish("1234", b"package")
    assert get(f"{ROOT}/1234/{NAME}") == (200, b"package")
    assert f"{digest} *{NAME}" in get(f"{ROOT}/1234/checksums.txt")[1].decode()
    assert get(f"{ROOT}/1234/{NAME}", Range="bytes=3-") == (206, b"kage")


def test_withdrawn_builds_are_forbidden_and_unknown_ones_are_not_found(web, get):
    web.withdrawn.add(f"{ROOT}/1111/")
    for build, status in (("1111", 403), ("2222", 404)):
        with pytest.raises(urllib.error.HTTPError) as error:
            get(f"{ROOT}/{build}/{NAME}")
        assert error.value.code == status


def test_redirects_are_followed(web, get):
    web.publish("3333", b"moved")
    web.moved["/here"] = f"{web.address}{ROOT}/3333/{NAME}"
    assert get("/here") == (200, b"moved")


def test_a_file_is_cut_short_as_often_as_told(web, get):
    web.publish("4444", b"complete")
    web.cuts[f"{ROOT}/4444/{NAME}"] = 1
    with pytest.raises(http.client.IncompleteRead):
        get(f"{ROOT}/4444/{NAME}")
    assert get(f"{ROOT}/4444/{NAME}") == (200, b"complete")
