# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of two hundred hosts in headless Chromium, light on a desk and dark on a phone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]

pytestmark = pytest.mark.full

# Makes the page with the module's own code, found by the name that Ansible gives it.
_MAKE = """
import sys
from ansible_collections.arm64.docker.plugins.module_utils._report_fleet import fleet
from ansible_collections.arm64.docker.plugins.module_utils._report_html import to_html
from ansible_collections.arm64.docker.tests.unit import fleets
page = to_html(fleet(fleets.hosts(200), "2026-11-22T10:00:00Z"), "Docker fleet")
open(sys.argv[1], "w", encoding="utf-8").write(page)
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """Return what the browser saw, for each colour scheme."""
    folder = tmp_path_factory.mktemp("page")
    place = folder / "ansible_collections/arm64"
    place.mkdir(parents=True)
    (place / "docker").symlink_to(CHECKOUT)
    page = folder / "report.html"
    subprocess.run([sys.executable, "-c", _MAKE, str(page)], cwd=folder, timeout=120, check=True)
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


@pytest.fixture(params=["light", "dark"])
def page(seen, request):
    return seen[request.param]


def test_nothing_is_fetched_and_nothing_goes_wrong(page):
    assert (page["errors"], page["requests"], page["dialogs"]) == ([], [], [])


def test_a_name_with_markup_stays_text(page):
    assert "<script>alert('x')</script>&\"" in page["names"]


def test_words_and_choices_filter_the_hosts(page):
    assert (page["hosts"], page["with_words"]) == (200, 1)
    assert page["said"] == "1 of 200 hosts"
    assert page["unreachable"] == 9


def test_the_keyboard_sorts_up_and_down(page):
    assert page["ascending"] == sorted(page["ascending"])
    assert page["descending"] == sorted(page["ascending"], reverse=True)
    assert len(set(page["ascending"])) > 1


def test_the_page_itself_is_no_wider_than_the_screen(page):
    assert page["wider_than_screen"] is False


def test_axe_finds_nothing_serious(page):
    assert page["serious"] == []


def test_the_first_paint_comes_within_a_second(page):
    assert page["paint_ms"] < 1000
