"""The HTML report as a parser reads it: whole, escaped, and with nothing to fetch."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest
import sample_summary
from sample_summary import QUOTES, SCRIPT

from ranker.compare.report import page, write_report

_SAID = ("title", "h1", "h2", "h3", "dd", "th", "td", "small", "pre", "figcaption", "option", "p")


class Reader(HTMLParser):
    """Gathers scripts, attributes that could load something, ids and the text of elements."""

    def __init__(self):
        super().__init__()
        self.scripts, self.loading, self.ids, self.links, self.said = [], [], [], [], []
        self.keys, self.options = [], set()
        self._open = []

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self._open.append(tag)
        self.loading += [(tag, k) for k in named if k in ("src", "srcset", "data", "poster")]
        self.loading += [(tag, k) for k in named if k.startswith("on")]
        self.ids += [named["id"]] if "id" in named else []
        self.links += [named["href"]] if "href" in named else []
        self.keys += [json.loads(named["data-keys"])] if "data-keys" in named else []
        self.options |= {named["value"]} if tag == "option" else set()
        if tag == "script":
            self.scripts.append([named.get("type"), ""])
        if tag in _SAID:
            self.said.append([tag, ""])

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        if self._open and self._open[-1] == "script":
            self.scripts[-1][1] += data
        elif self.said:
            self.said[-1][1] += data


@pytest.fixture(scope="module")
def rendered():
    return page.render(
        sample_summary.summary(), sample_summary.results(), sample_summary.facts(), "1 May 2026"
    )


@pytest.fixture(scope="module")
def read(rendered):
    reader = Reader()
    reader.feed(rendered)
    return reader


def test_only_the_two_scripts_that_the_policy_names_can_run(rendered, read):
    running = [text for kind, text in read.scripts if kind != "application/json"]
    assert len(running) == 2
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', rendered)[1]
    for text in running:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"sha256-{digest}" in policy
    assert policy.startswith("default-src &#39;none&#39;;")
    assert rendered.count("plotly.js v") == 1


def test_nothing_is_fetched(read):
    assert read.loading == []
    assert all(link.startswith("#") for link in read.links)
    assert {link[1:] for link in read.links} - {"all"} <= set(read.ids)
    assert len(set(read.ids)) == len(read.ids)


def test_every_name_is_shown_as_it_is_written(read):
    for kind in ("th", "option", "figcaption", "h3"):
        said = [text for tag, text in read.said if tag == kind]
        for name in (SCRIPT, QUOTES):
            assert any(name in text for text in said), (kind, name)
    assert any(SCRIPT in text for tag, text in read.said if tag == "pre")
    assert any(f"ValueError: {SCRIPT} & more" in text for tag, text in read.said if tag == "td")


def test_every_panel_answers_to_the_selectors_whatever_its_name(read):
    assert len(read.keys) == 24  # 6 by rate, 2 profiles, 8 curves, 8 maps of which 2 are empty
    assert {value for keys in read.keys for value in keys.values()} | {""} == read.options
    assert {keys["safeguard"] for keys in read.keys if "safeguard" in keys} == {
        *sample_summary.SAFEGUARDS
    }


def test_figures_travel_as_json_that_no_name_breaks_out_of(read):
    figures = [json.loads(text) for kind, text in read.scripts if kind == "application/json"]
    assert len(figures) == 22
    assert page.embed({"a": "</script>&\u2028"}) == r'{"a":"\u003c/script\u003e\u0026\u2028"}'


def test_a_number_that_json_cannot_hold_is_refused_not_written():
    with pytest.raises(ValueError, match="not JSON compliant"):
        page.embed({"a": float("nan")})


def test_the_answer_comes_first(read):
    said = [text.strip() for tag, text in read.said if tag == "dd"]
    assert said[0].startswith("“relative” survives better than ")
    assert said[2].startswith("Switch on one of “relative” (")
    lead = next(text for tag, text in read.said if tag == "p")
    assert "4 safeguards, each at 7 learning rates on 2 workloads with 3 seeds: 168 runs" in lead
    assert "11 minutes" in lead  # 168 runs of 4 seconds


def test_what_is_missing_or_failed_is_said(rendered):
    assert "1 run ended in an error and is left out" in rendered
    assert "5 planned runs have no result yet" in rendered  # 173 - 168


def test_both_files_are_written_and_nothing_is_left_beside_them(tmp_path):
    (tmp_path / "report.md").write_text("old")
    summary, results = sample_summary.summary(), sample_summary.results()
    write_report(summary, results, sample_summary.facts(), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.md"]
    assert (tmp_path / "report.md").read_text("utf-8").startswith("# Which safeguard")
    assert (tmp_path / "report.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_a_comparison_in_which_nothing_could_be_measured_still_has_a_report(tmp_path):
    summary, results = sample_summary.summary(), sample_summary.results()
    results["status"] = "failed"
    said = page.render(summary, results, sample_summary.facts() | {"environment": {}}, "today")
    assert "no run was measured." in said
