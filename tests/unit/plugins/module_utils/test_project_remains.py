# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.filter.project_remains import FilterModule
from ansible_collections.arm64.docker.plugins.module_utils._compose_projects import read_projects
from ansible_collections.arm64.docker.plugins.module_utils._project_remains import (
    folders,
    removable,
)

DEFINITION = {"services": {"web": {"image": "nginx"}}}


def project(place: str, **says: Any) -> dict[str, Any]:
    (found,) = read_projects([says], place)
    return asdict(found)


def entries(found: dict[str, Any]) -> list[str]:
    """Return what the module find says of a project's folders."""
    return [str(one) for place in folders(found) for one in Path(place).glob("*")]


def remove(found: dict[str, Any], whole: bool = False) -> None:
    for path in map(Path, removable(found, entries(found), whole)):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def written(place: Path) -> dict[str, Any]:
    """Return a project that docker_deploy has written, with the data of a bind mount beside it."""
    found = project(str(place), project_name="shop", definition=DEFINITION)
    for name in ("compose.yaml", "arm64-docker.override.yaml", "data/db"):
        (place / "shop" / name).parent.mkdir(parents=True, exist_ok=True)
        (place / "shop" / name).write_text(name)
    return found


def test_data_beside_the_files_of_a_project_stays(tmp_path: Path) -> None:
    remove(written(tmp_path))
    assert [one.name for one in (tmp_path / "shop").rglob("*")] == ["data", "db"]


def test_a_folder_with_nothing_else_in_it_goes_as_a_whole(tmp_path: Path) -> None:
    found = written(tmp_path)
    shutil.rmtree(tmp_path / "shop/data")
    assert removable(found, entries(found), False) == [f"{tmp_path}/shop"]


def test_data_goes_where_volumes_go_but_not_from_a_folder_of_the_users(tmp_path: Path) -> None:
    assert removable(written(tmp_path), [], True) == [f"{tmp_path}/shop"]
    (tmp_path / "photo").write_text("")
    (tmp_path / "compose.yaml").write_text("")
    chosen = project("/opt", project_name="shop", definition=DEFINITION, project_src=str(tmp_path))
    assert removable(chosen, entries(chosen), True) == [f"{tmp_path}/compose.yaml"]


@pytest.mark.parametrize("place", ["/", "/srv", "/srv/"])
def test_a_folder_of_the_system_stays(place: str) -> None:
    found = project("/opt", project_name="shop", definition=DEFINITION, project_src=place)
    paths = [f"{place.rstrip('/')}/compose.yaml"]
    assert removable(found, paths, False) == paths
    assert removable(found, [], True) == []


@pytest.mark.parametrize("place", ["~/shop", "/srv/../home/pi", "shop"])
def test_of_a_folder_that_is_called_otherwise_only_files_go(place: str) -> None:
    found = project("/opt", project_name="shop", definition=DEFINITION, project_src=place)
    there = ["/home/pi/compose.yaml", "/home/pi/photo"]
    assert removable(found, there, False) == [f"{place}/compose.yaml"]


def test_of_a_copied_folder_go_the_files_that_it_has_here(tmp_path: Path) -> None:
    source, place = tmp_path / "here/shop", tmp_path / "there"
    for name in ("compose.yaml", ".env", "web/site/index.html", "data/seed.sql"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)
    (source / "again").symlink_to(source)
    found = project(str(place), src=str(source))
    shutil.copytree(source, place / "shop", ignore=shutil.ignore_patterns("again"))
    (place / "shop/data/db").write_text("")
    remove(found)
    left = [str(one.relative_to(place)) for one in sorted(place.rglob("*"))]
    assert left == ["shop", "shop/data", "shop/data/db"]


@given(st.sets(st.sampled_from(["compose.yaml", "a", "a.b", "data", ".env", "arm64-docker.x"])))
def test_what_did_not_come_from_here_is_never_removed(names: set[str]) -> None:
    found = project("/opt", project_name="shop", definition=DEFINITION)
    others = names - {"compose.yaml"}
    gone = removable(found, [f"/opt/shop/{name}" for name in names], False)
    assert gone == (["/opt/shop/compose.yaml"] if names > others > set() else gone)
    assert ("/opt/shop" in gone) == (not others)


def test_what_is_no_project_is_an_error_of_the_filters() -> None:
    filters = FilterModule().filters()
    with pytest.raises(AnsibleFilterError, match="project_folders takes a project"):
        filters["project_folders"]({})
    with pytest.raises(AnsibleFilterError, match="project_remains takes a project"):
        filters["project_remains"]([], {})
