"""The HTML report as a parser reads it: whole, escaped, and with nothing to fetch."""

import base64
import dataclasses
import hashlib
import itertools
import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import sample_summary
from sample_summary import QUOTES, SCRIPT

from ranker.compare.report import page, text, write_report

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
        sample_summary.summary(), sample_summary.results(), sample_summary.metadata(), "1 May 2026"
    )


@pytest.fixture(scope="module")
def read(rendered):
    reader = Reader()
    reader.feed(rendered)
    return reader


def test_only_the_script_that_the_policy_names_can_run(rendered, read):
    ((_, script),) = read.scripts
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', rendered)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src &#39;sha256-{digest}&#39;" in policy
    assert policy.startswith("default-src &#39;none&#39;;")


def test_nothing_is_fetched(read):
    assert read.loading == []
    assert all(link.startswith("#") for link in read.links)
    assert {link[1:] for link in read.links} - {"all"} <= set(read.ids)
    assert len(set(read.ids)) == len(read.ids)


def test_every_name_is_shown_as_it_is_written(read):
    for kind in ("th", "option", "figcaption", "h3"):
        said = [words for tag, words in read.said if tag == kind]
        for name in (SCRIPT, QUOTES):
            assert any(name in words for words in said), (kind, name)
    assert any(SCRIPT in words for tag, words in read.said if tag == "pre")
    assert any(f"ValueError: {SCRIPT} & more" in words for tag, words in read.said if tag == "td")


def test_every_panel_answers_to_the_selectors_whatever_its_name(read):
    # 3 measures by rate, twice for each of 2 workloads; 8 curves; 8 maps, of which 2 are empty.
    assert len(read.keys) == 12 + 8 + 8
    assert {value for keys in read.keys for value in keys.values()} | {""} == read.options
    assert {keys["safeguard"] for keys in read.keys if "safeguard" in keys} == {
        *sample_summary.SAFEGUARDS
    }


def test_every_figure_names_its_workload(read):
    titles = [said for tag, said in read.said if tag == "figcaption"]
    assert len(titles) == 28
    labels = [text.label(workload) for workload in sample_summary.WORKLOADS]
    assert all(title.startswith(tuple(labels)) for title in titles)


def test_a_profile_needs_three_workloads_and_compares_no_time(rendered):
    """The runs of a comparison share their cores, one after the other."""
    assert "By attempts" not in rendered
    other = sample_summary.PLAIN._replace(model="third")
    summary = sample_summary.summary()
    more = [dataclasses.replace(c, workload=other) for c in summary.cells[:28]]
    methods = [dataclasses.replace(m, workload=other) for m in summary.methods[:4]]
    summary = dataclasses.replace(
        summary, cells=(*summary.cells, *more), methods=(*summary.methods, *methods)
    )
    results = sample_summary.results()
    copied = results[results["injector"] == "none"].assign(model="third")
    said = page.render(
        summary, pd.concat([results, copied]), sample_summary.metadata(), "1 May 2026"
    )
    assert "By attempts" in said
    assert "By seconds" not in said
    assert "score by seconds" not in said
    assert "seconds to target" not in said


def grid(num_workloads, num_safeguards, rates):
    """Returns a summary and results of copies of the sample's, under other names."""
    summary, results = sample_summary.summary(), sample_summary.results()
    results = results[results["rate"].isin(rates)]
    found = {"cells": [], "methods": [], "tests": []}
    rows = []
    for w, s in itertools.product(range(num_workloads), range(num_safeguards)):
        workload, safeguard = sample_summary.WORKLOADS[w % 2], sample_summary.SAFEGUARDS[s % 4]
        named = {"workload": workload._replace(injector=f"fault {w}")}
        named["safeguard"] = "none" if s == 0 else f"safeguard {s}"
        for what, copies in found.items():
            copies += [
                dataclasses.replace(each, **named)
                for each in getattr(summary, what)
                if (each.workload, each.safeguard) == (workload, safeguard)
                and getattr(each, "rate", rates[0]) in rates
            ]
        own = results[
            (results["injector"] == workload.injector) & (results["safeguard"] == safeguard)
        ]
        rows.append(own.assign(injector=f"fault {w}", safeguard=named["safeguard"]))
    held = {what: tuple(copies) for what, copies in found.items()}
    return dataclasses.replace(summary, targets={}, **held), pd.concat(rows)


@pytest.mark.slow
@pytest.mark.parametrize("rates", [(0.5,), (0.1, 0.5, 1.0)])
def test_it_stays_below_2_mb_for_the_largest_grid_that_is_shipped(rates):
    """As configs/compare_faults.toml: 26 safeguards and none, 22 faults; with more rates too."""
    summary, results = grid(22, 27, rates)
    said = page.render(summary, results, sample_summary.metadata(), "1 May 2026")
    assert len(said.encode()) < 2_000_000
    told = "Of 22 workloads the 2 are drawn in which safeguards differ most; the tables have all."
    assert said.count(told) == 1 + (len(rates) > 1)
    assert said.count('<h2 id="rates">') == (len(rates) > 1)


def test_it_stays_small_whatever_the_length_of_its_runs(rendered):
    """Eight times as many workloads, 1,344 runs, stay below 2 MB: a page is what its parts are."""
    assert len(rendered.encode()) < 2_000_000 / 8
    results = sample_summary.results()
    for name in ("train_loss", "train_loss_max"):
        results[name] = [np.resize(values, 5 * len(values)) for values in results[name]]
    results["train_attempt"] = [
        np.arange(1, 1 + 5 * len(attempts)) for attempts in results["train_attempt"]
    ]
    results["clip_factors"] = [
        [np.resize(layer, 5 * len(layer)) for layer in layers] for layers in results["clip_factors"]
    ]
    page_of_long = page.render(
        sample_summary.summary(), results, sample_summary.metadata(), "1 May"
    )
    assert len(page_of_long) < 1.25 * len(rendered)


def test_the_answer_comes_first(read):
    said = [said.strip() for tag, said in read.said if tag in ("p", "dd")]
    assert said[0].startswith("Switch on “relative”: none of 42 runs diverged, against 17 of 41")
    assert any(each.startswith("“relative” survives better than ") for each in said)
    lead = said[1]
    assert "4 safeguards, each at 7 learning rates on 2 workloads with 3 seeds: 168 runs" in lead
    assert "11 minutes" in lead  # 168 runs of 4 seconds


def test_what_is_missing_or_failed_is_said(rendered):
    assert "1 run ended in an error and is left out" in rendered
    assert "5 planned runs have no result yet" in rendered  # 173 - 168


def test_both_files_are_written_and_nothing_is_left_beside_them(tmp_path):
    (tmp_path / "report.md").write_text("old")
    summary, results = sample_summary.summary(), sample_summary.results()
    write_report(summary, results, sample_summary.metadata(), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.md"]
    assert (tmp_path / "report.md").read_text("utf-8").startswith("# Which safeguard")
    assert (tmp_path / "report.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_a_comparison_in_which_nothing_could_be_measured_still_has_a_report(tmp_path):
    summary, results = sample_summary.summary(), sample_summary.results()
    results["status"] = "failed"
    said = page.render(summary, results, sample_summary.metadata() | {"environment": {}}, "today")
    assert "No run was measured" in said
