"""What validation chooses, by hand."""

import math

import pytest
from sample_runs import failed, row, table

from ranker.compare import selection
from ranker.compare.summarise import choose_tuned
from ranker.compare.trial_results import read


def best_rate(*rows):
    return selection.choose_rate(read(table(*rows), "like.auc"), "like.auc", higher_is_better=True)


def test_the_best_rate_has_the_best_mean_of_final_values():
    # At 0.1 the best evaluation is the best of all, but it does not last.
    rows = [row(rate=0.1, seed=s, aucs=(0.5, 0.9, 0.6)) for s in (0, 1)]
    rows += [row(rate=0.2, seed=0, aucs=(0.5, 0.61)), row(rate=0.2, seed=1, aucs=(0.5, 0.63))]
    assert best_rate(*rows) == 0.2


def test_a_run_that_diverged_counts_as_chance():
    good, dead = (0.5, 0.9), {"aucs": (0.48, 0.9), "divergence": "full"}
    rows = [row(rate=0.2, seed=0, aucs=good), row(rate=0.2, seed=1, **dead)]  # 0.7
    assert best_rate(*rows, row(rate=0.1, aucs=(0.5, 0.71))) == 0.1
    assert best_rate(*rows, row(rate=0.1, aucs=(0.5, 0.69))) == 0.2


def test_of_equal_rates_the_lowest_and_of_none_none():
    assert best_rate(row(rate=0.4), row(rate=0.2), row(rate=0.8)) == 0.2
    assert math.isnan(best_rate(row(divergence="full")))
    assert math.isnan(best_rate(failed()))
    assert math.isnan(
        selection.choose_rate(read(table(row()), "a.b"), "a.b", higher_is_better=True)
    )


def test_a_failed_run_is_no_evidence():
    rows = [row(rate=0.2, aucs=(0.5, 0.8)), failed(rate=0.2, seed=1), row(rate=0.1)]
    assert best_rate(*rows) == 0.2


def test_a_metric_that_sinks_is_better_lower():
    rows = [row(rate=0.1, aucs=(0.5, 0.7)), row(rate=0.2, aucs=(0.5, 0.6))]
    runs = read(table(*rows), "loss")
    assert selection.choose_rate(runs, "loss", higher_is_better=False) == 0.1


def test_a_value_is_chosen_at_its_own_best_rate():
    rows = [
        row(tuned_value=0.1, rate=0.1, aucs=(0.5, 0.70)),
        row(tuned_value=0.1, rate=0.2, aucs=(0.5, 0.71)),
        row(tuned_value=0.01, rate=0.1, aucs=(0.5, 0.50)),
        row(tuned_value=0.01, rate=0.2, aucs=(0.5, 0.72)),
    ]
    assert choose_tuned(table(*rows), "like.auc") == 0.01


@pytest.mark.parametrize("make", [row, lambda **kw: failed(**kw)])
def test_of_equal_values_the_first(make):
    rows = [make(tuned_value=value, rate=0.1) for value in (0.1, 1.0, 0.01)]
    assert choose_tuned(table(*rows), "like.auc") == 0.1


def test_sensitivity_by_hand():
    # losses .2, .3, .7 above .2: (0 + .1 + .5) / 3; a rate at which nothing is known is no rate
    losses = {0.1: 0.2, 0.2: 0.3, 0.4: 0.7, 0.8: math.nan}
    assert selection.sensitivity(losses) == pytest.approx(0.2)
    assert selection.sensitivity({0.1: 5.0, 0.2: 5.0}) == 0
    assert math.isnan(selection.sensitivity({0.1: math.nan}))


@pytest.mark.parametrize(
    ("stable", "expected"),
    [
        ("111", (1, 3)),
        ("110111", (4, 6)),
        ("1101", (1, 2)),
        ("0110110", (2, 3)),  # a tie: the lower
        ("010", (2, 2)),
    ],
)
def test_the_longest_range_of_stable_rates(stable, expected):
    found = selection.stable_range({i + 1.0: flag == "1" for i, flag in enumerate(stable)})
    assert found == expected


def test_no_stable_rate():
    assert all(map(math.isnan, selection.stable_range({1.0: False, 2.0: False})))


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        # Paired differences to the best rate, of the rate between: mean -0.01, t(0.975, 2) = 4.303.
        ((0.79, 0.81, 0.80), (0.1, 0.4)),  # -0.02, -0.01, 0: half 0.025
        ((0.799, 0.809, 0.791), (0.4, 0.4)),  # -0.011, -0.011, -0.009: half 0.0029
    ],
)
def test_rates_are_as_good_up_to_the_first_that_is_told_apart(second, expected):
    rates = {0.1: (0.80, 0.82, 0.79), 0.2: second, 0.4: (0.81, 0.82, 0.80), 0.8: (0.81, 0.82, 0.79)}
    rows = [
        row(rate=rate, seed=seed, aucs=(0.5, auc))
        for rate, aucs in rates.items()
        for seed, auc in enumerate(aucs)
    ]
    stable = dict.fromkeys(rates, True) | {0.8: False}  # as good, but one diverged
    runs = read(table(*rows), "like.auc")
    assert selection.good_rates(runs, "like.auc", 0.4, stable) == expected
    assert all(map(math.isnan, selection.good_rates(runs, "like.auc", math.nan, stable)))
