# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.arm64.docker.plugins.filter.project_faults import FilterModule
from ansible_collections.arm64.docker.plugins.module_utils._project_faults import MODULE_OPTIONS

project_faults = FilterModule().filters()["project_faults"]
MODULE = "community.docker.docker_compose_v2"
COLLECTIONS = Path(__file__).resolve().parents[4] / "build/collections"
FOLDER = "/opt/docker-projects"
WHOLE = "write the whole path on the host, such as /home/NAME/shop."


def test_the_options_are_those_of_the_installed_module() -> None:
    said = subprocess.run(
        ["ansible-doc", "--type", "module", "--json", MODULE],
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS)},
        stdout=subprocess.PIPE,
        timeout=60,
        check=True,
    )
    options = json.loads(said.stdout)[MODULE]["doc"]["options"]
    names = {*options, *(name for one in options.values() for name in one.get("aliases", []))}
    assert names == MODULE_OPTIONS


@pytest.mark.parametrize(
    ("says", "message"),
    [
        (
            {"project_dir": "/srv/shop"},
            "The project number 1 has no option 'project_dir'; there is project_src",
        ),
        (
            {"project_name": "shop", "defintion": {"services": {}}},
            "The project shop has no option 'defintion'; there is definition",
        ),
        ({"src": "files/shop", "enviroment": {}}, "The project files/shop has no option"),
        (
            {"definition": {"name": "own"}, "x\n": 1},
            "The project own has no option 'x\\n'; it has src, definition, and the options of "
            f"{MODULE}.",
        ),
    ],
)
def test_a_key_that_is_no_option_is_named_with_those_near_it(
    says: dict[str, Any], message: str
) -> None:
    (fault,) = project_faults([says], FOLDER)
    assert fault.startswith(message)


@pytest.mark.parametrize("place", ["~/shop", "shop", "./shop", "~pi/shop"])
def test_a_folder_on_the_host_is_a_whole_path(place: str) -> None:
    says = {"project_name": "shop", "project_src": place}
    assert project_faults([says], FOLDER) == [
        f"The project shop has the project_src '{place}'; {WHOLE}"
    ]
    assert project_faults([{"src": "shop"}], place) == [
        f"docker_deploy_folder is '{place}'; {WHOLE}"
    ]
    assert project_faults([{"project_src": "/srv/shop"}], place) == []


def test_every_fault_of_every_project_is_told_and_no_value() -> None:
    items = [
        {"src": "a"},
        {"project_name": "b", "passwrd": "hunter2", "wiat": True, "project_src": "b"},
        {"project_name": "c", "definition": {"services": {}}, "wait": False, "tls_verify": True},
    ]
    found = project_faults(items, FOLDER)
    assert len(found) == 3
    assert all(one.startswith("The project b has ") for one in found)
    assert "hunter2" not in "".join(found)


@pytest.mark.parametrize("items", [3, ["shop"], [None]])
def test_another_shape_is_an_error_of_the_filter(items: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="takes a list of dictionaries"):
        project_faults(items, FOLDER)
