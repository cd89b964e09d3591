"""Intervals where labels are rare: which rate counts, and what is drawn."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from without_flags import load

from ranker.gate.resample import draws

rare_intervals = load("rare_intervals")


def test_the_rate_is_the_one_that_is_best_on_validation_in_the_mean_of_the_tasks():
    rows = pd.DataFrame(
        [
            ("first", "a", 0.1, 0, 0.9, 0.5),
            ("first", "a", 0.1, 1, 0.7, 0.5),
            ("first", "a", 0.2, 0, 0.7, 0.8),
            ("first", "a", 0.2, 1, 0.7, 0.8),
            ("second", "a", 0.3, 0, 1.0, 1.0),
        ],
        columns=["model", "safeguard", "rate", "seed", "validation x.auc", "validation y.auc"],
    )
    assert rare_intervals.rates(rows, "first", ["x", "y"]) == {"a": 0.2}
    assert rare_intervals.rates(rows, "first", ["x"]) == {"a": 0.1}


def test_users_are_drawn_with_all_of_their_labelled_rows_and_seeds_are_averaged():
    random = np.random.default_rng(0)
    labels, users = (random.random(300) < 0.2).astype(float), np.arange(300) // 3
    weights = (random.random(300) < 0.9).astype(float)
    rows = SimpleNamespace(labels={"x": labels}, weights={"x": weights})
    logits = [{"x": random.normal(size=300) + labels} for _ in range(2)]
    counts = draws(100, 20, seed=1)
    found = rare_intervals.aucs(SimpleNamespace(rows=rows, users=users), logits, "x", counts)
    expected = [
        np.mean(
            [
                roc_auc_score(labels, run["x"], sample_weight=weights * count[users])
                for run in logits
            ]
        )
        for count in counts
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_interval_holds_95_of_100():
    assert rare_intervals.interval(np.arange(1001.0)) == pytest.approx((25, 975))
