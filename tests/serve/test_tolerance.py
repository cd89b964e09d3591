"""How far scores may be off: rounding passes, a real difference does not, whatever the unit."""

import numpy as np
import pytest

from ranker.schema import Feature, Schema, Task
from ranker.serve.tolerance import tolerances

EPSILON = float(np.finfo(np.float32).eps)
SCALES = [1e-6, 1e-3, 1.0, 1e3, 1e6, 1e9]
ROWS = 64


def schema_of(task: Task) -> Schema:
    features = [
        Feature(name=name, kind="categorical", dtype="int64", vocabulary=name)
        for name in ("user_id", "item_id")
    ]
    return Schema(
        dataset="one task",
        features=tuple(features),
        tasks=(task,),
        vocabularies={"user_id": 1, "item_id": 1},
    )


def allowed(task: Task, scores: np.ndarray) -> np.ndarray:
    return tolerances(schema_of(task), {task.name: scores})[task.name]


def regression(scale: float, mean: float) -> Task:
    return Task(
        name="seconds",
        kind="regression",
        minimum=-1e3 * scale,
        maximum=1e3 * scale,
        mean=mean * scale,
        standard_deviation=scale,
    )


def summed(terms: np.ndarray) -> np.ndarray:
    """Returns float32 sums of `terms` [B, N], one after the other."""
    total = np.zeros(len(terms), np.float32)
    for column in terms.T:
        total = total + column
    return total


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("mean", [0.0, 1.0, -30.0])
@pytest.mark.parametrize("size", [0.1, 3.0])
def test_a_regression_in_any_unit_may_round_and_no_more(scale, mean, size):
    task = regression(scale, mean)
    generator = np.random.default_rng(3)
    terms = generator.normal(0, size, (ROWS, 40)).astype(np.float32)
    terms[:, 20:] -= terms[:, :20] * np.float32(0.9)  # much of it cancels

    def score(logit: np.ndarray) -> np.ndarray:
        return np.float32(task.mean) + np.float32(scale) * logit

    first, other = score(summed(terms)), score(summed(terms[:, ::-1]))
    limit = allowed(task, first)
    assert (first != other).any()
    assert (np.abs(first.astype(np.float64) - other) <= limit).all()
    # What a wrong row of a table or a lost bias would change: 1 / 1000 of a deviation.
    wrong = score(summed(terms) + np.float32(1e-3 * (1 + size)))
    assert (np.abs(first.astype(np.float64) - wrong) > limit).all()


@pytest.mark.parametrize("rate", [1e-6, 1e-3, 0.5, 0.999])
@pytest.mark.parametrize("spread", [0.1, 3.0])
def test_a_probability_however_rare_may_round_and_no_more(rate, spread):
    task = Task(name="click", kind="binary", minimum=0, maximum=1, mean=rate)
    generator = np.random.default_rng(4)
    prior = np.float32(np.log(rate / (1 - rate)))
    terms = generator.normal(0, spread / 6, (ROWS, 40)).astype(np.float32)

    def score(logit: np.ndarray) -> np.ndarray:
        return (1 / (1 + np.exp(-(prior + logit).astype(np.float32)))).astype(np.float32)

    first, other = score(summed(terms)), score(summed(terms[:, ::-1]))
    limit = allowed(task, first)
    assert (np.abs(first.astype(np.float64) - other) <= limit).all()
    wrong = score(summed(terms) + np.float32(1e-3))
    # Near 1 float32 has no room for it; one row is enough to refuse.
    assert (np.abs(first.astype(np.float64) - wrong) > limit).mean() > 0.5


@pytest.mark.parametrize("kind", ["binary", "regression"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_never_within(kind, value):
    task = Task(name="t", kind=kind, minimum=0, maximum=1, mean=0.5, standard_deviation=0.5)
    scores = np.array([0.5, value, 0.25], np.float32)
    with np.errstate(invalid="ignore"):
        limit = allowed(task, scores)
        within = np.abs(scores.astype(np.float64) - scores) <= limit
    assert not within[1]


def test_saturated_probabilities_may_be_off_by_what_float32_tells_apart_there():
    task = Task(name="t", kind="binary", minimum=0, maximum=1, mean=0.5)
    scores = np.array([0.0, 1.0, 1e-30], np.float32)
    limit = allowed(task, scores)
    assert (limit > 0).all()
    assert (limit <= 1e-6).all()
    assert limit[2] < 1e-33
