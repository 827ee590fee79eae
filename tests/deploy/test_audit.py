# SPDX-License-Identifier: GPL-3.0-or-later
"""audit_images against registries: one question a fleet, a table, JSON, and a status for CI."""

from __future__ import annotations

import json
import os
import tempfile

import pytest
from registry.images import index, push_by_hand, single

from deploy.conftest import PREFIX
from deploy.images import OTHER, OWN, write_shell


def rows(path):
    """Return the rows of a report by their images."""
    return {row["image"]: row for row in json.loads(path.read_text())["images"]}


def test_images_that_fit_are_a_success_and_nothing_is_pulled(host, images, tmp_path):
    names = [images["both"], images["own"]]
    # Ansible is started in a folder of its own beside those of the tests.
    place = f"../{os.path.relpath(tmp_path, tempfile.gettempdir())}/report.json"
    run = host.audit(docker_audit_images=names, docker_audit_json=place)
    assert run.demand().changed == 0
    found = rows(tmp_path / "report.json")
    assert [found[name]["verdict"] for name in names] == ["exact", "exact"]
    assert found[names[0]]["platforms"] == ["linux/amd64", "linux/arm64"]
    assert found[names[0]]["digest"].startswith("sha256:")
    assert PREFIX not in host.docker("images", "--format", "{{.Repository}}")
    assert f"exact linux/{OWN}" in run.output


def test_an_image_that_does_not_fit_fails_with_what_to_do(host, images, tmp_path):
    run = host.audit(docker_audit_images=[images["both"], images["other"]])
    assert run.rc == 2
    assert f"is not there for linux/{OWN}, but for linux/{OTHER}" in run.output
    warned = host.audit(docker_audit_images=[images["other"]], docker_audit_policy="warn")
    assert warned.demand().changed == 0
    assert f"is not there for linux/{OWN}" in warned.output


def test_a_newer_tag_is_suggested_only_where_it_exists_and_fits(host, registries, images, tmp_path):
    repository = f"{PREFIX}/versions"
    for number, tags, platform in (
        (0, ["1.2.0"], f"linux/{OTHER}"),
        (1, ["1.3.0"], f"linux/{OTHER}"),
        (2, ["1", "latest"], f"linux/{OWN}"),
    ):
        image = single(repository, "oci", platform)
        image.manifest += b" " * number
        push_by_hand(image, registries.open, registries.ca, tags)
    name = f"{registries.open.name}/{repository}:1.2.0"
    run = host.audit(
        docker_audit_images=[name, images["other"]], docker_audit_json=str(tmp_path / "report.json")
    )
    assert run.rc == 2
    found = rows(tmp_path / "report.json")
    assert found[name]["instead"] == name.replace("1.2.0", "1")
    assert found[images["other"]]["instead"] is None


def test_a_fleet_asks_once_and_a_compose_file_is_read(host, images, tmp_path):
    (tmp_path / "compose.yaml").write_text(
        json.dumps(
            {
                "services": {
                    "web": {"image": images["both"].replace(":latest", ":${TAG:-latest}")},
                    "own": {"image": images["both"], "platform": f"linux/{OTHER}"},
                    "built": {"build": "."},
                }
            }
        )
    )
    run = host.audit(
        hosts=("first", "second", "third"),
        docker_audit_compose_files=[str(tmp_path / "compose.yaml")],
        docker_audit_json=str(tmp_path / "report.json"),
    )
    assert run.rc == 2
    assert run.sent.count("arm64.docker.docker_host_facts") == 3
    assert run.sent.count("arm64.docker.image_platform_info") == 1
    found = json.loads((tmp_path / "report.json").read_text())
    verdicts = {
        row["used_by"][0].rpartition(": ")[2]: (row["verdict"], row["hosts"])
        for row in found["images"]
    }
    everyone = ["first", "second", "third"]
    assert verdicts == {"web": ("exact", everyone), "own": ("unsupported", everyone)}


def test_what_runs_is_asked_for_and_what_was_made_there_is_not(host, images, tmp_path):
    local = write_shell(tmp_path / "local.tar", f"{PREFIX}/local:1", "local")
    host.docker("load", "--input", str(local))
    for name, image in (("asked", images["shell"]), ("local", f"{PREFIX}/local:1")):
        host.docker(
            *("run", "--detach", "--network", "none", "--stop-timeout", "0"),
            *("--name", f"{PREFIX}-{name}", image),
        )
    report = tmp_path / "report.json"
    run = host.audit(docker_audit_running=True, docker_audit_json=str(report)).demand()
    assert "community.docker.docker_host_info" in run.sent
    mine = {
        use: row["verdict"]
        for row in rows(report).values()
        for use in row["used_by"]
        if PREFIX in use
    }
    assert mine == {f"container {PREFIX}-asked": "exact"}


@pytest.mark.full
def test_a_container_whose_tag_stands_for_another_image_is_asked_for_by_its_digest(
    host, images, tmp_path
):
    name = f"{PREFIX}/moved:1"
    host.docker("pull", images["shell"])
    host.docker("tag", images["shell"], name)
    host.docker(
        *("run", "--detach", "--network", "none", "--stop-timeout", "0"),
        *("--name", f"{PREFIX}-moved", name),
    )
    host.docker("load", "--input", str(write_shell(tmp_path / "other.tar", name, "other")))
    report = tmp_path / "report.json"
    host.audit(docker_audit_running=True, docker_audit_json=str(report)).demand()
    (row,) = [one for one in rows(report).values() if f"container {PREFIX}-moved" in one["used_by"]]
    assert "@sha256:" in row["image"]
    assert row["verdict"] == "exact"


@pytest.mark.full
def test_a_registry_that_is_down_fails_and_says_so(host, images):
    run = host.audit(docker_audit_images=["127.0.0.1:9/own/app:1"])
    assert run.rc == 2
    assert "127.0.0.1:9 cannot be reached" in run.output


@pytest.mark.full
def test_emulation_counts_where_it_is_allowed_and_works(host, images, tmp_path):
    report = tmp_path / "report.json"
    host.audit(
        docker_audit_images=[images["other"]],
        docker_audit_emulated=[f"linux/{OTHER}"],
        docker_audit_json=str(report),
    ).demand()
    assert rows(report)[images["other"]]["verdict"] == "emulated"


@pytest.mark.full
def test_a_tag_of_another_architecture_leads_to_the_own(host, registries, tmp_path):
    repository = f"{PREFIX}/by-tag"
    for architecture in (OWN, OTHER):
        image = index(repository, "oci", [f"linux/{architecture}"])
        push_by_hand(image, registries.open, registries.ca, [f"2-{architecture}"])
    name = f"{registries.open.name}/{repository}:2-{OTHER}"
    report = tmp_path / "report.json"
    assert host.audit(docker_audit_images=[name], docker_audit_json=str(report)).rc == 2
    assert rows(report)[name]["instead"] == name.removesuffix(OTHER) + OWN
