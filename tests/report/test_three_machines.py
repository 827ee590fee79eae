# SPDX-License-Identifier: GPL-3.0-or-later
"""Three booted machines in one report, alone and among two hundred recorded hosts."""

from __future__ import annotations

import contextlib
import json

import pytest
from machine import Machine, inventory, layers
from plays.runner import Controller, extra_vars

from report import browser

pytestmark = pytest.mark.full

# A Raspberry Pi as it comes, whose memory controller is off, and two that have what Docker needs.
MACHINES = {
    "report-pi": {"board": "raspberry-pi-4"},
    "report-rock": {"board": "rockpro64"},
    "report-server": {},
}
LAYER = "report"


@pytest.fixture(scope="module")
def controller():
    """Boot three machines from the disk of one that got Docker."""
    with Machine("report-first") as first:
        first.start()
        Controller(first.inventory()).playbook("arm64.docker.site").demand()
        first.stop()
        first.save(LAYER)
    with contextlib.ExitStack() as stack:
        machines = [
            stack.enter_context(Machine(name)).start(layer=LAYER, **options)
            for name, options in MACHINES.items()
        ]
        yield Controller(inventory.of(machines, "machines"))
    layers.remove(LAYER)


@pytest.fixture(scope="module")
def report(controller, tmp_path_factory):
    """Return the folder of the machines' report."""
    folder = tmp_path_factory.mktemp("report")
    controller.playbook("arm64.docker.report", *extra_vars(docker_report_dir=str(folder))).demand()
    return folder


@pytest.fixture(scope="module")
def document(report):
    return json.loads((report / "report.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def seen(document, tmp_path_factory):
    return browser.look(browser.make_page(tmp_path_factory.mktemp("page"), document["hosts"]))


def test_each_machine_is_there_with_its_board_and_its_engine(document):
    hosts = {host["name"]: host for host in document["hosts"]}
    assert set(hosts) == set(MACHINES)
    assert "Raspberry Pi 4" in hosts["report-pi"]["board"]
    assert "RockPro64" in hosts["report-rock"]["board"]
    assert len({host["engine"] for host in hosts.values()}) == 1
    assert all(host["platform"] == "linux/arm64" for host in hosts.values())


def test_what_one_machine_lacks_is_found_on_it_alone(document):
    (found,) = [one for one in document["findings"] if one["id"] == "memory_cgroup_off"]
    assert set(found["hosts"]) == {"report-pi"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_shows_them_among_two_hundred_recorded_hosts(seen, scheme):
    page = seen[scheme]
    assert page["hosts"] == 203
    assert set(MACHINES) <= set(page["names"])
    assert (page["errors"], page["requests"], page["dialogs"]) == ([], [], [])
    assert (page["with_words"], page["said"]) == (1, "1 of 203 hosts")
    assert page["ascending"] == sorted(page["ascending"])
    assert page["serious"] == []
    assert page["paint_ms"] < 1000
