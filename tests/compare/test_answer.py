"""The answer, for each way a comparison can end; every number here is worked out by hand."""

# ruff: noqa: RUF001 - what is read has dashes and minus signs
import dataclasses
import math

import pytest
import sample_summary
from sample_summary import Cell, Interval, Method, Workload

from ranker.compare import summary as summary_types
from ranker.compare.report import answer
from ranker.compare.report.survival import contenders, survivals
from ranker.compare.statistics import wilson

FIRST = Workload("deep", "adagrad", "none")
SECOND = Workload("wide", "adam", "scale_batch")


def made(diverged, *, tests=(), tried=10, higher_is_better=True, rate=0.3):
    """Returns a summary in which `diverged` has (workload, safeguard) to runs lost at each rate."""
    empty = dataclasses.replace(sample_summary.summary(), cells=(), methods=(), tests=tuple(tests))
    cells = tuple(
        Cell(
            workload=workload, safeguard=name, rate=0.1 * 3**i, tried=tried, diverged=lost,
            ratio=wilson(lost, tried), seeds=tuple(range(tried)),
            diverged_seeds=tuple(range(lost)), failed=0, micro=0, clipped=0.0,
            loss=Interval(1.0), metrics={},
        )
        for (workload, name), row in diverged.items()
        for i, lost in enumerate(row)
    )  # fmt: skip
    methods = tuple(
        Method(
            workload=workload, safeguard=name, tune="" if name == "none" else "clip.0.max_norm",
            tuned_value=math.nan if name == "none" else 2.5, trials=0, best_rate=rate,
            good_from=0.1, good_to=rate,
            sensitivity=0.0, stable_from=0.1, stable_to=0.3, tried=tried * len(row),
            diverged=sum(row), ratio=wilson(sum(row), tried * len(row)), test={},
            attempts_to_target=1.0, reached=1,
        )
        for (workload, name), row in diverged.items()
    )  # fmt: skip
    return dataclasses.replace(
        empty, cells=cells, methods=methods, higher_is_better=higher_is_better
    )


def compared(safeguard, value, p_adjusted, *, workload=FIRST, pairs=5, half=0.001):
    return summary_types.Test(
        workload=workload, metric="like.auc", safeguard=safeguard, reference="none", pairs=pairs,
        difference=Interval(value, value - half, value + half), p_value=p_adjusted / 2,
        p_adjusted=p_adjusted,
    )  # fmt: skip


CLEAR = {
    (FIRST, "none"): [0, 10, 10, 10],
    (FIRST, "clippy"): [0, 0, 0, 0],
    (FIRST, "norm"): [0, 4, 10, 10],
}


def test_a_clear_winner_is_named_with_its_setting_and_rate():
    tests = [compared("clippy", 0.004, 0.012), compared("norm", 0.009, 0.6)]
    tests.append(dataclasses.replace(compared("clippy", 0.7, 0.001), metric="like.log_loss"))
    said = answer(made(CLEAR, tests=tests))
    # 0/40 has Wilson's interval 0 to z^2 / (40 + z^2) = 3.8415 / 43.8415 = 8.8%.
    assert said.survival == (
        "“clippy” survives best: 0 of 40 runs diverged (0%, 95% interval 0–8.8%); against 24 of "
        "40 runs (60%, 95% interval 45–74%) with “norm” and 30 of 40 runs (75%, 95% interval "
        "60–86%) with “none”."
    )
    assert said.cost == (
        "On test, each at its best rate: “clippy” is better than “none” in like.auc (difference "
        "+0.004, 95% interval +0.003 to +0.005, adjusted p 0.012)."
    )
    assert said.advice == "Switch on “clippy” (clip.0.max_norm = 2.5, learning rate 0.1 to 0.3)."


@pytest.mark.parametrize(
    ("value", "p_adjusted", "higher_is_better", "verdict"),
    [
        (-0.004, 0.012, True, "is worse than “none”"),
        (-0.004, 0.012, False, "is better than “none”"),
        (0.004, 0.012, False, "is worse than “none”"),
        (0.004, 0.0499, True, "is better than “none”"),
        (0.004, 0.05, True, "cannot be told apart from “none”"),
        (-0.004, math.nan, True, "cannot be told apart from “none”"),
    ],
)
def test_quality_needs_an_adjusted_p_below_a_twentieth(
    value, p_adjusted, higher_is_better, verdict
):
    tests = [compared("clippy", value, p_adjusted)]
    said = answer(made(CLEAR, tests=tests, higher_is_better=higher_is_better))
    assert f"“clippy” {verdict} in like.auc" in said.cost
    assert ("costs like.auc" in said.advice) == ("worse" in verdict)


