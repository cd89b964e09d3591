"""Targets, times and profiles, by hand and against a quadrature."""

import math

import numpy as np
import pytest
from sample_runs import row, table

from ranker.compare import time_to_target
from ranker.compare.summary import Workload
from ranker.compare.trial_results import read

FIRST, SECOND = (Workload(name, "adagrad", "none") for name in ("small", "large"))


def runs(*rows, primary="like.auc"):
    return read(table(*rows), primary)


def test_the_target_is_the_median_of_the_best_values():
    found = runs(*(row(seed=i, aucs=(0.5, best, 0.55)) for i, best in enumerate((0.9, 0.7, 0.8))))
    assert time_to_target.target(found, higher_is_better=True) == 0.8


def test_of_an_even_number_more_than_half_reach_the_target():
    found = runs(*(row(seed=i, aucs=(0.5, b)) for i, b in enumerate((0.9, 0.6, 0.8, 0.7))))
    assert time_to_target.target(found, higher_is_better=True) == 0.7


def test_a_target_of_a_metric_that_sinks():
    found = runs(*(row(seed=i, aucs=(0.5, b)) for i, b in enumerate((0.9, 0.7))), primary="loss")
    assert time_to_target.target(found, higher_is_better=False) == pytest.approx(0.3)


def test_no_value_no_target():
    assert math.isnan(time_to_target.target(runs(row(aucs=(math.nan,))), higher_is_better=True))


@pytest.mark.parametrize(
    ("goal", "taken"),
    [(0.6, 10), (0.61, 20), (0.7, 20), (0.71, math.inf), (0.4, 10), (math.nan, math.inf)],
)
def test_the_attempts_to_a_target(goal, taken):
    (run,) = runs(row())
    assert time_to_target.attempts(run, goal, higher_is_better=True) == taken


def test_what_diverged_never_arrives():
    (run,) = runs(row(divergence="full"))
    assert time_to_target.attempts(run, 0.6, higher_is_better=True) == math.inf


def test_a_profile_by_hand():
    taken = {
        FIRST: {"a": 10.0, "b": 25.0, "c": math.inf},
        SECOND: {"a": 30.0, "b": 20.0, "c": 90.0},
    }
    profile = time_to_target.profile(taken)
    # ratios: a 1 and 1.5, b 2.5 and 1, c never and 4.5, which is never too
    assert profile.scores["a"] == pytest.approx((3 / 3 + 2.5 / 3) / 2)
    assert profile.scores["b"] == pytest.approx((1.5 / 3 + 3 / 3) / 2)
    assert profile.scores["c"] == 0
    at = {tau: i for i, tau in enumerate(np.round(profile.taus, 3))}
    assert [profile.shares["a"][at[t]] for t in (1.0, 1.475, 1.5, 4.0)] == [0.5, 0.5, 1, 1]
    assert [profile.shares["b"][at[t]] for t in (1.0, 2.5, 4.0)] == [0.5, 1, 1]
    assert set(profile.shares["c"]) == {0}


def test_a_score_is_the_area_under_its_profile():
    generator = np.random.default_rng(7)
    taken = {
        Workload(str(i), "", ""): dict(zip("abc", generator.uniform(1, 6, 3), strict=True))
        for i in range(40)
    }
    profile = time_to_target.profile(taken)
    for name, shares in profile.shares.items():
        area = np.trapezoid(shares, profile.taus) / 3
        assert profile.scores[name] == pytest.approx(area, abs=0.01)


def test_a_workload_that_nobody_solves_counts_against_all():
    profile = time_to_target.profile({FIRST: {"a": 1.0}, SECOND: {"a": math.inf}})
    assert profile.scores == {"a": 0.5}
