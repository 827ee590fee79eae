# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks diagnostics and report on this machine."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path

from report.conftest import SECRET, docker


def read(path: Path) -> dict[str, str]:
    """Return the texts in an archive by their names without the folder."""
    with tarfile.open(path) as archive:
        return {
            one.name.partition("/")[2]: archive.extractfile(one).read().decode()
            for one in archive.getmembers()
        }


def test_diagnostics_bring_an_archive_without_secrets(fleet, container, tmp_path):
    before = set(Path("/var/tmp").glob("arm64-docker-diagnostics-*"))
    run = fleet.play(
        "diagnostics", "--limit", "here", docker_diagnostics_dir=str(tmp_path / "archives")
    ).demand()
    (archive,) = (tmp_path / "archives").iterdir()
    assert archive.name.startswith("here-")
    assert os.stat(archive).st_mode & 0o777 == 0o600
    texts = read(archive)
    assert list(texts)[0] == "index.md"
    assert texts["index.md"].index("## Findings") < texts["index.md"].index("## The host")
    assert not [name for name, text in texts.items() if SECRET in text]
    assert SECRET not in run.output
    (ours,) = [one for one in json.loads(texts["containers.json"]) if one["name"] == container]
    assert (ours["state"]["Status"], ours["restart_count"]) == ("exited", 0)
    assert os.uname().machine in texts[f"logs/{container}.txt"]
    assert json.loads(texts["docker-info.json"])["ServerVersion"]
    assert set(Path("/var/tmp").glob("arm64-docker-diagnostics-*")) <= before


def test_diagnostics_in_check_mode_leave_nothing(fleet, tmp_path):
    fleet.play(
        "diagnostics",
        "--check",
        "--limit",
        "here",
        docker_diagnostics_dir=str(tmp_path / "archives"),
    ).demand()
    assert list(tmp_path.iterdir()) == []


def test_a_report_shows_both_hosts_and_the_next_one_what_changed(fleet, container, tmp_path):
    place = tmp_path / "report"
    variables = {
        "docker_report_dir": str(place),
        "docker_report_format": "html,json,csv,prometheus",
    }
    assert fleet.play("report", "--check", **variables).demand().changed == 1
    assert not place.exists()
    run = fleet.play("report", **variables).demand()
    assert run.sent.count("arm64.docker.docker_usage_facts") == 1
    first = json.loads((place / "report.json").read_text(encoding="utf-8"))
    away, here = first["hosts"]
    assert (away["name"], away["reachable"]) == ("away", False)
    assert "refused" in away["error"]
    assert here["engine"] == docker("version", "--format", "{{.Server.Version}}")
    assert here["storage_driver"] == docker("info", "--format", "{{.Driver}}")
    assert container in [one["name"] for one in here["containers"]]
    assert SECRET not in (place / "report.html").read_text(encoding="utf-8")
    metrics = (place / "arm64_docker.prom").read_text(encoding="utf-8")
    assert 'arm64_docker_host_reachable{host="away"} 0' in metrics
    docker("start", "--attach", container)
    docker("rename", container, f"{container}-renamed")
    try:
        previous = str(place / "report.json")
        fleet.play("report", docker_report_previous=previous, **variables).demand()
    finally:
        docker("rename", f"{container}-renamed", container)
    second = json.loads((place / "report.json").read_text(encoding="utf-8"))
    assert second["compared_with"] == first["generated"]
    whats = {one["what"]: one["after"] for one in second["changes"] if one["host"] == "here"}
    assert whats[f"container {container}"] == "-"
    assert whats[f"container {container}-renamed"] == "exited"
