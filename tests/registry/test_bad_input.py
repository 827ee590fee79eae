# SPDX-License-Identifier: GPL-3.0-or-later
"""Registries that misbehave: each an error for that image, which says what to do."""

from __future__ import annotations

import json
import socket
import time

import pytest

from registry.asking import ask, ask_one
from registry.images import digest, single
from registry.lifecycle import PASSWORD, USER
from registry.server import Server
from registry.tls import Authority

IMAGE = single("test/image", "oci", "linux/arm64")
TYPE = IMAGE.media_type
GOOD = "test/good"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority") / "tls")


@pytest.fixture(scope="module")
def tls(authority):
    return authority.sign("server")


@pytest.fixture
def serve(tls):
    """Return a server that answers as told for an image, and well for GOOD."""
    opened = []

    def start(answer, context=tls):
        def choose(visit):
            for name, content in IMAGE.blobs.items():
                if visit.path.endswith(name) and f"/{GOOD}/" in visit.path:
                    visit.send(200, content)
                    return
            if f"/{GOOD}/" in visit.path:
                visit.send(200, IMAGE.manifest, Content_Type=TYPE)
            else:
                answer(visit)

        server = Server(choose, context.context() if context else None)
        opened.append(server)
        return server.__enter__()

    yield start
    for server in opened:
        server.__exit__()


def ask_beside_a_good_one(server, authority, **options):
    """Return the error for an image; another of the same call must not suffer from it."""
    given = {"ca_path": str(authority.certificate), "retries": 0, "concurrency": 2, **options}
    answer = ask(images=[f"{server.name}/test/image", f"{server.name}/{GOOD}"], **given)
    bad, good = answer["images"]
    assert good["error"] is None
    assert answer["failed"] == [bad["name"]]
    assert bad["supported"] is False
    return bad["error"]


def test_a_registry_that_is_down(authority):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        name = f"127.0.0.1:{unused.getsockname()[1]}"
        started = time.monotonic()
        answer = ask(images=[f"{name}/image-{number}" for number in range(50)], retries=1)
    assert len(answer["failed"]) == 50
    for row in answer["images"]:
        assert f"{name} cannot be reached: Connection refused" in row["error"]
        assert "Check that the registry runs" in row["error"]
    # The first failure is waited for and tried again, not each of the fifty.
    assert time.monotonic() - started < 15


def test_a_registry_that_does_not_answer_in_time(serve, authority):
    server = serve(lambda visit: visit.server.over.wait(20))
    error = ask_beside_a_good_one(server, authority, timeout=1)
    assert f"{server.name} did not answer within 1 s" in error


def test_a_registry_that_sends_a_byte_now_and_then(serve, authority):
    def drip(visit):
        visit.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not visit.server.over.wait(0.2):
            visit.wfile.write(b" ")

    started = time.monotonic()
    error = ask_beside_a_good_one(serve(drip), authority, timeout=2)
    assert "within 2 s" in error
    assert time.monotonic() - started < 8


def test_a_registry_whose_headers_never_end(serve, authority):
    def drip(visit):
        visit.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not visit.server.over.wait(0.2):
            visit.wfile.write(b"x")

    assert "within 2 s" in ask_beside_a_good_one(serve(drip), authority, timeout=2)


def test_a_registry_that_closes_in_the_middle_of_a_body(serve, authority):
    def cut(visit):
        visit.send(200, IMAGE.manifest, Content_Length=str(len(IMAGE.manifest) + 10))
        visit.close_connection = True

    assert "in the middle of its answer" in ask_beside_a_good_one(serve(cut), authority)


def test_a_registry_that_closes_once_is_asked_again(serve, authority):
    def cut_once(visit):
        if len(visit.server.asked) == 1:
            visit.close_connection = True
        elif "/blobs/" in visit.path:
            visit.send(200, IMAGE.blobs[visit.path.rpartition("/")[2]])
        else:
            visit.send(200, IMAGE.manifest, Content_Type=TYPE)

    server = serve(cut_once)
    row = ask_one(f"{server.name}/test/image", ca_path=str(authority.certificate), retries=1)
    assert row["error"] is None


@pytest.mark.parametrize(
    ("status", "media_type"), [(200, "text/html"), (200, TYPE), (200, "text/html; charset=utf-8")]
)
def test_a_web_page_instead_of_a_registry(serve, authority, status, media_type):
    server = serve(lambda visit: visit.send(status, b"<html>Hello</html>", Content_Type=media_type))
    error = ask_beside_a_good_one(server, authority)
    assert "web page" in error or "is no JSON" in error
    assert "address of the registry" in error or "address of a registry" in error