def test_what_is_decided_is_said_first_and_then_what_is_not():
    said = answer(made(CLEAR | {(FIRST, "norm"): [0, 0, 0, 1]}))
    assert said.survival == (
        "“clippy” and “norm” survive better than “none”: at most 1 of 40 runs diverged (2.5%, 95% "
        "interval 0.4–13%) with each, against 30 of 40 runs (75%, 95% interval 60–86%) with "
        "“none”. Which of the 2 survives best these runs do not decide."
    )
    assert "“clippy” has no like.auc to compare with “none”" in said.cost
    assert said.advice == (
        "Switch on one of “clippy” (clip.0.max_norm = 2.5, learning rate 0.1 to 0.3) and “norm” "
        "(clip.0.max_norm = 2.5, learning rate 0.1 to 0.3); between these the numbers do not "
        "decide: more seeds, or more rates near the edge of divergence, may."
    )


def test_of_several_of_which_none_diverged_no_most_is_said():
    said = answer(made(CLEAR | {(FIRST, "norm"): [0, 0, 0, 0]}))
    assert "“none”: 0 of 40 runs diverged (0%, 95% interval 0–8.8%) with each" in said.survival


def test_of_several_that_nothing_tells_apart_one_sentence_speaks():
    tests = [compared("clippy", 0.004, 0.12), compared("norm", -0.009, 0.6)]
    table = CLEAR | {(FIRST, "norm"): [0, 0, 0, 0]}
    assert answer(made(table, tests=tests)).cost == (
        "On test, each at its best rate: none of the 2 can be told apart from “none” in like.auc "
        "(differences −0.009 to +0.004, smallest adjusted p 0.12)."
    )
    tests[1] = compared("norm", -0.009, 0.04)
    assert "“norm” is worse than “none” in like.auc" in answer(made(table, tests=tests)).cost


@pytest.mark.parametrize("lost", [[0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 1]])
def test_who_is_named_and_where_does_not_hang_on_a_run_or_two(lost):
    said = answer(made(CLEAR | {(FIRST, "norm"): lost}))
    assert said.survival.startswith("“clippy” and “norm” survive better than “none”: ")
    assert "do not decide" in said.survival
    again = answer(made(CLEAR | {(FIRST, "clippy"): lost, (FIRST, "norm"): [0, 0, 0, 0]}))
    assert said.survival.partition(":")[0] == again.survival.partition(":")[0]
    assert said.advice == again.advice


def test_ahead_is_not_apart_while_the_intervals_overlap():
    # 0/40 reaches up to 8.8%, 5/40 down to 5.5%.
    summary = made(CLEAR | {(FIRST, "norm"): [0, 0, 0, 5]})
    assert [each.safeguard for each in contenders(summary)] == ["clippy", "norm"]


def test_fewer_divergences_are_better_wherever_they_fall():
    # At two rates all and at two none, or a few at each: 20 of 40 (35 to 65%), 4 (4 to 23%).
    table = {(FIRST, "none"): [0, 0, 10, 10], (FIRST, "clippy"): [1, 1, 1, 1]}
    said = answer(made(table))
    assert said.survival.startswith("“clippy” survives best: 4 of 40 runs diverged")


def test_many_rates_of_few_seeds_are_few_seeds():
    # 0 of 40 and 20 of 40 runs, but of 5 seeds: the sign test's p is 2 / 2^5 = 0.0625.
    rows = {"none": [5] * 4 + [0] * 4, "clippy": [0] * 8}
    table = {(FIRST, name): row for name, row in rows.items()}
    said = answer(made(table, tried=5))
    assert said.survival == (
        "These runs do not decide which of “none” and “clippy” survives best: at most 20 of 40 "
        "runs diverged (50%, 95% interval 35–65%) with each."
    )
    assert said.advice.endswith("with fewer than 6 seeds nothing can be told apart.")
    # Of 6 seeds it is 2 / 2^6 = 0.031.
    table = {place: [lost + (lost > 0) for lost in row] for place, row in table.items()}
    assert answer(made(table, tried=6)).survival.startswith("“clippy” survives best: 0 of 48 runs")


def test_one_that_is_apart_from_neither_side_is_on_none():
    # 0/40, 5/40 (5.5 to 26%), 12/40 (18 to 45%): the middle one overlaps both, the outer do not.
    table = {
        (FIRST, "none"): [0, 0, 4, 8],
        (FIRST, "clippy"): [0] * 4,
        (FIRST, "norm"): [0, 0, 0, 5],
    }
    said = answer(made(table))
    assert said.survival == (
        "“clippy” survives better than “none”: 0 of 40 runs diverged (0%, 95% interval 0–8.8%), "
        "against 12 of 40 runs (30%, 95% interval 18–45%) with “none”. Of “norm” they do not "
        "decide to which side it belongs."
    )


def test_one_that_was_never_measured_is_said_to_be_so_and_ranked_nowhere():
    summary = made(CLEAR)
    lost = [
        dataclasses.replace(c, tried=0, diverged=0, ratio=Interval(math.nan), seeds=(),
                            diverged_seeds=(), failed=10) if c.safeguard == "norm" else c
        for c in summary.cells
    ]  # fmt: skip
    summary = dataclasses.replace(summary, cells=tuple(lost))
    assert [each.safeguard for each in contenders(summary)] == ["clippy"]
    said = answer(summary).survival
    assert said.startswith("“clippy” survives best: 0 of 40 runs diverged")
    assert said.endswith(" with “none”. Of “norm” no run was measured.")


