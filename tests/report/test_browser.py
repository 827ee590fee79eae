# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of two hundred hosts in headless Chromium, light on a desk and dark on a phone."""

from __future__ import annotations

import pytest

from report import browser

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """Return what the browser saw, for each colour scheme."""
    folder = tmp_path_factory.mktemp("page")
    return browser.look(browser.make_page(folder))


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
