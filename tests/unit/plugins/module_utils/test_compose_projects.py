# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._compose_projects import (
    Project,
    override,
    read_projects,
    read_services,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError


def write(place: Path, **services: Any) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps({"services": services}), encoding="utf-8")
    return place


def read_project(
    says: dict[str, Any], folder: str, config: dict[str, Any] | None = None
) -> Project:
    (project,) = read_projects([says], folder, None if config is None else [config])
    return project


def test_a_definition_gets_a_folder_of_its_own() -> None:
    says = {
        "project_name": "shop",
        "definition": {"services": {"web": {"image": "nginx", "runtime": "nvidia"}}},
        "wait": False,
    }
    project = read_project(says, "/opt/projects/")
    assert (project.kind, project.folder) == ("definition", "/opt/projects/shop")
    assert project.files == ("compose.yaml",)
    assert project.options == {"wait": False}
    assert project.source == says["definition"]
    (service,) = project.services
    assert (service["service"], service["image"]) == ("web", "nginx")
    assert service["devices"] == ["runtime nvidia"]


def test_dates_of_a_definition_are_texts_and_what_is_pulled_anew_is_known() -> None:
    web = {"image": "nginx", "environment": {"DAY": date(2026, 1, 5)}, "pull_policy": "always"}
    says = {"project_name": "shop", "definition": {"services": {"web": web}}}
    (service,) = read_project(says, "/opt").services
    assert (service["image"], service["pulled"], service["error"]) == ("nginx", True, "")


