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
    with pytest.raises(DockerHostError, match="asked about 2 projects, and was asked about 1"):
        read_projects(items, "/opt", configs[:1])


@pytest.mark.parametrize(
    ("web", "more", "asked"),
    [
        ({"image": "nginx:1"}, {}, False),
        ({"image": "nginx:${TAG:-1}"}, {}, True),
        ({"image": "nginx:1", "profiles": ["web"]}, {}, True),
        ({"image": "nginx:1", "env_file": "web.env"}, {}, True),
        ({"extends": {"file": "base.yaml", "service": "web"}}, {}, True),
        ({"image": "nginx:1"}, {"env_files": ["own.env"]}, True),
    ],
)
def test_compose_is_asked_about_a_definition_on_which_files_of_the_host_decide(
    web: dict[str, Any], more: dict[str, Any], asked: bool
) -> None:
    says = {"project_name": "shop", "definition": {"services": {"web": web}}, **more}
    config = {"name": "shop", "services": {"web": {"image": "nginx:2", "profiles": ["web"]}}}
    project = read_project(says, "/opt", config if asked else None)
    assert (project.asked, project.source) == (asked, says["definition"])
    assert [one["image"] for one in project.services] == ["nginx:2" if asked else "nginx:1"]
    assert not project.services[0]["error"]


def test_lists_of_a_project_may_be_written_as_modules_take_them() -> None:
    says = {"project_src": "/srv", "files": "a.yml,b.yml", "profiles": "x", "services": ["web", 1]}
    project = read_project(says, "/opt")
    assert project.files == ("a.yml", "b.yml")
    assert project.options == {"profiles": ["x"], "services": ["web", "1"]}


def test_a_list_of_a_project_that_is_an_empty_text_is_empty(tmp_path: Path) -> None:
    write(tmp_path / "compose.yaml", web={"image": "nginx:1"})
    lists = ("files", "env_files", "profiles", "services")
    says = {"src": str(tmp_path), "project_name": "shop", **dict.fromkeys(lists, "")}
    project = read_project(says, "/opt")
    assert project.files == ("compose.yaml",)
    assert [one["image"] for one in project.services] == ["nginx:1"]
    assert project.options == {"env_files": [], "profiles": [], "services": []}


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


def test_a_later_document_of_a_file_names_the_project(tmp_path: Path) -> None:
    path = write(tmp_path / "compose.yaml", web={"image": "nginx"})
    path.write_text(f"name: first\n---\n{path.read_text()}\n---\nname: second\n")
    assert read_project({"src": str(tmp_path)}, "/opt").name == "second"


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
             {"project_name": "Shop", "src": "/x"}, {"project_name": "shop", "definition": None},
             {"src": "/x", "services": {"web": 1}}],
)  # fmt: skip
def test_what_is_no_project_is_refused(says: dict[str, Any]) -> None:
    with pytest.raises(DockerHostError):
        read_project(says, "/opt")


SERVICES = {
    "web": {"image": "web", "depends_on": {"app": {"condition": "service_healthy"}}},
    "app": {"image": "app", "links": ["db:database"], "network_mode": "service:net"},
    "db": {"image": "db", "volumes_from": ["store:ro", "container:web"], "depends_on": ["app"]},
    "net": {"image": "net"},
    "store": {"image": "store"},
    "tool": {"image": "tool", "profiles": ["tools"], "pid": "host"},
    "tooled": {"image": "tooled", "profiles": ["tools"]},
}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["web", "app", "db", "net", "store"]),
        ({"services": []}, ["web", "app", "db", "net", "store"]),
        ({"services": ["web"]}, ["web", "app", "db", "net", "store"]),
        ({"services": ["db"]}, ["app", "db", "net", "store"]),
        ({"services": "net,tool"}, ["net", "tool"]),
        ({"services": ["web", "tool"], "dependencies": False}, ["web", "tool"]),
        ({"services": ["web"], "dependencies": "false"}, ["web"]),
        ({"services": ["tool"], "profiles": ["tools"]}, ["tool"]),
    ],
)
def test_a_project_needs_the_services_that_it_is_limited_to_and_what_they_need(
    tmp_path: Path, options: dict[str, Any], expected: list[str]
) -> None:
    write(tmp_path / "compose.yaml", **SERVICES)
    document = {"services": SERVICES}
    definition = {"project_name": "shop", "definition": document}
    for says in (definition, {"src": str(tmp_path), "project_name": "shop"}):
        project = read_project({**says, **options}, "/opt")
        assert [one["service"] for one in project.services] == expected
    if options.get("services"):
        project = read_project({"project_src": "/srv/shop", **options}, "/opt", document)
        assert [one["service"] for one in project.services] == expected


def test_a_service_that_is_named_and_not_there_is_an_error() -> None:
    says = {"project_name": "shop", "definition": {"services": {"web": {"image": "nginx"}}}}
    (service,) = read_project({**says, "services": ["wbe"]}, "/opt").services
    assert "The project has no service wbe" in service["error"]


def test_a_need_that_a_later_file_resets_is_none(tmp_path: Path) -> None:
    write(tmp_path / "compose.yaml", **{**SERVICES, "web": {"depends_on": {"net": {}, "app": {}}}})
    reset = "services: {web: {image: web, depends_on: {app: !reset null}}}"
    (tmp_path / "compose.override.yaml").write_text(reset, encoding="utf-8")
    says = {"src": str(tmp_path), "project_name": "shop", "services": ["web"]}
    found = [one["service"] for one in read_project(says, "/opt").services]
    assert found == ["web", "net"]


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
