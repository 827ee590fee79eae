# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's defaults, its argument_specs and its README say the same, for every entry point."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROLES = sorted((Path(__file__).resolve().parents[3] / "roles").iterdir())
ROW = re.compile(r"^\| `(\w+)` \| `(.*?)` \|", re.MULTILINE)


def load(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.fixture(params=ROLES, ids=lambda role: role.name)
def role(request):
    return request.param


def options(role: Path) -> dict:
    entry_points = load(role / "meta/argument_specs.yml")["argument_specs"]
    return {
        name: spec
        for entry_point in entry_points.values()
        for name, spec in entry_point["options"].items()
    }


def test_every_default_has_a_spec_with_the_same_default_and_no_spec_lacks_one(role):
    defaults = load(role / "defaults/main.yml")
    assert {name: spec.get("default") for name, spec in options(role).items()} == defaults


def test_every_variable_has_its_row_in_the_readme_with_the_same_default(role):
    defaults = load(role / "defaults/main.yml")
    rows = dict(ROW.findall((role / "README.md").read_text(encoding="utf-8")))
    assert {name: yaml.safe_load(value) for name, value in rows.items()} == defaults


def test_every_variable_is_documented_in_the_spec(role):
    assert all(spec.get("description") and spec.get("type") for spec in options(role).values())


def test_variables_carry_the_name_of_their_role(role):
    assert all(name.startswith(f"{role.name}_") for name in options(role))


def test_every_default_has_a_comment(role):
    text = (role / "defaults/main.yml").read_text(encoding="utf-8")
    for block in re.split(r"\n\n+", text.removeprefix("---\n")):
        assert block.startswith("#"), block


def test_the_readme_names_what_a_reader_looks_for(role):
    text = (role / "README.md").read_text(encoding="utf-8")
    headings = ("Outcome", "Variables", "Example", "What it changes on your host", "Attributes")
    for heading in headings:
        assert f"## {heading}" in text, heading
    assert "undo" in text
