"""A whole summary, by hand."""

import math

import pytest
from sample_runs import failed, row, table

from ranker.compare.summarise import summarise
from ranker.compare.summary import Workload

SMALL = Workload("small", "adagrad", "none")
FACTS = {"primary": "like.auc", "reference": "none", "planned": 11}
DEAD = {"divergence": "full", "status": "diverged"}


def the_table():
    """At 0.1 all is well and "clip" a little worse; at 0.2 nothing but "clip" lives."""
    plain = [row(seed=s, test=0.69 + 0.01 * s) for s in (0, 1)]
    plain += [row(rate=0.2, seed=0, aucs=(0.42, 0.7), **DEAD), failed(rate=0.2, seed=1)]
    clip = [row("clip", seed=s, aucs=(0.5, 0.6, 0.65), tuned_value=0.1) for s in (0, 1)]
    clip += [
        row("clip", rate=0.2, seed=s, aucs=(0.5, 0.72, 0.75), test=0.72 + 0.03 * s, tuned_value=0.1)
        for s in (0, 1)
    ]
    clip[0] |= {"micro_divergences": 2, "clipped_share": 0.9}
    tuning = [row("clip", tuned_value=v, seed=1000, stage="tune") for v in (0.1, 0.2, 0.3)]
    return table(*tuning, *plain, *clip)


@pytest.fixture(scope="module")
def found():
    return summarise(the_table(), FACTS)


def cell(found, safeguard, rate):
    (one,) = [c for c in found.cells if (c.safeguard, c.rate) == (safeguard, rate)]
    return one


def method(found, safeguard):
    (one,) = [m for m in found.methods if m.safeguard == safeguard]
    return one


def test_cells_count_what_was_tried(found):
    assert [(c.safeguard, c.rate) for c in found.cells] == [
        *[("none", 0.1), ("none", 0.2), ("clip", 0.1), ("clip", 0.2)]
    ]
    dead = cell(found, "none", 0.2)
    assert (dead.tried, dead.diverged, dead.failed) == (1, 1, 1)
    assert dead.ratio.value == 1
    alive = cell(found, "clip", 0.1)
    assert (alive.tried, alive.diverged, alive.micro) == (2, 0, 2)
    assert alive.clipped == pytest.approx(0.7)


def test_cells_hold_final_values_and_of_the_dead_those_of_chance(found):
    assert cell(found, "none", 0.1).metrics["like.auc"].value == pytest.approx(0.7)
    assert cell(found, "none", 0.1).loss.value == pytest.approx(0.3)
    assert cell(found, "none", 0.2).metrics["like.auc"].value == 0.5
    assert cell(found, "none", 0.2).loss.value == pytest.approx(0.58)


def test_a_loss_above_that_before_training_is_cut_to_it():
    rising = table(row(seed=0, aucs=(0.5, 0.3)), row(seed=1, aucs=(0.5, 0.9)))
    (one,) = summarise(rising, FACTS).cells
    assert one.loss.value == pytest.approx((0.5 + 0.1) / 2)


def test_methods_at_their_best_rates(found):
    plain, clip = method(found, "none"), method(found, "clip")
    assert (plain.best_rate, clip.best_rate) == (0.1, 0.2)
    assert (clip.tune, clip.tuned_value, clip.trials) == ("clip.0.limit", 0.1, 3)
    assert (plain.tune, plain.trials) == ("", 0)
    assert (plain.tried, plain.diverged) == (3, 1)
    assert (plain.stable_from, plain.stable_to) == (0.1, 0.1)
    assert (clip.stable_from, clip.stable_to) == (0.1, 0.2)
    assert clip.test["like.auc"].value == pytest.approx(0.735)
    # losses .3 and .58 against .3; .35 and .25 against .25
    assert plain.sensitivity == pytest.approx(0.14)
    assert clip.sensitivity == pytest.approx(0.05)


def test_the_target_is_the_references_and_the_fastest_wins(found):
    assert found.targets == {SMALL: pytest.approx(0.7)}
    plain, clip = method(found, "none"), method(found, "clip")
    assert (plain.attempts_to_target, plain.reached) == (20, 2)
    assert (clip.attempts_to_target, clip.reached) == (10, 2)
    assert found.by_attempts.scores == {"none": pytest.approx(2 / 3), "clip": 1}


def test_where_the_reference_dies_the_best_one_sets_the_target():
    rows = [row(**DEAD), row("clip", aucs=(0.5, 0.62)), row("cut", aucs=(0.5, 0.61))]
    assert summarise(table(*rows), FACTS).targets == {SMALL: 0.62}


def test_tests_are_paired_by_seed_at_the_best_rates(found):
    (test,) = found.tests  # of AUC alone: a calibration error is no metric to test
    assert (test.metric, test.safeguard, test.pairs) == ("like.auc", "clip", 2)
    # .72 - .69 and .75 - .70: mean .04, standard error .01, t = 4, one degree of freedom
    assert test.difference.value == pytest.approx(0.04)
    assert test.p_value == pytest.approx(1 - 2 / math.pi * math.atan(4))
    assert test.p_adjusted == pytest.approx(test.p_value)


def test_a_seed_without_its_pair_is_in_no_test():
    rows = [row(seed=0), row("clip", seed=0), row("clip", seed=1), failed(seed=1)]
    (test,) = summarise(table(*rows), FACTS).tests
    assert test.pairs == 1
    assert math.isnan(test.p_value)


def test_workloads_stay_apart_and_all_tests_are_corrected_for():
    rows = [
        row(name, seed=s, model=model, test=0.6 + shift + 0.01 * s * (name == "clip"))
        for model in ("small", "large")
        for name, shift in (("none", 0.0), ("clip", 0.05))
        for s in (0, 1)
    ]
    found = summarise(table(*rows), FACTS)
    assert {c.workload.model for c in found.cells} == {"small", "large"}
    assert len(found.tests) == 2
    for test in found.tests:
        assert test.p_adjusted == pytest.approx(min(1, 2 * test.p_value))


def test_everything_failed():
    found = summarise(table(failed(), failed("clip")), FACTS)
    assert found.failed == 2
    assert [m.tried for m in found.methods] == [0, 0]
    assert math.isnan(found.targets[SMALL])
    assert found.tests == ()


def test_without_a_final_run_there_is_nothing_to_say():
    with pytest.raises(ValueError, match="no final run among 1"):
        summarise(table(row(stage="tune")), FACTS)
