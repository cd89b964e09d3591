"""Every measure under weights that overflow, vanish or are no weights."""

import json
import math
from fractions import Fraction

import numpy as np
import pytest

from ranker import measure
from ranker.schema import Task

EXTREMES = (5e-324, 1e-300, 1e-12, 1.0, 1e12, 1e300, 1.7e308)
BINARY = (
    measure.auc,
    measure.log_loss,
    measure.normalized_entropy,
    measure.calibration_error,
    measure.calibration_ratio,
)
REGRESSION = (measure.root_mean_squared_error, measure.mean_absolute_error)


def by_user(labels, scores, weights):
    """The mean AUC by user, as a function like the others: rows belong to users in turns."""
    found = measure.auc_by_user(labels, scores, weights, np.arange(len(labels)) // 4)
    return found and found.value


EVERY = (*BINARY, *REGRESSION, by_user)


def rows(seed=0, num_rows=40):
    generator = np.random.default_rng(seed)
    scores = generator.integers(1, 8, num_rows) / 8
    labels = (generator.random(num_rows) < scores).astype(float)
    labels[:2] = 0, 1
    return labels, scores, generator.integers(1, 4, num_rows).astype(float)


@pytest.mark.parametrize("measured", EVERY, ids=lambda each: each.__name__)
@pytest.mark.parametrize("size", EXTREMES)
def test_how_large_all_weights_are_changes_nothing(measured, size):
    labels, scores, weights = rows()
    size = min(size, 1.7e308 / 4)
    expected = measured(labels, scores, weights)
    assert expected is not None
    assert measured(labels, scores, weights * size) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("measured", EVERY, ids=lambda each: each.__name__)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 0.0, -1.0])
@pytest.mark.parametrize("row", [0, 39])
def test_what_is_no_weight_is_refused_with_its_row(measured, bad, row):
    labels, scores, weights = rows()
    weights[row] = bad
    said = rf"^weights: {bad} in row {row} of 40 must be finite and above 0; leave out a row that"
    with pytest.raises(ValueError, match=said):
        measured(labels, scores, weights)


@pytest.mark.parametrize("measured", EVERY, ids=lambda each: each.__name__)
def test_what_is_no_row_is_refused(measured):
    labels, scores, weights = rows()
    with pytest.raises(ValueError, match=r"^scores: nan in row 3 of 40 must be finite$"):
        measured(labels, np.where(np.arange(40) == 3, math.nan, scores), weights)
    with pytest.raises(ValueError, match=r"^weights of shape \(39,\) beside labels of shape \(40"):
        measured(labels, scores, weights[1:])
    with pytest.raises(ValueError, match=r"N at least 1$"):
        measured(*(np.zeros(0),) * 3)


def exact_auc(labels, scores, weights):
    """AUC over all pairs in fractions of whole numbers, which round nothing."""
    won = every = Fraction(0)
    for i in np.flatnonzero(labels == 1):
        for j in np.flatnonzero(labels == 0):
            pair = Fraction(weights[i]) * Fraction(weights[j])
            every += pair
            won += pair * (Fraction(1, 2) if scores[i] == scores[j] else int(scores[i] > scores[j]))
    return won / every


@pytest.mark.parametrize("seed", range(4))
def test_weights_of_every_size_at_once_are_counted_exactly(seed):
    labels, scores, _ = rows(seed, num_rows=20)
    weights = np.random.default_rng(seed).choice(EXTREMES, 20)
    fractions = [Fraction(weight) for weight in weights]
    whole = sum(fractions)

    def mean(values):
        return sum(map(Fraction.__mul__, fractions, map(Fraction, values))) / whole

    expected = float(exact_auc(labels, scores, weights))
    assert measure.auc(labels, scores, weights) == pytest.approx(expected, rel=1e-9, abs=1e-12)
    of_label = np.where(labels > 0, scores, 1 - scores)
    expected = -float(mean(np.log(np.clip(of_label, 2.0**-23, 1 - 2.0**-23))))
    assert measure.log_loss(labels, scores, weights) == pytest.approx(expected, rel=1e-12)
    expected = math.sqrt(mean((labels - scores) ** 2))
    found = measure.root_mean_squared_error(labels, scores, weights)
    assert found == pytest.approx(expected, rel=1e-12)
    expected = float(mean(abs(labels - scores)))
    found = measure.mean_absolute_error(labels, scores, weights)
    assert found == pytest.approx(expected, rel=1e-12)


