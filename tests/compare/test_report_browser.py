"""The HTML report in a real browser, without a network."""

import re
import shutil
import subprocess

import pytest
import sample_summary

from ranker.compare.report import write_report

pytestmark = pytest.mark.slow  # a browser has to start
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--enable-logging=stderr", "--virtual-time-budget=20000", "--window-size=1280,2000",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--dump-dom",
)  # fmt: skip


@pytest.fixture(scope="module")
def chromium():
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    assert found, f"install one of {', '.join(_BROWSERS)}: the report is tested in a browser"
    return found


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    summary, results = sample_summary.summary(), sample_summary.results()
    write_report(summary, results, sample_summary.facts(), folder)
    return folder / "report.html"


def opened(chromium, url, profile):
    """Returns the page's elements after its scripts ran, and what the browser logged."""
    done = subprocess.run(
        [chromium, *_FLAGS, f"--user-data-dir={profile}", url],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    without_scripts = re.sub(r"<script[\s>].*?</script>", "", done.stdout, flags=re.DOTALL)
    return without_scripts, done.stderr


@pytest.fixture(scope="module")
def everything(chromium, report, tmp_path_factory):
    return opened(chromium, f"{report.as_uri()}#all", tmp_path_factory.mktemp("profile"))


def panels(dom):
    """Returns each panel that is shown, as its title and its elements."""
    found = re.findall(r'<figure class="panel"[^>]*?>(.*?)</figure>', dom, re.DOTALL)
    hidden = re.findall(r'<figure class="panel"[^>]*? hidden="[^>]*>(.*?)</figure>', dom, re.DOTALL)
    return [panel for panel in found if panel not in hidden]


def test_every_figure_is_drawn_with_its_data(everything):
    dom, _ = everything
    assert len(re.findall(r'class="[^"]*\bjs-plotly-plot\b', dom)) == 22
    drawn = [panel for panel in panels(dom) if "js-plotly-plot" in panel]
    assert len(drawn) == 22
    kinds = ["map" if "<image" in panel else panel.count('class="trace scatter') for panel in drawn]
    # By rate; profiles; training without a fault, "none" and SCRIPT halted; with one, all
    # but "relative" halted and all refused; heat maps.
    without, with_fault = [3, 2, 3, 2], [4, 3, 4, 4]
    expected = [4] * 6 + [4] * 2 + without + with_fault
    assert kinds == [*expected, *["map"] * 6]
    # A point a cell, but where all three runs diverged and the RMSE is not defined: 3, then 6.
    assert [panel.count('class="point"') for panel in drawn[:6]] == [28, 28, 28, 28, 25, 22]
    lines = re.findall(r'class="js-line"[^>]*? d="([^"]*)"', "".join(drawn[:16]))
    assert len(lines) >= 8 * 4 + 8 * 2
    assert all(re.fullmatch(r"M[-0-9.,MLHVZ]+", line) for line in lines)


def test_at_first_only_what_is_chosen_is_drawn(chromium, report, tmp_path):
    dom, _ = opened(chromium, report.as_uri(), tmp_path)
    # The primary metric twice, the profiles, one workload's curves, one map.
    assert len(re.findall(r'class="[^"]*\bjs-plotly-plot\b', dom)) == 2 + 2 + 4 + 1


def test_no_name_runs_as_a_script(everything):
    dom, _ = everything
    assert "<title>Which safeguard to switch on</title>" in dom
    assert "owned" in dom
    assert 'title="owned"' not in dom


def test_the_browser_has_nothing_to_complain_of_and_fetches_nothing(everything):
    dom, logged = everything
    console = [line for line in logged.splitlines() if "CONSOLE" in line]
    assert console == []
    assert not re.search(r'(?:src|href)="https?:', dom)