def test_a_folder_of_the_controller_is_read_as_compose_reads_it(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    write(folder / "docker-compose.yml", web={"image": "nginx:${TAG}"})
    write(folder / "docker-compose.override.yml", job={"image": "busybox"})
    (folder / ".env").write_text("TAG=1\n", encoding="utf-8")
    project = read_project({"src": f"{folder}/"}, "/opt")
    assert (project.name, project.kind, project.folder) == ("shop", "src", "/opt/shop")
    assert project.files == ("docker-compose.yml", "docker-compose.override.yml")
    assert [one["image"] for one in project.services] == ["nginx:1", "busybox"]


def test_env_files_and_profiles_decide_what_runs(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    write(folder / "compose.yaml", web={"image": "nginx:${TAG}", "profiles": ["web"]})
    (folder / "own.env").write_text("TAG=2\n", encoding="utf-8")
    says = {"src": str(folder), "env_files": ["own.env"]}
    assert read_project(says, "/opt").services == ()
    (service,) = read_project({**says, "profiles": ["web"]}, "/opt").services
    assert service["image"] == "nginx:2"


def test_what_is_on_the_host_is_what_compose_says_there() -> None:
    config = {"name": "shop", "services": {"web": {"image": "nginx", "profiles": ["web"]}}}
    project = read_project({"project_src": "/srv/shop/"}, "/opt", config)
    assert (project.kind, project.folder, project.files) == ("host", "/srv/shop", ())
    assert [one["image"] for one in project.services] == ["nginx"]
    assert read_project({"project_src": "/srv/shop"}, "/opt").services == ()


def test_projects_of_one_folder_on_the_host_keep_their_own_services_and_further_files() -> None:
    items: list[dict[str, Any]] = [
        {"project_src": "/srv/shop", "files": ["a.yml"]},
        {"project_name": "written", "definition": {"services": {"w": {"image": "made"}}}},
        {"project_src": "/srv/shop/", "files": ["b.yml"], "project_name": "other"},
    ]
    configs = [{"name": "shop", "services": {"s": {"image": one}}} for one in ("first", "second")]
    first, written, second = read_projects(items, "/opt", configs)
    assert [(one.name, one.services[0]["image"]) for one in (first, written, second)] == [
        ("shop", "first"),
        ("written", "made"),
        ("other", "second"),
    ]
    assert first.folder == second.folder == "/srv/shop"
    assert first.override == written.override == "arm64-docker.override.yaml"
    assert second.override == "arm64-docker.2.override.yaml"
    with pytest.raises(DockerHostError, match="2 projects have their files on the host"):
        read_projects(items, "/opt", configs[:1])


def test_compose_on_the_host_says_the_name_of_a_project_there() -> None:
    says = {"project_src": "/srv/Shop.Prod"}
    said = read_project(says, "/opt", {"name": "market", "services": {}})
    assert (said.name, said.named) == ("market", True)
    guessed = read_project(says, "/opt")
    assert (guessed.name, guessed.named) == ("shopprod", False)
    assert read_project({**says, "project_name": "given"}, "/opt", {"name": "given"}).named


@pytest.mark.parametrize(
    ("folder", "name", "environment", "expected"),
    [
        ("Shop.Prod 2", "", "", "shopprod2"),
        ("_-Shop_1-x", "", "", "shop_1-x"),
        ("shop", "market", "", "market"),
        ("shop", "market-${STAGE:-test}", "STAGE=live", "market-live"),
        ("shop", "market", "COMPOSE_PROJECT_NAME=from-env", "from-env"),
    ],
)
def test_a_project_has_the_name_that_compose_gives_it(
    tmp_path: Path, folder: str, name: str, environment: str, expected: str
) -> None:
    path = write(tmp_path / folder / "compose.yaml", web={"image": "nginx"})
    if name:
        document = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({"name": name, **document}), encoding="utf-8")
    (tmp_path / folder / ".env").write_text(environment, encoding="utf-8")
    project = read_project({"src": str(tmp_path / folder)}, "/opt")
    assert (project.name, project.folder) == (expected, f"/opt/{expected}")
    assert read_project({"src": str(tmp_path / folder), "project_name": "own"}, "/").name == "own"


def test_a_definition_may_name_itself() -> None:
    assert read_project({"definition": {"name": "shop", "services": {}}}, "/opt").name == "shop"


def test_the_files_of_a_project_are_those_that_its_env_names(tmp_path: Path) -> None:
    for name in ("compose", "one", "two"):
        write(tmp_path / f"{name}.yaml", **{name: {"image": f"example.org/{name}"}})
    (tmp_path / ".env").write_text("COMPOSE_FILE=one.yaml;two.yaml\nCOMPOSE_PATH_SEPARATOR=;\n")
    project = read_project({"src": str(tmp_path)}, "/opt")
    assert project.files == ("one.yaml", "two.yaml")
    assert [one["service"] for one in project.services] == ["one", "two"]
    named = read_project({"src": str(tmp_path), "files": ["compose.yaml"]}, "/opt")
    assert named.files == ("compose.yaml",)


def test_paths_start_from_the_folder_and_env_files_take_the_place_of_env(tmp_path: Path) -> None:
    write(tmp_path / "compose.yaml", web={"image": "nginx:${TAG:-none}"})
    write(tmp_path / "more/job.yaml", job={"extends": {"file": "base.yaml", "service": "job"}})
    write(tmp_path / "base.yaml", job={"image": "job:${TAG:-none}"})
    (tmp_path / ".env").write_text("TAG=1\n", encoding="utf-8")
    (tmp_path / "own.env").write_text("OTHER=2\n", encoding="utf-8")
    says = {"src": str(tmp_path), "project_name": "shop", "files": ["more/job.yaml"]}
    (job,) = read_project(says, "/opt").services
    assert (job["image"], job["error"]) == ("job:1", "")
    (job,) = read_project({**says, "env_files": ["own.env"]}, "/opt").services
    assert job["image"] == "job:none"


@pytest.mark.parametrize(
    "says", [{}, {"definition": {"services": {}}}, {"src": "/"}, {"project_name": "shop"},
             {"src": "/..."}, {"project_name": "../x", "definition": {"services": {}}},
             {"project_name": "Shop", "src": "/x"}, {"project_name": "shop", "definition": None}],
)  # fmt: skip
def test_what_is_no_project_is_refused(says: dict[str, Any]) -> None:
    with pytest.raises(DockerHostError):
        read_project(says, "/opt")


def test_a_missing_environment_file_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "compose.yaml", web={"image": "nginx"})
    with pytest.raises(DockerHostError, match=r"own\.env"):
        read_project({"src": str(tmp_path), "env_files": ["own.env"]}, "/opt")


def test_a_service_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    path = write(tmp_path / "compose.yaml", web={"image": "nginx:${TAG?not set}"})
    (service,) = read_services([str(path)], {}, [])
    assert "not set" in service["error"]


ROW = {
    "service": "web",
    "verdict": "exact",
    "requested_platform": None,
    "pinned": "nginx@sha256:1",
    "pull": False,
}
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
        ({**ROW, "pull": True}, False, {"pull_policy": "always"}),
        ({**ROW, "pull": True}, True, {"image": "nginx@sha256:1", "pull_policy": "always"}),
    ],
)
def test_a_further_file_says_only_what_is_not_said(
    row: dict[str, Any], pin: bool, says: dict[str, str] | None
) -> None:
    assert override([row], pin) == ({"services": {"web": says}} if says else {})