def test_what_tuning_chose_is_said_to_be_of_its_choice():
    summary = made(CLEAR)
    methods = [dataclasses.replace(m, trials=7 * (m.safeguard == "norm")) for m in summary.methods]
    said = answer(dataclasses.replace(summary, methods=tuple(methods)))
    assert said.survival.endswith(
        " With “norm” this is so of the setting that tuning chose by its quality; chosen anew it "
        "may be another, with another survival."
    )


def test_a_reference_among_the_contenders_leaves_even_the_need_open():
    said = answer(made({(FIRST, "none"): [0, 0, 1], (FIRST, "clippy"): [0, 0, 0]}))
    assert "nor whether anything beyond “none” is needed" in said.advice


def test_a_reference_that_survives_best_is_kept():
    said = answer(made({(FIRST, "none"): [0, 0, 0, 0], (FIRST, "clippy"): [0, 9, 9, 9]}))
    assert said.cost == "“none” is the reference itself, so there is no cost to weigh."
    assert said.advice.startswith("Stay with “none” (learning rate 0.1 to 0.3): every other one")


def test_nothing_diverged():
    table = {(FIRST, "none"): [0, 0], (FIRST, "clippy"): [0, 0]}
    said = answer(made(table))
    # Wilson's upper bound of 0/20 is 3.8415 / 23.8415 = 16.1%.
    assert said.survival == (
        "Nothing diverged in 40 runs, so these numbers do not rank the safeguards by survival: "
        "with 0 of 20 runs, a true rate of divergence of up to 16% is still possible for each."
    )
    assert said.advice == (
        "Nothing here calls for a safeguard: stay with “none”, or compare again at higher rates."
    )
    said = answer(made(table, tests=[compared("clippy", 0.02, 0.001)]))
    assert "for like.auc alone, consider “clippy” (clip.0.max_norm = 2.5" in said.advice


def test_everything_diverged():
    said = answer(made({(FIRST, "none"): [10, 10], (FIRST, "clippy"): [10, 10]}))
    assert said.survival.startswith("Everything diverged: all 40 runs, with every safeguard")
    assert said.advice.startswith("Switch on none of these")


def test_one_seed_has_no_interval_and_tells_nothing_apart():
    tests = [
        dataclasses.replace(
            compared("clippy", 0.3, math.nan, pairs=1), difference=Interval(0.3), p_value=math.nan
        )
    ]
    table = {(FIRST, "none"): [0, 1], (FIRST, "clippy"): [0, 0]}
    said = answer(made(table, tests=tests, tried=1))
    assert (
        "“clippy” cannot be told apart from “none” in like.auc (difference +0.3, one seed and so "
        "no interval)" in said.cost
    )
    assert said.advice.startswith("The numbers do not decide between")


def test_several_workloads_are_pooled_for_survival_and_counted_for_quality():
    table = CLEAR | {(SECOND, name): row for (_, name), row in CLEAR.items()}
    tests = [
        compared("clippy", 0.004, 0.012),
        compared("clippy", -0.02, 0.7, workload=SECOND),
    ]
    summary = made(table, tests=tests)
    changed = dataclasses.replace(summary.methods[1], good_to=0.9)
    methods = (summary.methods[0], changed, *summary.methods[2:])
    said = answer(dataclasses.replace(summary, methods=methods))
    assert "0 of 80 runs diverged" in said.survival
    assert (
        "“clippy” is better than “none” in like.auc on 1 of 2 workloads, worse on 0 and cannot be "
        "told apart on 1 (differences −0.02 to +0.004, smallest adjusted p 0.012)" in said.cost
    )
    assert said.advice == (
        "Switch on “clippy” (clip.0.max_norm = 2.5, learning rate 0.1 to 0.9 by workload)."
    )


def test_nothing_measured_says_so():
    said = answer(made({(FIRST, "none"): [0], (FIRST, "clippy"): [0]}, tried=0))
    assert said.survival == "No run was measured, so nothing can be said."


def test_what_failed_at_a_rate_does_not_count_as_surviving_it():
    summary = made({(FIRST, "none"): [0, 0], (FIRST, "clippy"): [0, 0]})
    lost = dataclasses.replace(summary.cells[-1], tried=0, ratio=Interval(math.nan), failed=10)
    ranked = survivals(dataclasses.replace(summary, cells=(*summary.cells[:-1], lost)))
    assert [(e.safeguard, e.clean, e.cells, e.tried) for e in ranked] == [
        ("none", 2, 2, 20),
        ("clippy", 1, 2, 10),
    ]


def test_many_who_tie_do_not_fill_the_sentences():
    names = ["a", "b", "c", "d", "e", "f"]
    table = {(FIRST, name): [0, 0] for name in names} | {(FIRST, "none"): [0, 10]}
    said = answer(made(table))
    assert said.survival.startswith("“a”, “b”, “c” and 3 others survive better than “none”: ")
    assert "the other 3 are in the table of tests" in said.cost
    assert "“e”" not in said.advice
