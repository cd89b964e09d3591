"""Scalars that any part adds are drawn on a run's page, without a line for them anywhere."""

import json

import pytest
from sample_run import SCRIPT, write_run

from ranker.report.run import write_report
from ranker.report.run.curves import Curves
from ranker.report.run.record import read_record


@pytest.fixture
def with_scalars(tmp_path):
    """Writes a run whose lines have scalars more, of each line's number; returns where it is."""

    def write(scalars):
        workdir = write_run(tmp_path / "run")
        lines = [json.loads(x) for x in (workdir / "metrics.jsonl").read_text().splitlines()]
        for number, line in enumerate(line for line in lines if "scalars" in line):
            line["scalars"] |= scalars(number)
        (workdir / "metrics.jsonl").write_text("".join(f"{json.dumps(x)}\n" for x in lines))
        return workdir

    return write


def drawn(workdir):
    panels, num_left = Curves(read_record(workdir)).added()
    return {panel.title: [name for _, name in panel.legend] for panel in panels}, num_left


def test_each_group_has_a_panel_and_what_others_draw_has_none(with_scalars):
    workdir = with_scalars(
        lambda number: {
            "mine/a": number, "mine/b": "nan" if number % 2 else 0.5, "alone": 3.0,
            "never/seen": "nan", "gradient_norm/dense": 1.0, "task_cosine/a/b": 0.5,
            "clip/0/share": 0.25,
        }
    )  # fmt: skip
    assert drawn(workdir) == ({"mine": ["a", "b"], "alone": [], "clip/0": []}, 0)
    page = write_report(workdir).read_text("utf-8")
    assert page.count('id="scalars"') == 1


def test_a_run_without_any_has_no_such_section(with_scalars):
    page = write_report(with_scalars(lambda number: {})).read_text("utf-8")
    assert 'id="scalars"' not in page


def test_of_too_many_groups_it_says_how_many_are_left_and_a_name_is_text(with_scalars):
    workdir = with_scalars(lambda number: {f"{SCRIPT}{n}/x": 1.0 for n in range(30)})
    panels, num_left = drawn(workdir)
    assert (len(panels), num_left) == (24, 6)
    page = write_report(workdir).read_text("utf-8")
    assert "6 more groups are not shown" in page
    assert SCRIPT not in page