def test_credentials_do_not_follow_a_redirect_to_another_host(serve, authority):
    seen = []

    def elsewhere(visit):
        seen.append(visit.headers.get("Authorization"))
        if "/blobs/" in visit.path:
            visit.send(200, IMAGE.blobs[visit.path.rpartition("/")[2]])
        else:
            visit.send(200, IMAGE.manifest, Content_Type=TYPE)

    other = serve(elsewhere)

    def redirect(visit):
        if not visit.headers.get("Authorization"):
            visit.send(401, WWW_Authenticate='Basic realm="here"')
        else:
            visit.send(307, Location=f"https://{other.name}{visit.path}")

    server = serve(redirect)
    row = ask_one(
        f"{server.name}/test/image",
        ca_path=str(authority.certificate),
        registry_auth=[{"registry": server.name, "username": USER, "password": PASSWORD}],
    )
    assert row["error"] is None
    assert seen == [None, None]
    assert server.asked[1][2] is not None


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("http://127.0.0.1:1/v2/", "without TLS"),
        ("file:///etc/passwd", "no address"),
        ("https://[bad/", "no address"),
        ("https://127.0.0.1:99999/", "no address"),
        ("", "HTTP 307"),
    ],
)
def test_a_redirect_to_nowhere_good(serve, authority, target, words):
    server = serve(lambda visit: visit.send(307, Location=target))
    assert words in ask_beside_a_good_one(server, authority)


def test_a_redirect_in_a_circle(serve, authority):
    server = serve(lambda visit: visit.send(307, Location=visit.path))
    assert "more than 5 times" in ask_beside_a_good_one(server, authority)


def test_a_redirect_to_a_host_that_wants_a_login(serve, authority):
    other = serve(lambda visit: visit.send(401, WWW_Authenticate='Basic realm="there"'))
    server = serve(lambda visit: visit.send(307, Location=f"https://{other.name}/x"))
    error = ask_beside_a_good_one(server, authority)
    assert f"{other.name}, which wants a login" in error


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("expired", {"days": 0}, "expired"),
        ("wrong", {"names": "DNS:other.example.org"}, "127.0.0.1"),
    ],
)
def test_a_certificate_that_is_not_right(serve, authority, name, options, words):
    certificate = authority.sign(name, **options)
    time.sleep(1.1 if name == "expired" else 0)
    server = serve(lambda visit: visit.send(404), certificate)
    row = ask_one(f"{server.name}/test/image", ca_path=str(authority.certificate))
    assert f"The certificate of {server.name} is not trusted" in row["error"]
    assert words in row["error"]
    assert "ca_path" in row["error"]


def test_an_authority_that_is_not_known_and_ways_to_accept_it(serve, authority):
    server = serve(lambda visit: visit.send(404))
    name = f"{server.name}/{GOOD}"
    assert "is not trusted" in ask_one(name)["error"]
    assert ask_one(name, validate_certs=False)["error"] is None
    assert ask_one(name, insecure_registries=[server.name])["error"] is None
    assert "is not trusted" in ask_one(name, insecure_registries=["127.0.0.1:1"])["error"]


def test_plain_http_only_where_it_is_named(serve):
    server = serve(lambda visit: visit.send(404), None)
    name = f"{server.name}/{GOOD}"
    row = ask_one(name, retries=0)
    assert "over TLS" in row["error"]
    assert "insecure_registries" in row["error"]
    assert all(path.startswith("/v2") for _, path, _ in server.asked) or not server.asked
    assert ask_one(name, insecure_registries=[server.name], retries=0)["error"] is None


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_of_100_mb_is_not_read(serve, authority, announced):
    sent = []

    def flood(visit):
        visit.send_response(200)
        if announced:
            visit.send_header("Content-Length", str(100 * 1024 * 1024))
        else:
            visit.send_header("Connection", "close")
        visit.end_headers()
        for _ in range(100):
            visit.wfile.write(b" " * 1024 * 1024)
            sent.append(1)

    error = ask_beside_a_good_one(serve(flood), authority)
    assert "sends more than 4096 KiB" in error
    assert len(sent) < 30


