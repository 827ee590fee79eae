# SPDX-License-Identifier: GPL-3.0-or-later
"""README's Molecule scenario, taken out of README and run as it stands."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
IMAGE = "arm64-docker-test/debian12-systemd:latest"

# A path in backticks at the start of a line, then the file in a fenced block.
BLOCK = re.compile(r"^`(molecule/[^`]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_scenario_of_the_readme_passes_as_it_stands(tmp_path):
    files = BLOCK.findall((CHECKOUT / "README.md").read_text(encoding="utf-8"))
    assert [name for name, _ in files] == [
        "molecule/default/molecule.yml",
        "molecule/default/prepare.yml",
        "molecule/default/converge.yml",
        "molecule/default/tests/test_docker.py",
    ]
    project = tmp_path / "project"
    for name, content in files:
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    done = subprocess.run(
        [str(CHECKOUT / "tests/controllers/run"), "2.19", "molecule", "test"],
        cwd=project,
        env={
            **os.environ,
            "MOLECULE_IMAGE": IMAGE,
            # Molecule keeps its state by the name of the project, also that of an interrupted run.
            "MOLECULE_EPHEMERAL_DIRECTORY": str(tmp_path / "ephemeral"),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
