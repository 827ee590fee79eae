# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.arm64.docker.tests.unit.running import run_module
from ansible_collections.arm64.docker.tests.unit.web import Site, Visit

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
ROW = {
    "name", "reference", "registry", "digest", "media_type", "kind", "platforms",
    "requested_platform", "services", "selected", "supported", "error",
}  # fmt: skip


def index(*platforms: str) -> bytes:
    """Return an index of manifests that nobody asks for."""
    entries = [
        {
            "digest": f"sha256:{hashlib.sha256(name.encode()).hexdigest()}",
            "size": 7,
            "platform": dict(zip(("os", "architecture", "variant"), name.split("/"))),
        }
        for name in platforms
    ]
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    return json.dumps(document).encode()


BOTH, FOREIGN = index("linux/amd64", "linux/arm64/v8"), index("linux/amd64")


@pytest.fixture
def site() -> Iterator[Site]:
    pages = {"v2/both/manifests/1": BOTH, "v2/foreign/manifests/1": FOREIGN}
    with Site(**pages) as opened:
        yield opened


def name(site: Site, image: str) -> str:
    return f"{site.url.partition('://')[2]}/{image}"


def ask(site: Site, **options: Any) -> dict[str, Any]:
    given = {"insecure_registries": [site.url.partition("://")[2]], "retries": 0, **options}
    return run_module(
        "image_platform_info", given, environment={"DOCKER_CONFIG": "/nowhere", "TAG": "1"}
    )


def test_each_image_is_answered_and_sorted_by_what_became_of_it(site: Site) -> None:
    names = [name(site, image) for image in ("both:1", "foreign:1", "missing:1")] + ["No Name"]
    answer = ask(site, images=names)
    assert answer["changed"] is False
    assert [row["name"] for row in answer["images"]] == names
    assert all(row.keys() == ROW for row in answer["images"])
    assert answer["unsupported"] == [names[1]]
    assert answer["failed"] == answer["failed_images"] == names[2:]
    both = answer["images"][0]
    assert (both["kind"], both["media_type"]) == ("index", OCI_INDEX)
    assert both["digest"] == f"sha256:{hashlib.sha256(BOTH).hexdigest()}"
    assert [one["platform"] for one in both["platforms"]] == ["linux/amd64", "linux/arm64"]
    assert both["selected"]["digest"] == both["platforms"][1]["digest"]
    assert "does not exist" in answer["msg"]


def test_images_that_do_not_fit_are_no_failure(site: Site) -> None:
    answer = ask(site, images=[name(site, "foreign:1")])
    assert (answer["failed"], answer["unsupported"]) == ([], [name(site, "foreign:1")])
    assert "msg" not in answer


def test_nothing_to_ask_for_is_answered_with_nothing(site: Site) -> None:
    answer = ask(site)
    assert (answer["images"], answer["failed"], answer["rate_limits"]) == ([], [], {})


def test_the_images_of_compose_files_are_asked_for_their_services(
    site: Site, tmp_path: Path
) -> None:
    compose = tmp_path / "compose.yml"
    compose.write_text(
        f"""
services:
  web: {{image: "{name(site, "both")}:${{TAG}}"}}
  old: {{image: "{name(site, "both")}:1", platform: linux/amd64}}
  made: {{build: .}}
  other: {{image: "${{UNSET}}"}}
"""
    )
    answer = ask(site, compose_files=[str(compose)], images=[name(site, "both:1")])
    web, old, other = answer["images"]
    assert (web["services"], web["supported"]) == ([f"{compose}: web"], True)
    assert (old["requested_platform"], old["supported"]) == ("linux/amd64", False)
    assert "UNSET" in other["error"]
    emulated = ask(site, compose_files=[str(compose)], emulated_platforms=["x86_64"])
    assert emulated["images"][1]["selected"]["match"] == "emulated"


def test_a_broken_compose_file_fails_by_its_own_name(site: Site, tmp_path: Path) -> None:
    (tmp_path / "compose.yml").write_text("services: [")
    place = str(tmp_path / "compose.yml")
    answer = ask(site, compose_files=[place], images=[name(site, "both:1")])
    assert answer["failed"] == [place]
    assert answer["images"][0]["supported"] is True


def test_a_password_is_in_no_answer(site: Site) -> None:
    def closed(visit: Visit) -> None:
        visit.begin(401, **{"WWW-Authenticate": 'Basic realm="x"'})

    site.pages["/v2/both/manifests/1"] = closed
    login = {
        "registry": site.url.partition("://")[2],
        "username": "me",
        "password": "hunter2hunter2",
    }
    answer = ask(site, images=[name(site, "both:1")], registry_auth=[login])
    assert "login of me" in answer["images"][0]["error"]
    assert "hunter2" not in json.dumps(answer)


@pytest.mark.parametrize("where", ["images", "compose_files"])
def test_a_password_in_the_name_of_an_image_is_in_no_answer(
    site: Site, tmp_path: Path, where: str
) -> None:
    odd = "https://someone:hunter2hunter2@example.org/app"
    compose = tmp_path / "compose.yml"
    compose.write_text(f"services: {{web: {{image: '{odd}'}}}}")
    answer = ask(site, **{where: [odd] if where == "images" else [str(compose)]})
    (row,) = answer["images"]
    assert answer["failed"] == answer["failed_images"] == [row["name"]]
    assert row["name"].endswith("@example.org/app")
    assert "hunter2" not in json.dumps(answer)


def test_a_mirror_whose_address_holds_a_password_is_refused_without_it(site: Site) -> None:
    mirrors = {"docker.io": ["https://someone:hunter2hunter2@mirror.example.org:5000"]}
    answer = ask(site, images=["nginx"], mirrors=mirrors)
    assert "has a user and a password" in answer["msg"]
    assert "registry_auth, for mirror.example.org:5000" in answer["msg"]
    assert "hunter2" not in json.dumps(answer)


def test_what_one_registry_sends_does_not_keep_the_other_images(site: Site) -> None:
    odd = json.loads(BOTH)
    odd["manifests"][0]["platform"]["os"] = "lin\ud800ux"
    site.pages["/v2/odd/manifests/1"] = json.dumps(odd).encode()
    site.pages["/v2/moved/manifests/1"] = lambda visit: visit.begin(307, Location="https://[bad/")
    bad = [name(site, image) for image in ("odd:1", "moved:1")] + ["[abc]/app", "[:::]/app"]
    answer = ask(site, images=[*bad, name(site, "both:1")])
    assert answer["failed"] == bad
    assert answer["images"][-1]["supported"] is True
    assert json.dumps(answer, ensure_ascii=False).encode()


def test_check_mode_answers_the_same(site: Site) -> None:
    given = {
        "images": [name(site, "both:1")],
        "insecure_registries": [site.url.partition("://")[2]],
    }
    real = run_module("image_platform_info", given)
    assert run_module("image_platform_info", given, check_mode=True) == real


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"platform": "banana"}, "'banana'"),
        ({"emulated_platforms": ["banana"]}, "'banana'"),
        ({"concurrency": 65}, "concurrency"),
        ({"ca_path": "/nowhere.pem"}, "/nowhere.pem"),
        ({"mirrors": 7}, "mirrors"),
        ({"insecure_registries": ["a b"]}, "insecure_registries"),
        ({"docker_config": "/nowhere.json"}, "/nowhere.json"),
    ],
)
def test_an_option_that_makes_no_sense_fails_the_call(
    site: Site, options: dict[str, Any], words: str
) -> None:
    answer = ask(site, images=[name(site, "both:1")], **options)
    assert answer["failed"] is True
    assert words in answer["msg"]
    assert site.asked == []