SHAPES = {
    "nothing": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "a text": b'"text"',
    "null": b"null",
    "an empty object": b"{}",
    "deep": b"[" * 100000,
    "manifests is no list": b'{"manifests": {}}',
    "an entry is no object": b'{"manifests": [1]}',
    "an entry without a digest": b'{"manifests": [{"size": 1}]}',
    "a digest that is a path": b'{"manifests": [{"digest": "../../etc", "size": 1}]}',
    "a size that is a text": json.dumps({"manifests": [{"digest": IMAGE.digest, "size": "1"}]}),
    "a config that is a text": b'{"config": "text", "layers": []}',
    "a config without a digest": b'{"config": {}, "layers": []}',
    "both": b'{"manifests": [], "config": {}, "layers": []}',
    "no UTF-8": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_json_of_the_wrong_shape(serve, authority, shape):
    body = SHAPES[shape]
    body = body.encode() if isinstance(body, str) else body
    server = serve(lambda visit: visit.send(200, body, Content_Type="application/json"))
    error = ask_beside_a_good_one(server, authority)
    assert "is no JSON" in error or "neither an index nor a manifest" in error


def test_a_body_that_its_digest_does_not_stand_for(serve, authority):
    other = digest(b"something else")
    by_header = serve(
        lambda visit: visit.send(
            200, IMAGE.manifest, Content_Type=TYPE, Docker_Content_Digest=other
        )
    )
    error = ask_beside_a_good_one(by_header, authority)
    assert other in error
    assert "Do not use this image" in error
    by_name = serve(lambda visit: visit.send(200, IMAGE.manifest, Content_Type=TYPE))
    row = ask_one(f"{by_name.name}/test/image@{other}", ca_path=str(authority.certificate))
    assert other in row["error"]
    assert row["digest"] is None


def test_a_configuration_that_its_digest_does_not_stand_for(serve, authority):
    def answer(visit):
        if "/blobs/" in visit.path:
            visit.send(200, b'{"os": "linux", "architecture": "arm64"}')
        else:
            visit.send(200, IMAGE.manifest, Content_Type=TYPE)

    assert "Do not use this image" in ask_beside_a_good_one(serve(answer), authority)


def test_a_registry_that_is_busy_is_waited_for(serve, authority):
    def busy(visit):
        tries = len([1 for _, path, _ in visit.server.asked if "/manifests/" in path])
        if tries == 1:
            visit.send(429, b"{}", Retry_After="2")
        elif tries == 2:
            visit.send(503)
        elif "/blobs/" in visit.path:
            visit.send(200, IMAGE.blobs[visit.path.rpartition("/")[2]])
        else:
            headers = {"RateLimit_Limit": "100;w=21600", "RateLimit_Remaining": "7;w=21600"}
            visit.send(200, IMAGE.manifest, Content_Type=TYPE, **headers)

    server = serve(busy)
    started = time.monotonic()
    answer = ask(images=[f"{server.name}/test/image"], ca_path=str(authority.certificate))
    assert answer["failed"] == []
    assert time.monotonic() - started >= 2
    assert answer["rate_limits"] == {
        server.name: {"limit": 100, "remaining": 7, "window_seconds": 21600}
    }


def test_a_registry_that_wants_an_hour_is_not_waited_for(serve, authority):
    server = serve(lambda visit: visit.send(429, b"{}", Retry_After="3600"))
    started = time.monotonic()
    error = ask_beside_a_good_one(server, authority, retries=3)
    assert "takes no more requests for now" in error
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("status", [400, 403, 405, 418, 500, 502])
def test_other_refusals_are_errors_with_their_status(serve, authority, status):
    server = serve(lambda visit: visit.send(status, b'{"errors": [{"code": "DENIED"}]}'))
    assert f"HTTP {status}, DENIED" in ask_beside_a_good_one(server, authority)


CHALLENGES = {
    "no realm": "Bearer",
    "a realm without TLS": 'Bearer realm="http://127.0.0.1:1/token"',
    "a realm that is none": 'Bearer realm="nonsense"',
    "another kind": "Negotiate",
    "nonsense": '"",,,=',
}


@pytest.mark.parametrize("kind", CHALLENGES)
def test_a_challenge_that_cannot_be_met(serve, authority, kind):
    server = serve(lambda visit: visit.send(401, WWW_Authenticate=CHALLENGES[kind]))
    login = [{"registry": server.name, "username": USER, "password": PASSWORD}]
    error = ask_beside_a_good_one(server, authority, registry_auth=login)
    assert server.name in error
    assert PASSWORD not in error


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"token": 1}', b'{"token": "a\\r\\nX-Evil: 1"}', b'{"token": ""}'],
)
def test_a_token_service_that_gives_no_token(serve, authority, body):
    def answer(visit):
        if visit.path.startswith("/token"):
            visit.send(200, body)
        else:
            realm = f"https://{visit.server.name}/token"
            visit.send(401, WWW_Authenticate=f'Bearer realm="{realm}",service="s"')

    error = ask_beside_a_good_one(serve(answer), authority)
    assert "gives no token" in error


