# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report for people: one HTML file that needs nothing else and fetches nothing."""

from __future__ import annotations

from html import escape
from typing import Any, Iterable, Sequence

from ansible_collections.arm64.docker.plugins.module_utils._report_fleet import (
    CHARTED,
    how_many,
    rank,
    state,
)
from ansible_collections.arm64.docker.plugins.module_utils._report_page import SCRIPT, STYLE

_NAMES = {
    "board": "Board",
    "release": "Release",
    "engine": "Engine",
    "api": "API",
    "platform": "Platform",
    "storage_driver": "Storage driver",
}

# A browser refuses whatever the page would fetch. The icon is empty: none is asked for.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"

# More bars than these say less.
_BARS = 8
_ROW = 26
_WIDTH = 320


def to_html(report: dict[str, Any], title: str) -> str:
    """Return the page; whatever comes from a host stays text."""
    sections = [
        _cards(report["summary"]),
        _changes(report),
        _charts(report),
        _hosts(report["hosts"]),
        _findings(report["findings"]),
        _outdated(report["outdated"]),
        _containers(report["hosts"]),
        _images(report["hosts"]),
        _handlers(report["hosts"]),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{_t(title)}</title><link rel="icon" href="data:,"><style>{STYLE}</style></head>'
        f'<body><a class="skip" href="#hosts">To the hosts</a><header><h1>{_t(title)}</h1>'
        f"<p>Made at {_t(report['generated'])}.</p></header>\n<main>"
        + "\n".join(sections)
        + f"</main>\n<script>{SCRIPT}</script></body></html>\n"
    )


def _cards(summary: dict[str, int]) -> str:
    names = {
        "hosts": "hosts",
        "reachable": "reachable",
        "errors": "errors",
        "warnings": "warnings",
        "containers": "containers",
        "images_unfit": "images that do not fit",
    }
    cards = "".join(f"<li><b>{summary[key]}</b>{name}</li>" for key, name in names.items())
    return f'<h2>At a glance</h2><ul class="cards">{cards}</ul>'


def _charts(report: dict[str, Any]) -> str:
    charts = "".join(_bars(_NAMES[key], report["counts"][key]) for key in CHARTED)
    return f'<h2>What the fleet is made of</h2><div class="charts">{charts}</div>'


def _bars(name: str, counts: dict[str, int]) -> str:
    shown = list(counts.items())
    if len(shown) > _BARS:
        rest = sum(number for _words, number in shown[_BARS - 1 :])
        shown = [*shown[: _BARS - 1], ("others", rest)]
    most = max((number for _words, number in shown), default=1)
    rows = []
    for place, (words, number) in enumerate(shown):
        top = place * _ROW
        label = words if len(words) <= 34 else f"{words[:33]}…"
        rows.append(
            f'<text x="0" y="{top + 11}" font-size="11">{_t(label)}: {number}</text>'
            f'<rect x="0" y="{top + 14}" width="{max(2, _WIDTH * number // most)}" height="7"/>'
        )
    spoken = ", ".join(f"{words} {number}" for words, number in shown) or "none"
    return (
        f'<figure><figcaption>{name}</figcaption><svg role="img" aria-label="{_t(name)}: '
        f'{_t(spoken)}" viewBox="0 0 {_WIDTH} {max(1, len(shown)) * _ROW}">'
        f"{''.join(rows)}</svg></figure>"
    )


def _hosts(hosts: Sequence[dict[str, Any]]) -> str:
    heads = ["Host", "State", *_NAMES.values(), "Kernel", "Memory in use", "Disk in use"]
    rows = []
    for host in hosts:
        now = state(host)
        cells = [_cell(now, rank(now), now), *(_cell(host[key]) for key in _NAMES)]
        cells += [
            _cell(host["kernel"]),
            _share(host["memory_total_mb"], host["memory_available_mb"]),
            _share(host["disk_total_mb"], host["disk_free_mb"]),
            _cell(how_many(host, "containers", "unknown")),
            _cell(host["error"] or ", ".join(_found(host))),
        ]
        attributes = f' data-state="{now}" data-engine="{_t(host["engine"] or "none")}"'
        rows.append(f'<tr{attributes}><th scope="row">{_t(host["name"])}</th>{"".join(cells)}</tr>')
    table = _table("hosts", "Hosts", [*heads, "Containers", "Findings"], rows)
    return f"<h2>Hosts</h2>{_filters(hosts)}{table}"


def _found(host: dict[str, Any]) -> list[str]:
    return [one["id"] for one in host["findings"]] + host["problems"]


def _filters(hosts: Sequence[dict[str, Any]]) -> str:
    states = sorted({state(host) for host in hosts})
    engines = sorted({host["engine"] or "none" for host in hosts})
    return (
        '<div class="filters" role="search" aria-label="Hosts" hidden>'
        '<label>Words<input id="words" type="search" autocomplete="off"></label>'
        f"{_select('state', 'State', states)}{_select('engine', 'Engine', engines)}"
        '<p id="shown" role="status"></p></div>'
    )


