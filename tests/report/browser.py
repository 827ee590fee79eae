# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of a fleet with two hundred recorded hosts, and what Chromium shows of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]

# Makes the page with the module's own code, found by the name that Ansible gives it.
_MAKE = """
import json, sys
from ansible_collections.arm64.docker.plugins.module_utils._report_fleet import fleet
from ansible_collections.arm64.docker.plugins.module_utils._report_html import to_html
from ansible_collections.arm64.docker.tests.unit import fleets
hosts = json.load(sys.stdin) + fleets.hosts(200)
page = to_html(fleet(hosts, "2026-11-22T10:00:00Z"), "Docker fleet")
open(sys.argv[1], "w", encoding="utf-8").write(page)
"""


def make_page(folder: Path, records: Sequence[dict[str, Any]] = ()) -> Path:
    """Make the page of 200 recorded hosts, and of those whose `records` a report has as JSON."""
    place = folder / "ansible_collections/arm64"
    place.mkdir(parents=True)
    (place / "docker").symlink_to(CHECKOUT)
    page = folder / "report.html"
    subprocess.run(
        [sys.executable, "-c", _MAKE, str(page)],
        cwd=folder,
        input=json.dumps(list(records)),
        text=True,
        timeout=120,
        check=True,
    )
    return page


def look(page: Path) -> dict[str, dict[str, Any]]:
    """Return what Chromium shows of a page, for each colour scheme, as look.py has it."""
    python = subprocess.run(
        [str(HERE / "browser.sh")], stdout=subprocess.PIPE, text=True, timeout=900, check=True
    ).stdout.strip()
    axe = CHECKOUT / "build/browser/package/axe.min.js"
    done = subprocess.run(
        [python, str(HERE / "look.py"), str(page), str(axe)],
        stdout=subprocess.PIPE,
        text=True,
        timeout=600,
        check=True,
    )
    return json.loads(done.stdout)
