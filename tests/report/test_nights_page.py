"""The page of a nightly job: what it shows of nights of every kind, and of hostile names."""

import pytest

from ranker.report.nights import render, rolled_back

HOSTILE = "<script>document.title='owned'</script>"


def night(date, status, auc, reason="", task="click"):
    """A night as NIGHT.json has it."""
    found = {"date": date, "status": status, "reason": reason}
    facts = {"mean": 0.3, "labelled": 1.0}
    found["facts"] = {"rows": 1_234, "tasks": {task: facts}, "numbers": {}, "top_shares": {}}
    if status != "stopped":
        found["served_before"] = {"tasks": {task: {"auc": auc}}} if auc else {}
        found["run"] = {"status": "completed"}
    return found | ({"version": 7} if status == "accepted" else {})


def test_every_kind_of_night_is_shown_with_its_reason_and_its_mark():
    nights = [
        night("2026-11-01", "accepted", None),
        night("2026-11-02", "refused", 0.71, "click.auc fell"),
        night("2026-11-03", "diverged", 0.70, "loss is not finite"),
        night("2026-11-04", "stopped", None, "200 rows, where 640 are usual"),
    ]
    page = render("job", nights, [(7, "2026-11-01")])
    assert "4 nights, 3 without a new model" in page
    for night_ in nights:
        assert night_["reason"] in page
    for kind in ("m-refused", "m-divergence", "m-halted"):
        assert page.count(f'href="#{kind}"') >= 2  # in the legend, and in a figure
    assert "auc of the served model on the day, before training" in page


def test_a_page_of_one_night_and_of_none():
    assert "Nothing is served yet." in render("job", [], [])
    assert "1,234" in render("job", [night("2026-11-01", "accepted", None)], [])


def test_a_night_with_a_run_links_its_report():
    page = render("job", [night("2026-11-01", "accepted", None)], [])
    assert '<a href="nights/2026-11-01/run/report.html">report</a>' in page


def test_no_name_runs_as_a_script():
    hostile = night("2026-11-01", "refused", 0.5, HOSTILE, task=HOSTILE)
    page = render(HOSTILE, [hostile, hostile], [(1, HOSTILE)])
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_a_night_that_was_rolled_back_says_so_and_who_is_served():
    days = ("2026-11-01", "2026-11-02", "2026-11-03")
    nights = [night(day, "accepted", None) for day in days]
    page = render("job", nights, [*zip((1, 2, 3), days, strict=True), (4, days[1])])
    assert "Version 4 is served, trained in the night of 2026-11-02." in page
    assert "2026-11-03: accepted, then rolled back" in page  # the last night, above
    assert page.count("accepted, then rolled back") == 2  # and in its row
    assert "2, 4" in page


@pytest.mark.parametrize(
    ("dates", "gone"),
    [
        ("", ""),
        ("12", ""),
        ("121", "2"),
        ("12321", "23"),
        ("1213", "2"),
        ("1212", ""),  # trained again
        ("122", ""),  # healed
    ],
)
def test_who_was_rolled_back(dates, gone):
    assert rolled_back(list(enumerate(dates, start=1))) == set(gone)