def test_a_user_is_ranked_and_counted_however_little_it_weighs():
    labels, scores = np.array([1.0, 0, 0, 1, 1, 0]), np.array([0.6, 0.5, 0.7, 0.2, 0.4, 0.1])
    users = np.array([5, 5, 5, 9, 2, 2])
    heavy = np.array([1e300, 1e300, 1e300, 1e300, 1e-300, 1e-300])
    found = measure.auc_by_user(labels, scores, heavy, users)
    assert found == (pytest.approx(0.5), 2, 5)  # the second counts for nothing beside the first
    only_one_class_is_heavy = np.array([1e-300, 1e-300, 1e-300, 1e300, 1e-300, 1e-300])
    found = measure.auc_by_user(labels, scores, only_one_class_is_heavy, users)
    assert found == (pytest.approx((0.5 * 3 + 1.0 * 2) / 5), 2, 5)


def test_a_rate_near_its_ends_keeps_its_digits():
    labels, scores = np.array([1.0, 0.0]), np.array([0.5, 0.5])
    for weights in ([1.0, 1e-290], [1e-290, 1.0], [1e290, 1.0], [1.0, 1e290]):
        found = measure.normalized_entropy(labels, scores, np.array(weights))
        rare = 1e-290  # entropy: rare log(1 / rare) + rare
        assert found == pytest.approx(math.log(2) / (rare * (290 * math.log(10) + 1)), rel=1e-9)


def test_what_float64_cannot_hold_is_left_out_and_the_note_says_so():
    labels, scores = np.array([1.0, 0.0]), np.array([0.5, 0.5])
    weights = np.array([1e-300, 1e300])
    assert measure.normalized_entropy(labels, scores, weights) is None
    assert measure.calibration_ratio(labels, scores, weights) is None
    found = evaluate(weights)
    assert found["note"] == "above 1.8e308: no normalized_entropy, calibration"
    assert found["auc"] == 0.5
    json.dumps(found, allow_nan=False)


def evaluate(weights):
    return measure.evaluate(
        [Task(name="like", kind="binary", minimum=0, maximum=1)],
        labels={"like": np.array([1.0, 0.0])},
        scores={"like": np.array([0.5, 0.5])},
        weights={"like": np.asarray(weights)},
        users=np.zeros(2, int),
        is_warm=np.ones(2, bool),
    )["like"]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, -1e-300])
def test_a_row_is_masked_by_a_weight_of_zero_and_by_nothing_else(bad):
    assert evaluate([1.0, 0.0])["rows"] == 1
    assert evaluate([0.0, 0.0]) == {
        "rows": 0,
        "note": "no labelled rows",
        "warm": {"rows": 0, "note": "no labelled rows"},
        "cold": {"rows": 0, "note": "no labelled rows"},
    }
    said = rf"^task 'like': the weight in row 1 of 2 is {bad}, and must be finite and at least 0$"
    with pytest.raises(ValueError, match=said):
        evaluate([1.0, bad])


@pytest.mark.parametrize("size", [5e-324, 1e-200, 1e150, 1e200, 1e308])
def test_an_error_of_any_size_is_squared_without_overflow(size):
    labels, scores = np.array([0.0, 0.0]), np.array([size, 0.0])
    weights = np.array([3.0, 1.0])
    expected = pytest.approx(size * math.sqrt(3 / 4), rel=1e-12, abs=5e-324)
    assert measure.root_mean_squared_error(labels, scores, weights) == expected
    with pytest.raises(
        ValueError, match=r"^row 0 of 2: the error of 1e\+308 for -1e\+308 is above"
    ):
        measure.mean_absolute_error(np.array([-1e308, 0]), np.array([1e308, 0]), weights)
