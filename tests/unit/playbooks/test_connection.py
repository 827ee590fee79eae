# SPDX-License-Identifier: GPL-3.0-or-later
"""Every playbook sends a module through one connection, unless an inventory says otherwise."""

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
