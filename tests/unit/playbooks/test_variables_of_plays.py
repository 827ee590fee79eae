# SPDX-License-Identifier: GPL-3.0-or-later
"""What playbooks make of an inventory's variables."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

PLAYBOOKS = Path(__file__).resolve().parents[3] / "playbooks"
VARIABLES = "vars/connection.yml"


@pytest.mark.parametrize("playbook", sorted(PLAYBOOKS.glob("*.yml")), ids=lambda path: path.stem)
def test_every_play_of_hosts_has_the_connection_s_variables(playbook):
    plays = yaml.safe_load(playbook.read_text(encoding="utf-8"))
    assert all(play["hosts"] == "localhost" or VARIABLES in play["vars_files"] for play in plays)


@pytest.mark.parametrize(
    ("inventory", "expected"), [({}, True), ({"ansible_pipelining": False}, False)]
)
def test_what_an_inventory_says_of_pipelining_counts(inventory, expected):
    content = yaml.safe_load((PLAYBOOKS / VARIABLES).read_text(encoding="utf-8"))
    variables = {"inventory_hostname": "board", "hostvars": {"board": inventory}}
    template = trust_as_template(content["ansible_pipelining"])
    assert Templar(DataLoader(), variables=variables).template(template) is expected


@pytest.mark.parametrize(
    ("variables", "states"),
    [
        ({}, []),
        ({"docker_dind_instances": [{"name": "ci"}, {"state": "absent"}]}, ["present", "absent"]),
        ({"docker_dind_instances": [{"name": "ci", "state": None}]}, ["present"]),
        (
            {
                "docker_dind_instances": "[{name: ci}, {state: present}]",
                "docker_dind_state": "absent",
            },
            ["absent", "present"],
        ),
    ],
)
def test_docker_is_installed_for_engines_that_shall_run_alone(variables, states):
    (play,) = yaml.safe_load((PLAYBOOKS / "dind.yml").read_text(encoding="utf-8"))
    template = trust_as_template(play["vars"]["__docker_dind_states"])
    assert Templar(DataLoader(), variables=variables).template(template) == states


@pytest.mark.parametrize(
    ("variables", "server", "expected"),
    [
        ({}, None, True),
        ({}, {"engine": {}}, False),
        ({"docker_emulation_state": "absent"}, None, False),
        ({"docker_emulation_state": "absent", "__docker_engine_at_work": True}, None, True),
    ],
)
def test_docker_is_installed_for_emulation_and_not_for_its_removal(variables, server, expected):
    (play,) = yaml.safe_load((PLAYBOOKS / "emulation.yml").read_text(encoding="utf-8"))
    (condition,) = [
        role["when"] for role in play["roles"] if role["role"].endswith("docker_engine")
    ]
    facts = {"ansible_facts": {"docker_host": {"docker": {"server": server}}}}
    templar = Templar(DataLoader(), variables={**facts, **variables})
    assert templar.template(trust_as_template(f"{{{{ {condition} }}}}")) is expected
