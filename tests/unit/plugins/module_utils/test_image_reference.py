# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._image_reference import (
    ImageReference,
    is_digest,
)

DIGEST = "sha256:" + "0123456789abcdef" * 4

FULL = {
    "nginx": "docker.io/library/nginx:latest",
    "nginx:1.27": "docker.io/library/nginx:1.27",
    "library/nginx": "docker.io/library/nginx:latest",
    "arm64v8/docker:dind": "docker.io/arm64v8/docker:dind",
    "docker.io/nginx": "docker.io/library/nginx:latest",
    "docker.io/arm64v8/nginx:1": "docker.io/arm64v8/nginx:1",
    "index.docker.io/nginx": "docker.io/library/nginx:latest",
    "localhost/app": "localhost/app:latest",
    "localhost:5000/app:1": "localhost:5000/app:1",
    "registry.example.org:5000/a/b/c:v1.2_3": "registry.example.org:5000/a/b/c:v1.2_3",
    "127.0.0.1:5000/app": "127.0.0.1:5000/app:latest",
    "[::1]:5000/app": "[::1]:5000/app:latest",
    "Registry/app": "Registry/app:latest",
    f"nginx@{DIGEST}": f"docker.io/library/nginx@{DIGEST}",
    f"nginx:1.27@{DIGEST}": f"docker.io/library/nginx:1.27@{DIGEST}",
    f"example.org/a__b/c--d/e.f@{DIGEST}": f"example.org/a__b/c--d/e.f@{DIGEST}",
    "nginx:_": "docker.io/library/nginx:_",
}


@pytest.mark.parametrize(("text", "full"), FULL.items())
def test_a_name_is_read_as_docker_reads_it(text: str, full: str) -> None:
    assert str(ImageReference.parse(text)) == full
    assert str(ImageReference.parse(full)) == full


def test_tag_and_digest_stand_together_and_the_digest_decides() -> None:
    image = ImageReference.parse(f"nginx:1.27@{DIGEST}")
    assert (image.tag, image.digest, image.version) == ("1.27", DIGEST, DIGEST)
    assert ImageReference.parse("nginx").version == "latest"
    assert ImageReference.parse(f"nginx@{DIGEST}").tag == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "repository"), (" ", "repository"), ("nginx ", "repository"), (" nginx", "repository"),
        ("/nginx", "repository"), ("nginx/", "repository"), ("a//b", "repository"),
        ("Nginx", "small letters"), ("library/Nginx", "small letters"), (":tag", "repository"),
        ("nginx:", "tag"), ("nginx:-x", "tag"), ("nginx:a b", "tag"), ("nginx:" + "a" * 129, "tag"),
        ("nginx@", "digest"), ("nginx@sha256:abc", "digest"), (f"nginx@{DIGEST}0", "digest"),
        (f"nginx@{DIGEST.upper()}", "digest"), (f"nginx@{DIGEST}@{DIGEST}", "digest"),
        (f"nginx@md5:{'0' * 32}", "digest"), ("https://example.org/nginx", "https://"),
        ("0123456789abcdef" * 4, "id of an image"), (DIGEST, "id of an image"),
        ("example.org:port/app", "registry"),
        ("example.org:99999/app", "registry"), ("example.org:0/app", "registry"),
        ("-example.org/app", "registry"), ("ex_ample.org/app", "registry"),
        ("a" * 256, "255"), ("../etc/passwd", "registry"), ("a/../b", "repository"),
        ("[abc]/app", "registry"), ("[:::]/app", "registry"), ("[1::2::3]:5000/app", "registry"),
        ("[::1%eth0]/app", "registry"), ("[]/app", "registry"), ("[::1/app", "registry"),
        ("[fe80::1]:0/app", "registry"), ("a\ud800", "repository"), ("\udfff/app", "registry"),
        ("a\x1b[31m", "registry"), ("a\x85b", "repository"), ("//", "repository"),
        ("a._b", "repository"), ("a___b", "repository"), ("nginx\n", "repository"),
        ("nginx:1\n", "tag"), ("näme", "repository"), ("example.org/a?b=c", "repository"),
    ],
)  # fmt: skip
def test_what_is_no_name_is_an_error_that_says_why(text: str, words: str) -> None:
    with pytest.raises(DockerHostError) as error:
        ImageReference.parse(text)
    assert words in str(error.value)
    assert str(error.value).isprintable()


@pytest.mark.parametrize("user", ["user", "us\ud800er", "us\ner"])
def test_an_error_does_not_show_a_password_that_stands_in_the_name(user: str) -> None:
    with pytest.raises(DockerHostError) as error:
        ImageReference.parse(f"https://{user}:hunter2@example.org/app")
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (DIGEST, True),
        ("sha512:" + "a" * 128, True),
        ("sha512:" + "a" * 64, False),
        ("sha256:" + "g" * 64, False),
        ("sha256", False),
        ("", False),
    ],
)
def test_a_digest_has_as_many_digits_as_its_algorithm(text: str, right: bool) -> None:
    assert is_digest(text) is right


NAMES = st.from_regex(r"[a-z0-9]{1,9}([._-][a-z0-9]{1,9}){0,2}", fullmatch=True)
HOSTS = st.sampled_from(
    ["docker.io/", "localhost/", "example.org/", "a.example.org:5000/", "[::1]:5000/"]
)
TAGS = st.from_regex(r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,20})?", fullmatch=True)


@given(HOSTS, st.lists(NAMES, min_size=1, max_size=3), TAGS, st.sampled_from(["", f"@{DIGEST}"]))
def test_the_full_name_of_any_name_is_read_as_itself(host, names, tag, digest) -> None:
    image = ImageReference.parse(f"{host}{'/'.join(names)}{tag}{digest}".replace("\n", ""))
    assert ImageReference.parse(str(image)) == image
    assert image.version


@given(st.text(max_size=300))
def test_any_text_is_a_name_or_an_error(text: str) -> None:
    try:
        image = ImageReference.parse(text)
    except DockerHostError:
        return
    assert ImageReference.parse(str(image)) == image
