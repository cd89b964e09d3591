"""Numbers as the report writes them, its tables, and its Markdown."""

# ruff: noqa: RUF001 - what is read has dashes and minus signs
import dataclasses
import math

import pytest
import sample_summary
from sample_summary import FAULT, QUOTES, SCRIPT, Interval

from ranker.compare.report import markdown, tables, text
from ranker.compare.summary import Workload

SUMMARY, RESULTS = sample_summary.summary(), sample_summary.results()


def test_shares_and_intervals_and_workloads():
    assert text.percents(Interval(0.2, 0.05, 0.6)) == "5.0–60%"
    assert text.percents(Interval(0.2)) == ""
    assert text.with_bounds(Interval(0.5, 0.25, 0.75)) == "0.5000 (0.2500 to 0.7500)"
    assert text.with_bounds(Interval(0.5)) == "0.5000"
    assert text.label(sample_summary.PLAIN) == "two_layers · adagrad · no fault"
    assert text.label(Workload("base", "base", "none")) == "base · no fault"


def cells(table, group, row):
    return [(field.text, field.note) for field in table.groups[group].rows[row]]


def test_the_divergence_table_counts_and_colours():
    table = tables.divergence(SUMMARY)
    assert table.heads == (
        "safeguard", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1", "all rates",
    )  # fmt: skip
    assert cells(table, 0, 0)[2] == ("0/2", "0–66%\n1 failed")
    assert cells(table, 0, 0)[5] == ("1/3", "6.1–79%\n2 micro")
    assert cells(table, 0, 0)[8] == ("7/20", "18–57%")
    kinds = [field.kind for field in table.groups[0].rows[0]]
    assert kinds == ["name"] + ["share0"] * 4 + ["share1", "share4", "share4", "share2"]
    assert [group.title for group in table.groups] == [
        text.label(workload) for workload in sample_summary.WORKLOADS
    ]


def test_a_combination_that_was_not_run_is_a_dash():
    summary = dataclasses.replace(SUMMARY, cells=SUMMARY.cells[1:])
    assert cells(tables.divergence(summary), 0, 0)[1] == ("–", "")


def test_the_table_of_methods_sets_each_against_the_reference():
    table = tables.methods(SUMMARY)
    row = dict(zip(table.heads, cells(table, 1, 3), strict=True))
    assert row == {
        "safeguard": (QUOTES, ""),
        "best rate": ("0.2", ""),
        "like.auc, test": ("0.7372", "0.7351 to 0.7393"),
        "rating.rmse, test": ("0.9480", "0.9440 to 0.9520"),
        "stable rates": ("0.01 to 0.2", ""),
        "LR sensitivity": ("0.1", ""),
        "attempts to target": ("not reached", "1 seed reached it"),
        "attempts clipped": ("57%", ""),  # 4 / 7
        "tuned setting": ("clip.0.relative = 0.3", "of 21 tuning runs"),
    }
    assert cells(table, 1, 0)[-1] == ("–", "")


def test_a_safeguard_that_never_worked_still_has_its_row():
    lost = dataclasses.replace(
        SUMMARY.methods[1], best_rate=math.nan, stable_from=math.nan, stable_to=math.nan, test={},
        attempts_to_target=math.nan,
    )  # fmt: skip
    table = tables.methods(dataclasses.replace(SUMMARY, methods=(SUMMARY.methods[0], lost)))
    said = [field for field, _ in cells(table, 0, 1)]
    assert said[1:] == ["–", "–", "–", "none", "0.24", "–", "–", "clip.0.relative = 0.1"]


def test_verdicts_follow_the_adjusted_p():
    table = tables.tests(SUMMARY)
    verdicts = [row[-1].text for group in table.groups for row in group.rows]
    assert (
        verdicts
        == ["cannot be told apart"] * 6 + ["relative is higher"] + ["cannot be told apart"] * 5
    )
    assert cells(table, 1, 0)[3] == ("+0.002", "+0.001 to +0.003")


def test_failures_become_rows():
    (row,) = tables.failures(RESULTS).groups[0].rows
    assert row[-1].text == f"ValueError: {SCRIPT} & more"
    assert tables.failures(RESULTS[RESULTS["status"] != "failed"]).groups == ()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain-name 1.0", "plain-name 1.0"),
        ("a|b\nc", "a\\|b c"),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
        ("*_`[x](y)~", "\\*\\_\\`\\[x\\](y)\\~"),
        ("![x]", "\\!\\[x\\]"),
    ],
)
def test_no_name_is_markdown(name, expected):
    assert markdown.escape(name) == expected


def test_the_markdown_has_the_answer_and_whole_tables():
    said = markdown.render(SUMMARY, RESULTS, sample_summary.metadata(), "1 May 2026")
    lines = said.splitlines()
    assert lines[2].startswith("Switch on “relative”: none of 42 runs diverged")
    assert lines[4].startswith("1 May 2026: like.auc, 2 workloads, 3 seeds, 173 runs planned,")
    assert "- **Which survives best.** “relative” survives better than " in said
    assert "<" not in said
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) == 4 * (2 + 4) + 7 * (2 + 2) + 2 * (2 + 4)
    bars = {line.replace("\\|", "").count("|") for line in rows}
    assert bars == {5 + 1, 9 + 1}
    assert f"**{markdown.escape(text.label(FAULT))}**" in lines


def test_the_table_of_faults_says_who_survives_what():
    table = tables.faults(sample_summary.summary())
    assert table.heads == ("fault", *sample_summary.SAFEGUARDS)
    (at_half,) = [g for g in table.groups if g.title.endswith("learning rate 0.5")]
    plain, fault = at_half.rows
    assert plain[0].text == "no fault"
    assert fault[0].text == sample_summary.FAULT.injector
    # At the sixth rate "none" always dies; "relative" never: 0.737 less 0.004 for each of two.
    assert (plain[1].text, plain[1].kind) == ("3/3 diverged", "share4")
    assert (plain[2].text, plain[2].kind) == ("0.7290", "share0")
    assert (fault[4].text, fault[4].kind) == ("1/3 diverged", "share1")


def test_without_faults_there_is_no_such_table():
    summary = sample_summary.summary()
    plain = [cell for cell in summary.cells if cell.workload == sample_summary.PLAIN]
    assert tables.faults(dataclasses.replace(summary, cells=tuple(plain))).groups == ()
