"""All tasks at once: what is counted, what is left out and what is said of it."""

import json

import numpy as np
import pytest

from ranker import measure
from ranker.schema import Task

LIKE = Task(name="like", kind="binary", minimum=0, maximum=1)
RATING = Task(name="rating", kind="regression", minimum=1, maximum=5)
BINARY_NAMES = [
    "rows", "auc", "log_loss", "gauc", "gauc_users", "gauc_rows", "normalized_entropy", "ece",
    "calibration",
]  # fmt: skip


def evaluate(labels, scores, *, weights=None, users=None, is_warm=None, task=LIKE):
    labels = np.asarray(labels, np.float32)
    return measure.evaluate(
        [task],
        labels={task.name: labels},
        scores={task.name: np.asarray(scores, np.float32)},
        weights={task.name: np.ones_like(labels) if weights is None else np.asarray(weights)},
        users=np.zeros(len(labels), np.int64) if users is None else np.asarray(users),
        is_warm=np.ones(len(labels), bool) if is_warm is None else np.asarray(is_warm),
    )[task.name]


def test_every_metric_is_named_for_all_the_warm_and_the_cold():
    generator = np.random.default_rng(0)
    labels, scores = generator.integers(0, 2, 200), generator.random(200)
    users, is_warm = generator.integers(0, 9, 200), generator.random(200) < 0.7
    found = evaluate(labels, scores, users=users, is_warm=is_warm)
    assert list(found) == [*BINARY_NAMES, "warm", "cold"]
    assert list(found["warm"]) == list(found["cold"]) == BINARY_NAMES
    assert found["rows"] == 200
    assert found["warm"]["rows"] == is_warm.sum()
    for name, chosen in (("warm", is_warm), ("cold", ~is_warm)):
        alone = evaluate(labels[chosen], scores[chosen], users=users[chosen])
        assert {k: alone[k] for k in BINARY_NAMES} == pytest.approx(found[name], rel=1e-12)


def test_the_values_are_those_of_the_functions():
    labels, scores, weights = [1, 0, 1, 0], [0.75, 0.5, 0.25, 0.25], [2.0, 1.0, 3.0, 1.0]
    rows = tuple(np.array(list(each)) for each in (map(float, labels), scores, weights))
    found = evaluate(labels, scores, weights=weights, users=[3, 3, 4, 4])
    assert found["auc"] == measure.auc(*rows)
    assert found["log_loss"] == pytest.approx(measure.log_loss(*rows), rel=1e-12)
    assert found["ece"] == pytest.approx(measure.calibration_error(*rows), rel=1e-12)
    assert found["calibration"] == pytest.approx(measure.calibration_ratio(*rows), rel=1e-12)
    assert found["gauc"] == measure.auc_by_user(*rows, np.array([3, 3, 4, 4])).value


def test_a_masked_row_counts_nowhere_whatever_it_holds():
    without = evaluate([1, 0, 1], [0.9, 0.2, 0.1], users=[1, 1, 2])
    masked = evaluate(
        [1, np.nan, 0, 1], [0.9, np.nan, 0.2, 0.1], weights=[1, 0, 1, 1], users=[1, 7, 1, 2]
    )
    assert masked == without
    assert masked["rows"] == 3


def test_regression_by_hand():
    # Errors 1, -2, 0.5 with weights 1, 1, 2: squares 1 + 4 + 0.5 over 4; sizes 4 over 4.
    labels, scores = [3, 4, 2], [4, 2, 2.5]
    found = evaluate(labels, scores, weights=[1, 1, 2], task=RATING, is_warm=[True, False, False])
    assert found["rmse"] == pytest.approx(np.sqrt(5.5 / 4))
    assert found["mae"] == pytest.approx(1.0)
    assert found["rows"] == 3
    assert found["warm"] == {"rows": 1, "rmse": 1.0, "mae": 1.0}
    assert found["cold"]["rmse"] == pytest.approx(np.sqrt(4.5 / 3))


def test_one_class_says_so_instead_of_a_number():
    found = evaluate([0, 0], [0.25, 0.75])
    assert found["note"] == (
        "one class only: no auc, gauc, gauc_users, gauc_rows, normalized_entropy, calibration"
    )
    assert set(found) == {"rows", "log_loss", "ece", "note", "warm", "cold"}
    assert "calibration" in evaluate([1, 1], [0.25, 0.75])


def test_users_of_one_class_each_leave_the_other_metrics():
    found = evaluate([1, 0], [0.7, 0.6], users=[1, 2])
    assert found["auc"] == 1.0
    assert found["note"] == "no user has both classes: no gauc, gauc_users, gauc_rows"


@pytest.mark.parametrize("task", [LIKE, RATING], ids=["binary", "regression"])
def test_no_rows_and_one_row(task):
    empty = {"rows": 0, "note": "no labelled rows"}
    assert evaluate([], [], task=task) == empty | {"warm": empty, "cold": empty}
    assert evaluate([1.0], [0.5], weights=[0.0], task=task)["rows"] == 0
    one = evaluate([1.0], [0.5], task=task)
    assert one["rows"] == 1
    assert one["cold"] == empty
    assert one["log_loss" if task is LIKE else "mae"] == pytest.approx(
        np.log(2) if task is LIKE else 0.5
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("task", [LIKE, RATING], ids=["binary", "regression"])
def test_scores_that_are_not_finite_give_a_note_and_no_number(task, bad):
    found = evaluate([1, 0, 1], [0.5, bad, bad], is_warm=[True, False, True], task=task)
    assert found["note"] == "2 of 3 scores are not finite: no metrics"
    assert found["warm"]["note"] == "1 of 2 scores are not finite: no metrics"
    json.dumps(found, allow_nan=False)


def test_everything_is_json_without_nan():
    generator = np.random.default_rng(4)
    labels, scores = generator.integers(0, 2, 50), generator.random(50)
    found = evaluate(labels, scores, users=generator.integers(0, 5, 50))
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_users_may_be_strings():
    labels, scores = [1, 0, 0, 1, 1, 0], [0.6, 0.5, 0.7, 0.2, 0.4, 0.1]
    named = evaluate(labels, scores, users=np.array(["é", "é", "é", "z", "a", "a"], object))
    assert named == evaluate(labels, scores, users=[5, 5, 5, 9, 2, 2])


@pytest.mark.parametrize("label", [0.5, 2.0, np.nan])
def test_a_binary_label_that_is_neither_is_refused(label):
    with pytest.raises(ValueError, match=rf"^task 'like': a label is {label}, neither 0 nor 1$"):
        evaluate([1, label, 0], [0.1, 0.2, 0.3])