def _select(name: str, label: str, values: Iterable[str]) -> str:
    options = "".join(f"<option>{_t(value)}</option>" for value in values)
    return (
        f'<label>{label}<select name="{name}"><option value="">all</option>{options}</select>'
        "</label>"
    )


def _findings(findings: Sequence[dict[str, Any]]) -> str:
    rows = [
        f'<tr><th scope="row">{_t(one["summary"])} (<code>{_t(one["id"])}</code>)</th>'
        f"{_cell(one['severity'], rank(one['severity']), one['severity'])}"
        f"{_cell(len(one['hosts']))}{_cell(one['remedy'])}<td>{_evidence(one['hosts'])}</td></tr>"
        for one in findings
    ]
    heads = ("Finding", "Severity", "Number", "What to do", "Hosts")
    return f"<h2>Findings</h2>{_table('findings', 'Findings', heads, rows)}"


def _evidence(hosts: dict[str, str]) -> str:
    """Return the hosts with what was found on each, closed where there are many."""
    lines = "<br>".join(f"{_t(name)}: {_t(words)}" for name, words in hosts.items())
    if len(hosts) < 4:
        return lines
    return f"<details><summary>{len(hosts)} hosts</summary>{lines}</details>"


def _outdated(outdated: Sequence[dict[str, str]]) -> str:
    keys = ("host", "component", "version", "newest")
    heads = ("Host", "Component", "Version", "Newest of the fleet")
    rows = [_row([one[key] for key in keys]) for one in outdated]
    return f"<h2>Out of date</h2>{_table('outdated', 'Out of date', heads, rows)}"


def _containers(hosts: Sequence[dict[str, Any]]) -> str:
    rows = []
    for host in hosts:
        for one in host["containers"]:
            used = one["memory_bytes"]
            memory = (f"{used / 2**20:.1f} MiB", used) if used is not None else ("", "")
            cpu = one["cpu_percent"]
            rows.append(
                f'<tr><th scope="row">{_t(one["name"])}</th>{_cell(host["name"])}'
                f"{_cell(one['image'])}{_cell(one['state'])}"
                f"{_cell('' if cpu is None else f'{cpu} %', cpu)}{_cell(*memory)}</tr>"
            )
    heads = ("Container", "Host", "Image", "State", "CPU", "Memory")
    return f"<h2>Containers</h2>{_table('containers', 'One sample', heads, rows)}"


def _images(hosts: Sequence[dict[str, Any]]) -> str:
    rows = [
        _row([one["name"], host["name"], one["platform"], host["platform"]])
        for host in hosts
        for one in host["images_unfit"]
    ]
    heads = ("Image", "Host", "Image is for", "Host is")
    return f"<h2>Images that do not fit</h2>{_table('images', 'Images', heads, rows)}"


def _handlers(hosts: Sequence[dict[str, Any]]) -> str:
    rows = [
        _row(
            [
                host["name"],
                one["architecture"],
                {True: "works", False: "broken"}.get(one["works"], "off"),
                "yes" if one["fix_binary"] else "no",
            ]
        )
        for host in hosts
        for one in host["handlers"]
    ]
    heads = ("Host", "Architecture", "State", "In containers")
    return f"<h2>Other architectures</h2>{_table('handlers', 'Handlers', heads, rows)}"


def _changes(report: dict[str, Any]) -> str:
    if report["compared_with"] is None:
        return ""
    caption = f"Since {report['compared_with']}"
    keys = ("host", "what", "before", "after")
    rows = [_row([one[key] for key in keys]) for one in report["changes"]]
    heads = ("Host", "What", "Before", "Now")
    return f"<h2>What changed</h2>{_table('changes', caption, heads, rows)}"


def _table(name: str, caption: str, heads: Sequence[str], rows: Sequence[str]) -> str:
    if not rows:
        return f'<p id="{name}">None.</p>'
    columns = "".join(f'<th scope="col">{_t(head)}</th>' for head in heads)
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{_t(caption)}, table">'
        f'<table id="{name}"><caption>{_t(caption)}: {len(rows)}</caption>'
        f"<thead><tr>{columns}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _row(values: Sequence[Any]) -> str:
    first, *others = values
    return f'<tr><th scope="row">{_t(first)}</th>{"".join(map(_cell, others))}</tr>'


def _cell(value: Any, key: Any = None, kind: str = "") -> str:
    """Return a cell; ``key`` is what it is sorted by, ``kind`` the class of its colour."""
    sort = "" if key is None else f' data-v="{_t(key)}"'
    colour = f' class="{kind}"' if kind else ""
    return f"<td{sort}{colour}>{_t(value)}</td>"


def _share(total: int | None, free: int | None) -> str:
    """Return how much of so many MiB is in use."""
    if not total or free is None:
        return _cell(f"of {total / 1024:.1f} GiB" if total else "", "")
    percent = round(100 * (total - free) / total)
    return _cell(f"{percent} % of {total / 1024:.1f} GiB", percent)


def _t(value: Any) -> str:
    return escape("" if value is None else str(value), quote=True)