def test_an_image_that_a_login_must_not_read_does_not_spoil_the_login(serve, authority):
    def choose(visit):
        if not visit.headers.get("Authorization") or "/secret" in visit.path:
            visit.send(401, WWW_Authenticate='Basic realm="here"')
        elif "/blobs/" in visit.path:
            visit.send(200, IMAGE.blobs[visit.path.rpartition("/")[2]])
        else:
            visit.send(200, IMAGE.manifest, Content_Type=TYPE)

    server = serve(choose)
    names = [f"{server.name}/{name}" for name in ("secret", "open-1", "open-2")]
    answer = ask(
        images=names,
        ca_path=str(authority.certificate),
        registry_auth=[{"registry": server.name, "username": USER, "password": PASSWORD}],
        concurrency=1,
    )
    assert answer["failed"] == names[:1]


def test_a_wrong_password_is_not_sent_for_every_image(serve, authority):
    server = serve(lambda visit: visit.send(401, WWW_Authenticate='Basic realm="here"'))
    answer = ask(
        images=[f"{server.name}/image-{number}" for number in range(30)],
        ca_path=str(authority.certificate),
        registry_auth=[{"registry": server.name, "username": USER, "password": PASSWORD}],
        concurrency=2,
    )
    assert len(answer["failed"]) == 30
    assert len([1 for _, _, login in server.asked if login]) <= 6


def test_what_a_registry_sends_back_of_a_login_is_not_shown(serve, authority):
    def echo(visit):
        said = visit.headers.get("Authorization") or ""
        if not said:
            visit.send(401, WWW_Authenticate='Basic realm="here"')
            return
        body = {"errors": [{"code": said, "message": said, "detail": said}]}
        visit.send(403, json.dumps(body).encode(), X_Said=said, Content_Type=said)

    server = serve(echo)
    answer = ask(
        images=[f"{server.name}/test/image"],
        ca_path=str(authority.certificate),
        registry_auth=[{"registry": server.name, "username": USER, "password": PASSWORD}],
    )
    shown = json.dumps(answer)
    assert server.asked[1][2] is not None
    assert PASSWORD not in shown
    assert server.asked[1][2].split()[1] not in shown


def test_names_that_are_none_fail_beside_those_that_are(serve, authority):
    server = serve(lambda visit: visit.send(404))
    names = ["NOT A NAME", "https://example.org/x", f"{server.name}/{GOOD}", ""]
    answer = ask(images=names, ca_path=str(authority.certificate))
    assert answer["failed"] == [names[0], names[1], names[3]]
    assert answer["images"][2]["supported"] is True


def test_an_artifact_that_is_no_image(serve, authority):
    chart = {
        "schemaVersion": 2,
        "mediaType": TYPE,
        "config": {
            "mediaType": "application/vnd.cncf.helm.config.v1+json",
            "digest": IMAGE.digest,
            "size": 1,
        },
        "layers": [],
    }
    server = serve(lambda visit: visit.send(200, json.dumps(chart).encode(), Content_Type=TYPE))
    assert "is no image" in ask_beside_a_good_one(server, authority)


def test_an_index_that_names_itself_is_not_followed_for_ever(serve, authority):
    def answer(visit):
        entry = {"mediaType": "application/vnd.oci.image.index.v1+json", "size": 1}
        entries = [{**entry, "digest": digest(str(n).encode())} for n in range(3)]
        visit.send(200, json.dumps({"schemaVersion": 2, "manifests": entries}).encode())

    error = ask_beside_a_good_one(serve(answer), authority)
    # Nobody can make an index that holds its own digest: it is found out as damaged.
    assert "Do not use this image" in error


def test_options_that_make_no_sense_fail_the_call(tmp_path):
    (tmp_path / "broken.json").write_text("{")
    for options, words in [
        ({"platform": "banana"}, "'banana'"),
        ({"concurrency": 0}, "concurrency"),
        ({"timeout": 0}, "timeout"),
        ({"retries": 11}, "retries"),
        ({"ca_path": str(tmp_path / "missing.pem")}, "ca_path"),
        ({"docker_config": str(tmp_path / "missing.json")}, "missing.json"),
        ({"docker_config": str(tmp_path / "broken.json")}, "line 1"),
        ({"mirrors": ["mirror.example.org"]}, "mirrors"),
        ({"mirrors": ["http://mirror.example.org"]}, "without TLS"),
        ({"insecure_registries": ["https://x"]}, "insecure_registries"),
    ]:
        answer = ask(images=["nginx"], **options)
        assert answer["failed"] is True
        assert words in answer["msg"]
