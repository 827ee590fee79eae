# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.arm64.docker.plugins.filter.audit_report import FilterModule

audit_report = FilterModule().filters()["audit_report"]

DIGEST = f"sha256:{'a' * 64}"


def host(name: str, platform: str, *images: str, running: tuple = ()) -> dict[str, Any]:
    return {
        "name": name,
        "facts": {"platform": {"platform": platform, "aarch32": True}, "emulation": None},
        "needs": [{"what": "docker_audit_images", "image": image} for image in images],
        "running": [{"what": "container web", "image": image} for image in running],
    }


def answer(image: str, *platforms: str) -> dict[str, Any]:
    listed = [{"platform": one, "digest": DIGEST, "size": 1} for one in platforms]
    error = None if platforms else f"{image} does not exist."
    known = {"digest": DIGEST if platforms else None, "error": error, "platforms": listed}
    return {"reference": f"docker.io/library/{image}", **known}


def test_hosts_of_one_platform_share_a_row_and_a_verdict_has_its_own() -> None:
    fleet = [
        host("pi4", "linux/arm64", "nginx:1"),
        host("pi5", "linux/arm64", "nginx:1"),
        host("builder", "linux/amd64", "nginx:1"),
    ]
    report = audit_report(fleet, [answer("nginx:1", "linux/arm64")])
    assert [(row["hosts"], row["verdict"]) for row in report["rows"]] == [
        (["pi4", "pi5"], "exact"),
        (["builder"], "unsupported"),
    ]
    assert [row["hosts"] for row in report["bad"]] == [["builder"]]
    assert report["table"][1].split() == [
        "nginx:1", "linux/arm64", "pi4", "pi5", "exact", "linux/arm64", "-",
    ]  # fmt: skip


def test_only_what_was_asked_for_and_fits_is_suggested_the_nearest_first() -> None:
    fleet = [host("pi", "linux/arm64", "nginx:1.2")]
    known = [answer("nginx:1.2", "linux/amd64")]
    first = audit_report(fleet, known)
    assert first["rows"][0]["instead"] is None
    assert "docker.io/arm64v8/nginx:1.2" in first["candidates"]
    tried = [
        answer("nginx:1", "linux/amd64"),
        answer("nginx:2", "linux/arm64"),
        answer("nginx:1.3", "linux/arm64"),
        answer("nginx:latest"),
    ]
    assert audit_report(fleet, known, tried)["rows"][0]["instead"] == "nginx:1.3"


def test_what_only_runs_and_no_registry_knows_is_shown_and_not_bad() -> None:
    report = audit_report([host("pi", "linux/arm64", running=("own:1",))], [answer("own:1")])
    assert report["rows"][0]["verdict"] == "unknown"
    assert report["bad"] == []
    named = audit_report(
        [host("pi", "linux/arm64", "own:1", running=("own:1",))], [answer("own:1")]
    )
    assert [row["used_by"] for row in named["bad"]] == [["docker_audit_images", "container web"]]


@pytest.mark.parametrize(
    ("digests", "bad"), [([], True), ([DIGEST], True), ([f"sha256:{'b' * 64}"], False)]
)
def test_what_only_runs_and_is_another_image_than_the_registry_has_is_not_bad(
    digests: list[str], bad: bool
) -> None:
    pi = host("pi", "linux/arm64", running=("own:1",))
    pi["running"][0]["digests"] = digests
    report = audit_report([pi], [answer("own:1", "linux/amd64")])
    assert report["rows"][0]["verdict"] == "unsupported"
    assert bool(report["bad"]) is bad
    named = {**pi, "needs": [{"what": "docker_audit_images", "image": "own:1"}]}
    assert audit_report([named], [answer("own:1", "linux/amd64")])["bad"]


def test_what_a_compose_file_builds_is_not_bad_where_no_registry_has_it() -> None:
    pi = host("pi", "linux/arm64", "own:1")
    pi["needs"][0]["built"] = True
    report = audit_report([pi], [answer("own:1")])
    assert [row["verdict"] for row in report["rows"]] == ["built"]
    assert report["bad"] == []
    assert report["table"][1].split()[-2:] == ["built", "-"]


def test_a_password_in_what_is_no_name_is_in_no_report() -> None:
    odd = "https://someone:hunter2@example.org/app\x1b[31m"
    report = audit_report([host("pi", "linux/arm64", odd)], [])
    assert "hunter2" not in str(report)
    assert "\x1b" not in "".join(report["table"])
    assert report["bad"][0]["image"].endswith("@example.org/app\\x1b[31m")


def test_a_fleet_that_needs_nothing_has_a_table_of_headings_only() -> None:
    report = audit_report([host("pi", "linux/arm64")], [])
    assert report["table"] == ["IMAGE  PLATFORMS  HOSTS  VERDICT  INSTEAD"]
    assert (report["rows"], report["bad"], report["candidates"]) == ([], [], [])


@pytest.mark.parametrize("hosts", [[{}], [{"name": "a", "facts": {}, "needs": []}], 3])
def test_another_shape_is_an_error_of_the_filter(hosts: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="audit_report takes"):
        audit_report(hosts, [])
