# SPDX-License-Identifier: GPL-3.0-or-later
"""Open a report in Chromium and print what is seen there as JSON: look.py PAGE AXE.

It runs in build/browser, apart from the tests, for Playwright is no part of a controller.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

SHOWN = "#hosts tbody tr:not([hidden])"
_PHONE = {"width": 390, "height": 844}


def main() -> None:
    address, axe = Path(sys.argv[1]).resolve().as_uri(), Path(sys.argv[2]).read_text("utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        seen = {
            scheme: _look(browser.new_page(color_scheme=scheme, viewport=size), address, axe)
            for scheme, size in (("light", None), ("dark", _PHONE))
        }
        browser.close()
    print(json.dumps(seen))


def _look(page: Page, address: str, axe: str) -> dict[str, Any]:
    errors, requests, dialogs = [], [], []
    page.on("console", lambda one: errors.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda one: errors.append(str(one)))
    page.on("request", lambda one: requests.append(one.url))
    page.on("dialog", lambda one: (dialogs.append(one.message), one.dismiss()))
    page.goto(address)
    paint = page.evaluate(
        "new Promise((done) => new PerformanceObserver((list) =>"
        " done(list.getEntriesByName('first-contentful-paint')[0].startTime))"
        ".observe({ type: 'paint', buffered: true }))"
    )
    seen = {
        "paint_ms": paint,
        "hosts": page.locator(SHOWN).count(),
        "wider_than_screen": page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        ),
        "names": page.locator("#hosts tbody th").all_text_contents(),
        **_filtered(page),
        **_sorted(page),
    }
    # The policy of the page forbids scripts from elsewhere, not those of the debugger.
    page.evaluate(axe)
    found = page.evaluate("axe.run().then((result) => result.violations)")
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    seen["serious"] = [
        f"{one['id']}: {one['nodes'][0]['html'][:200]} ({len(one['nodes'])})" for one in serious
    ]
    others = [url for url in requests if url != address and not url.startswith("data:")]
    return {**seen, "errors": errors, "requests": others, "dialogs": dialogs}


def _filtered(page: Page) -> dict[str, Any]:
    page.fill("#words", "board-12.")
    seen = {"with_words": page.locator(SHOWN).count(), "said": page.inner_text("#shown")}
    page.fill("#words", "")
    page.select_option("select[name=state]", "unreachable")
    seen["unreachable"] = page.locator(SHOWN).count()
    page.select_option("select[name=state]", "")
    return seen


def _sorted(page: Page) -> dict[str, Any]:
    """Sort by memory with the keyboard alone, up and then down."""
    head = page.locator("#hosts thead th", has_text="Memory")
    orders = {}
    for order in ("ascending", "descending"):
        head.locator("button").focus()
        page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") == order
        values = page.eval_on_selector_all(
            "#hosts tbody tr", "(rows) => rows.map((row) => row.cells[9].dataset.v)"
        )
        orders[order] = [int(value) for value in values if value]
    return orders


if __name__ == "__main__":
    main()
