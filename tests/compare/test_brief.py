"""The answer in a breath: what the intervals decide, in at most 60 words and 6 numbers."""

import dataclasses
import itertools

import pytest
from test_answer import CLEAR, FIRST, compared, made

from ranker.compare.report import brief
from ranker.compare.report.brief import is_brief, is_decided


def test_one_that_survives_alone_is_named_with_its_counts_and_its_cost():
    said = brief(made(CLEAR, tests=[compared("clippy", -0.004, 0.012)]))
    assert said == (
        "Switch on “clippy”: none of 40 runs diverged, against 30 of 40 with “none”. On test, at "
        "the best rates, “clippy” costs like.auc."
    )


def test_several_that_survive_are_named_together_and_who_needs_no_tuning():
    summary = made(CLEAR | {(FIRST, "norm"): [0, 0, 0, 1]})
    methods = [dataclasses.replace(m, trials=7 * (m.safeguard == "norm")) for m in summary.methods]
    said = brief(dataclasses.replace(summary, methods=tuple(methods)))
    assert said == (
        "Switch on “clippy” or “norm”: at most 1 of 40 runs diverged with each, against 30 of 40 "
        "with “none”. Only “clippy” needed no tuning. Which of them survives best is not decided."
    )


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({"none": [0], "clippy": [0]}, "No safeguard is needed here: none of 20 runs diverged"),
        ({"none": [10], "clippy": [10]}, "Switch on none of these as they are set: all 20 runs"),
        ({"none": [0, 0, 1], "clippy": [0, 0, 0]}, "These runs do not decide: none of 30 runs"),
        ({"none": [0] * 4, "clippy": [0, 9, 9, 9]}, "Stay with “none”: none of 40 runs diverged"),
    ],
)
def test_every_other_end_has_its_sentence(rows, expected):
    said = brief(made({(FIRST, name): row for name, row in rows.items()}))
    assert said.startswith(expected)


def test_only_what_tells_the_best_from_another_is_decided():
    assert is_decided(made(CLEAR))
    assert not is_decided(made({(FIRST, "none"): [0, 0, 1], (FIRST, "clippy"): [0, 0, 0]}))
    assert not is_decided(made({(FIRST, "none"): [0]}, tried=0))


def test_nothing_measured_says_so():
    assert brief(made({(FIRST, "none"): [0]}, tried=0)).startswith("No run was measured")


@pytest.mark.runs
def test_it_is_brief_whatever_was_found():
    names = ("none", "a 0.01 b", "c", "d", "e", "f")
    for lost in itertools.product((0, 1, 10), repeat=5):
        rows = dict(zip(names, ([0, n, n, n] for n in (10, *lost)), strict=True))
        tests = [compared(name, 0.01 * (i - 2), 0.001) for i, name in enumerate(names[1:])]
        said = brief(made({(FIRST, n): row for n, row in rows.items()}, tests=tests))
        assert said
        assert is_brief(said)


def test_names_count_as_a_word_and_their_numbers_not():
    assert is_brief(" ".join(["“a 1 2 3 4 5 6 7”"] * 60))
    assert not is_brief(" ".join(["word"] * 61))
    assert not is_brief("1 2 3 4 5 6 7")
