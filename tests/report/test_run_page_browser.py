"""A run's page in a real browser: nothing is cut off, and the browser has no complaint."""

import browser
import pytest
from sample_run import write_run

from ranker.report.run import write_report

pytestmark = pytest.mark.slow  # a browser has to start


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    runs = tmp_path_factory.mktemp("runs")
    write_run(runs / "last", seed=1, ended=1_000)
    return write_report(write_run(runs / "a_run_with_a_name_that_is_rather_long_for_a_phone"))


@pytest.mark.parametrize("width", [390, 1400])
def test_nothing_is_wider_than_the_screen_or_outside_its_panel(page, width, tmp_path):
    found = browser.measured(page, width, tmp_path)
    assert found["width"] <= width
    assert found["outside"] == []
    assert width < 1000 or found["tables"] == []  # on a phone they are scrolled


def test_the_browser_has_nothing_to_complain_of(page, tmp_path):
    dom, console = browser.opened(page.as_uri(), tmp_path)
    assert console == []
    assert "owned" not in dom.partition("</title>")[0]
    assert dom.count("<script") == 0
