# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
import csv
import io
import json
import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._report_earlier import read_earlier
from ansible_collections.arm64.docker.plugins.module_utils._report_fleet import (
    changes,
    fleet,
    outdated,
    version_key,
)
from ansible_collections.arm64.docker.plugins.module_utils._report_formats import (
    to_csv,
    to_json,
    to_prometheus,
)
from ansible_collections.arm64.docker.plugins.module_utils._report_html import to_html
from ansible_collections.arm64.docker.plugins.module_utils._report_record import record
from ansible_collections.arm64.docker.tests.unit import fleets

NOW = "2026-11-22T10:00:00Z"
_VOID = {"meta", "link", "input", "br", "rect"}


class Page(HTMLParser):
    """Reads a page: its texts, its tags, and whether every one is closed in order."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.texts, self._open = [], [], [], []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        if tag not in _VOID:
            assert self._open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def test_two_hundred_hosts_take_under_five_seconds_and_two_megabytes():
    started = time.process_time()
    report = fleet(fleets.hosts(200), NOW)
    page = to_html(report, "Docker fleet")
    assert time.process_time() - started < 5
    assert len(page.encode()) < 2_000_000
    assert Page(page).tags.count("tr") > 2000


def test_markup_in_any_text_stays_text():
    facts = fleets.facts(1)
    facts["board"]["model"] = facts["findings"][0]["evidence"] = fleets.MARKUP
    usage = fleets.usage()
    usage["containers"][0]["image"] = usage["images"][2]["name"] = fleets.MARKUP
    report = fleet([record(fleets.MARKUP, facts, usage)], NOW)
    page = to_html(report, fleets.MARKUP)
    assert fleets.MARKUP not in page
    assert fleets.MARKUP in Page(page).texts
    assert Page(page).tags.count("script") == 1


def test_the_page_fetches_nothing():
    page = to_html(fleet(fleets.hosts(8), NOW), "Docker fleet")
    read = Page(page)
    links = [value for name, value in read.attributes if name in ("src", "href", "action")]
    assert all(link.startswith(("#", "data:")) for link in links)
    assert "default-src 'none'" in page
    assert not re.search(r"url\(|@import|https?://", page)


def test_an_unreachable_host_is_shown_as_such_with_the_reason():
    report = fleet([record("pi", None, None, "No route to host")], NOW)
    assert report["summary"]["reachable"] == 0
    texts = Page(to_html(report, "x")).texts
    assert {"pi", "unreachable", "No route to host"} <= set(texts)
    assert 'arm64_docker_host_reachable{host="pi"} 0' in to_prometheus(report)
    assert "pi,unreachable,No route to host" in to_csv(report)


def test_severities_and_states_are_sorted_by_how_bad_they_are():
    page = to_html(fleet(fleets.hosts(21), NOW), "x")
    for column, words in (
        ("hosts", ["unreachable", "error", "warning", "ok"]),
        ("findings", ["error", "warning", "info"]),
    ):
        table = page.partition(f'<table id="{column}">')[2].partition("</table>")[0]
        keys = {word: int(key) for key, word in re.findall(r'data-v="(\d)" class="(\w+)"', table)}
        assert sorted(keys, key=keys.get) == [word for word in words if word in keys]
        assert len(keys) >= 3


def test_images_that_neither_cores_nor_handlers_run_do_not_fit():
    unfit = [one["name"] for one in fleets.host("even", 0)["images_unfit"]]
    assert unfit == []
    assert [one["name"] for one in fleets.host("odd", 1)["images_unfit"]] == ["old:1", "pc:1"]


def test_what_is_older_than_the_newest_is_out_of_date():
    found = outdated([fleets.host("a", 1), fleets.host("b", 3)])
    assert found == [
        {"component": "engine", "host": "a", "version": "26.1.5+dfsg1-9+b9", "newest": "29.0.0"}
    ]


@pytest.mark.parametrize(
    ("older", "newer"), [("26.1.5+dfsg1", "28.0.0"), ("9.9", "10.0"), ("v1.7", "1.7.24")]
)
def test_versions_are_compared_by_numbers(older, newer):
    assert version_key(older) < version_key(newer)


def test_the_same_fleet_has_no_changes():
    hosts = fleets.hosts(21)
    assert changes(hosts, copy.deepcopy(hosts)) == []
    again = json.loads(to_json(fleet(hosts, NOW)))["hosts"]
    assert changes(again, hosts) == []


def test_a_later_report_shows_what_changed():
    before = [fleets.host("a"), fleets.host("gone"), fleets.host("off")]
    after = [
        record("a", fleets.facts(1), fleets.usage(containers=9)),
        fleets.host("new"),
        record("off", None),
    ]
    report = fleet(after, NOW, fleet(before, "2026-11-21T10:00:00Z"))
    found = {(one["host"], one["what"]): (one["before"], one["after"]) for one in report["changes"]}
    assert found["a", "engine"] == ("20.10.24+dfsg1", "26.1.5+dfsg1-9+b9")
    assert found["a", "container service-9"] == ("running", "-")
    assert found["a", "image that does not fit pc:1"] == ("-", "linux/amd64")
    assert found["gone", "host"] == ("in the fleet", "gone")
    assert found["new", "host"] == ("not there", "in the fleet")
    assert found["off", "host"] == ("reachable", "unreachable")
    assert "What changed" in to_html(report, "x")


def test_what_docker_did_not_say_is_shown_and_is_no_change():
    silent = {**fleets.usage(), "containers": None, "images": None}
    silent["problems"] = ["docker ps --all: no answer in time"]
    after = [record("a", fleets.facts(), silent)]
    report = fleet(after, NOW, fleet([fleets.host("a")], "2026-11-21T10:00:00Z"))
    assert report["changes"] == []
    assert changes(after, [fleets.host("a")]) == []
    texts = Page(to_html(report, "x")).texts
    assert "unknown" in texts
    assert any("docker ps --all: no answer in time" in text for text in texts)


def test_containers_of_a_daemon_that_does_not_run_are_unknown_and_not_gone():
    stopped = {**fleets.usage(), "containers": None, "images": None, "storage_driver": "overlay2"}
    facts = fleets.facts(1)
    after = record("a", facts, stopped)
    assert changes([fleets.host("a", 1)], [after]) == []
    report = fleet([after, record("off", None)], NOW)
    first, second = csv.DictReader(io.StringIO(to_csv(report)))
    for row in (first, second):
        assert (row["containers"], row["images_unfit"]) == ("", "")
    assert "arm64_docker_images_unfit{" not in to_prometheus(report)
    assert Page(to_html(report, "x")).texts.count("unknown") == 1


@pytest.mark.parametrize("reachable", [7, "no", None])
def test_an_earlier_report_whose_host_is_no_host_is_damaged(tmp_path, reachable):
    hosts = [{**fleets.host("a"), "reachable": reachable}]
    document = {"schema": 1, "generated": NOW, "hosts": hosts}
    (tmp_path / "report.json").write_text(json.dumps(document))
    with pytest.raises(DockerHostError, match="damaged: .*reachable is"):
        read_earlier(str(tmp_path / "report.json"))


def test_a_cell_never_begins_a_formula():
    report = fleet([record("=HYPERLINK(1)", fleets.facts(), fleets.usage())], NOW)
    (_, row) = csv.reader(io.StringIO(to_csv(report)))
    assert row[0] == "'=HYPERLINK(1)"


def test_metrics_are_in_the_format_of_prometheus():
    text = to_prometheus(fleet(fleets.hosts(21), NOW))
    line = re.compile(r'[a-z0-9_]+\{([a-z_]+="(\\.|[^"\\\n])*",?)+\} -?\d+(\.\d+)?')
    for one in text.splitlines():
        assert one.startswith("# ") or line.fullmatch(one), one
    assert 'host="<script>alert(\'x\')</script>&\\""' in text
    names = re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)
    assert len(names) == len(set(names))


@given(st.text(), st.text())
def test_any_name_gives_a_page_a_table_and_metrics(name, image):
    usage = fleets.usage(containers=1)
    usage["containers"][0]["image"] = image
    report = fleet([record(name, fleets.facts(), usage)], NOW)
    Page(to_html(report, name))
    assert len(list(csv.reader(io.StringIO(to_csv(report), newline="")))) == 2
    assert json.loads(to_json(report))["hosts"][0]["name"] == name


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        ("{", "is no JSON"),
        ("[]", "is no report"),
        ('{"schema": 1, "generated": "", "hosts": [{}]}', "damaged"),
    ],
)
def test_an_earlier_report_that_is_none_is_an_error_that_names_it(tmp_path, content, words):
    place = tmp_path / "report.json"
    if content is not None:
        place.write_text(content)
    with pytest.raises(DockerHostError, match=words):
        read_earlier(str(place))


def test_a_host_of_the_fixtures_becomes_a_record(machine):
    facts, _ = machine.observe()
    shown = record("pi", {**facts, "findings": []})
    assert (shown["platform"], shown["engine"]) == ("linux/arm64", "26.1.5+dfsg1")
