"""The comparison's page in a real browser, without a network."""

import re

import browser
import pytest
import sample_summary

from ranker.compare.report import write_report

pytestmark = pytest.mark.slow  # a browser has to start


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    summary, results = sample_summary.summary(), sample_summary.results()
    write_report(summary, results, sample_summary.metadata(), folder)
    return folder / "report.html"


def test_the_selectors_show_what_they_choose_and_no_name_runs(report, tmp_path):
    dom, console = browser.opened(report.as_uri(), tmp_path)
    assert console == []
    assert "<title>Which safeguard to switch on</title>" in dom
    panels = re.findall(r'<figure class="panel[^>]*>', dom)
    hidden = [panel for panel in panels if "hidden" in panel]
    # The primary metric twice for 2 workloads, one workload's curves, one map.
    assert len(panels) - len(hidden) == 4 + 4 + 1


def test_everything_is_shown_for_printing(report, tmp_path):
    dom, _ = browser.opened(f"{report.as_uri()}#all", tmp_path)
    assert not re.findall(r'<figure class="panel[^>]*hidden[^>]*>', dom)


@pytest.mark.parametrize("width", [390, 1400])
def test_nothing_is_wider_than_the_screen_or_outside_its_panel(report, width, tmp_path):
    found = browser.measured(report, width, tmp_path)
    assert found["width"] <= width
    assert found["outside"] == []
    assert width < 1000 or found["tables"] == []  # on a phone they are scrolled
