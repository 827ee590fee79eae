# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._compose_projects import (
    override,
    read_project,
    read_services,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError


def write(place: Path, **services: Any) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps({"services": services}), encoding="utf-8")
    return place


def test_a_definition_gets_a_folder_of_its_own() -> None:
    says = {
        "project_name": "shop",
        "definition": {"services": {"web": {"image": "nginx", "runtime": "nvidia"}}},
        "wait": False,
    }
    project = read_project(says, "/opt/projects/", {})
    assert (project.kind, project.folder) == ("definition", "/opt/projects/shop")
    assert project.files == ("compose.yaml",)
    assert project.options == {"wait": False}
    assert project.source == says["definition"]
    (service,) = project.services
    assert (service["service"], service["image"]) == ("web", "nginx")
    assert service["devices"] == ["runtime nvidia"]


def test_a_folder_of_the_controller_is_read_as_compose_reads_it(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    write(folder / "docker-compose.yml", web={"image": "nginx:${TAG}"})
    write(folder / "docker-compose.override.yml", job={"image": "busybox"})
    (folder / ".env").write_text("TAG=1\n", encoding="utf-8")
    project = read_project({"src": f"{folder}/"}, "/opt", {})
    assert (project.name, project.kind, project.folder) == ("shop", "src", "/opt/shop")
    assert project.files == ("docker-compose.yml", "docker-compose.override.yml")
    assert [one["image"] for one in project.services] == ["nginx:1", "busybox"]


def test_env_files_and_profiles_decide_what_runs(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    write(folder / "compose.yaml", web={"image": "nginx:${TAG}", "profiles": ["web"]})
    (folder / "own.env").write_text("TAG=2\n", encoding="utf-8")
    says = {"src": str(folder), "env_files": ["own.env"]}
    assert read_project(says, "/opt", {}).services == ()
    (service,) = read_project({**says, "profiles": ["web"]}, "/opt", {}).services
    assert service["image"] == "nginx:2"


def test_what_is_on_the_host_is_what_compose_says_there() -> None:
    config = {"name": "shop", "services": {"web": {"image": "nginx", "profiles": ["web"]}}}
    project = read_project({"project_src": "/srv/shop"}, "/opt", {"/srv/shop": config})
    assert (project.kind, project.folder, project.files) == ("host", "/srv/shop", ())
    assert [one["image"] for one in project.services] == ["nginx"]
    assert read_project({"project_src": "/srv/shop"}, "/opt", {}).services == ()


@pytest.mark.parametrize(
    "says", [{}, {"definition": {"services": {}}}, {"src": "/"}, {"project_name": "shop"}]
)
def test_what_is_no_project_is_refused(says: dict[str, Any]) -> None:
    with pytest.raises(DockerHostError):
        read_project(says, "/opt", {})


def test_a_missing_environment_file_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "compose.yaml", web={"image": "nginx"})
    with pytest.raises(DockerHostError, match=r"own\.env"):
        read_project({"src": str(tmp_path), "env_files": ["own.env"]}, "/opt", {})


def test_a_service_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    path = write(tmp_path / "compose.yaml", web={"image": "nginx:${TAG?not set}"})
    (service,) = read_services([str(path)], {}, [])
    assert "not set" in service["error"]


ROW = {"service": "web", "verdict": "exact", "requested_platform": None, "pinned": "nginx@sha256:1"}
FOREIGN = {**ROW, "verdict": "emulated", "selected": "linux/amd64"}


@pytest.mark.parametrize(
    ("row", "pin", "says"),
    [
        (ROW, False, None),
        (ROW, True, {"image": "nginx@sha256:1"}),
        ({**ROW, "pinned": None}, True, None),
        (FOREIGN, False, {"platform": "linux/amd64"}),
        (FOREIGN, True, {"image": "nginx@sha256:1", "platform": "linux/amd64"}),
        ({**FOREIGN, "requested_platform": "linux/amd64"}, False, None),
    ],
)
def test_a_further_file_says_only_what_is_not_said(
    row: dict[str, Any], pin: bool, says: dict[str, str] | None
) -> None:
    assert override([row], pin) == ({"services": {"web": says}} if says else {})
