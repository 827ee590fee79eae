# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies on the controller after diagnostics and report of a booted arm64 machine."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path

FOLDER = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
SECRET = "planted-for-the-test"


def test_the_archive_begins_with_its_index_and_has_no_secret(host):
    (path,) = (FOLDER / "diagnostics").glob("*.tar.gz")
    with tarfile.open(path) as archive:
        members = archive.getmembers()
        texts = {one.name: archive.extractfile(one).read().decode() for one in members}
    assert members[0].name.endswith("/index.md")
    assert not [name for name, text in texts.items() if SECRET in text]
    (containers,) = [text for name, text in texts.items() if name.endswith("containers.json")]
    (container,) = json.loads(containers)
    assert container["state"]["ExitCode"] == 42
    assert any("Starting up" in text for name, text in texts.items() if "journal" in name)


def test_nothing_of_it_is_left_on_the_host(host):
    with host.sudo():
        assert host.check_output("find /var/tmp -name 'arm64-docker*'") == ""


def test_the_report_shows_the_machine(host):
    report = json.loads((FOLDER / "report/report.json").read_text(encoding="utf-8"))
    (machine,) = report["hosts"]
    assert (machine["platform"], machine["reachable"]) == ("linux/arm64", True)
    assert [one["name"] for one in machine["containers"]] == ["molecule-report"]
    assert machine["images_unfit"] == []
    page = (FOLDER / "report/report.html").read_text(encoding="utf-8")
    assert "molecule-report" in page
