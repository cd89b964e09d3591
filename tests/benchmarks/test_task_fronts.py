"""Fronts of tasks: what beats what, and how far a point is beyond."""

import json

import numpy as np
import pandas as pd
from without_flags import load

task_fronts = load("task_fronts")
CRITERIA = ("like.auc", "rating.rmse")


def results(values):
    """Returns runs of two seeds a safeguard; rating's loss is twice like's."""
    rows = []
    for safeguard, (auc, rmse) in values.items():
        for seed in (0, 1):
            metrics = {"like.auc": auc + 0.001 * seed, "rating.rmse": rmse + 0.001 * seed}
            rows.append(
                {"safeguard": safeguard, "rate": 0.1, "seed": seed, "status": "completed",
                 "divergence": "none",
                 "validation": json.dumps([metrics]), "test": json.dumps(metrics),
                 "task_losses": [[1.0 + seed] * 30, [2.0 + seed] * 30]}
            )  # fmt: skip
    return pd.DataFrame(rows)


def test_only_what_nothing_beats_is_on_the_front():
    values = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [0.4, 0.4], [0.5, 0.5], [1.0, -1.0]])
    assert task_fronts.unbeaten(values).tolist() == [True, True, True, False, True, False]


def test_excess_is_in_errors_beyond_the_nearest_point_of_the_front():
    front, error = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0.1, 0.1])
    assert np.isclose(task_fronts.excess(np.array([0.5, 0.5]), front, error), 5)
    assert np.isclose(task_fronts.excess(np.array([0.9, -0.1]), front, error), -1)


def test_a_method_beyond_every_fixed_weight_is_seen_and_one_behind_is_not():
    fixed = {"a": {"like": 0.5, "rating": 0.5}, "b": {"like": 1.0, "rating": 0.0}}
    runs = results({"a": (0.7, 1.0), "b": (0.8, 1.2), "ahead": (0.9, 0.9), "behind": (0.6, 1.3)})
    found = task_fronts.rows(runs, CRITERIA, fixed)
    losses = found.groupby("safeguard")["train rating"].first()
    assert losses["a"] == 4  # without its weight of a half
    assert losses["ahead"] == 2
    assert np.isnan(losses["b"])  # nothing is known of it
    alone = task_fronts.rows(runs, CRITERIA[1:], fixed)  # the second of the tasks
    pd.testing.assert_series_equal(alone["train rating"], found["train rating"])
    lines = task_fronts.tables(found, CRITERIA, set(fixed))
    lines = lines[: next(i for i, line in enumerate(lines) if line.startswith("\ntrain"))]
    told = {line.split(" | ")[0]: line for line in lines}
    assert float(told["| ahead"].split(" | ")[4]) > 2
    assert float(told["| behind"].split(" | ")[4]) < -2
    assert "on the front" in told["| a"]


def test_weights_are_read_and_fixed_are_those_that_set_nothing_else():
    config = {
        "safeguards": [
            {"name": "w", "set": ["objective.task_weights={like = 0.3, rating = 0.7}"]},
            {"name": "larger", "set": ["objective.task_weights={like = 1}", "model.x=1"]},
            {"name": "mgda", "set": ["objective.aggregate='mgda'"]},
            {"name": "none"},
        ]
    }
    weights, fixed = task_fronts.weights_of(config)
    assert weights == {"w": {"like": 0.3, "rating": 0.7}, "larger": {"like": 1}}
    assert fixed == {"w"}
