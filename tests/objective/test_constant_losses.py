"""The loss of the best constant, beside that of every constant tried."""

import numpy as np
import pytest

from ranker.objective import Objective
from ranker.schema import Task
from ranker.spec.objective import Huber


def task(kind, labels):
    return Task(
        name="t",
        kind=kind,
        minimum=-1e30,
        maximum=1e30,
        mean=float(np.mean(labels)),
        standard_deviation=float(np.std(labels)),
    )


def lowest(objective, labels, constants):
    weights = {"t": np.ones(len(labels), np.float32)}
    labels = {"t": labels.astype(np.float32)}
    tried = [np.full(len(weights["t"]), c, np.float32) for c in constants]
    return min(float(objective.losses({"t": c}, labels, weights)[0]) for c in tried)


@pytest.mark.parametrize("rate", [0.001, 0.02, 0.5, 0.9])
def test_of_a_binary_task_it_is_the_entropy_of_its_rate(rate):
    labels = np.float64(np.arange(1000) < 1000 * rate)
    objective = Objective([task("binary", labels)])
    found = lowest(objective, labels, np.log(rate / (1 - rate)) + np.linspace(-1, 1, 41))
    np.testing.assert_allclose(objective.constant_losses(), [found], rtol=1e-4)


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e9])
def test_of_a_squared_error_it_is_the_variance_in_any_unit(unit):
    labels = np.random.default_rng(0).normal(3.0, 2.0, 1000) * unit
    objective = Objective([task("regression", labels)])
    found = lowest(objective, labels, np.mean(labels) + np.linspace(-1, 1, 41) * unit)
    np.testing.assert_allclose(objective.constant_losses(), [found], rtol=1e-4)


@pytest.mark.parametrize("delta", [0.1, 1.0, 100.0])
def test_of_huber_s_error_it_is_not_below_and_not_far_above(delta):
    labels = np.random.default_rng(0).normal(3.0, 2.0, 1000)
    objective = Objective([task("regression", labels)], regression=Huber(delta=delta))
    found = lowest(objective, labels, np.linspace(2, 4, 41))
    (bound,) = objective.constant_losses()
    assert found <= bound * 1.0001 <= 1.5 * found


@pytest.mark.parametrize(("kind", "mean", "size"), [("regression", 0.0, 1.0), ("binary", 0.0, 1.0)])
def test_without_statistics_it_is_not_known(kind, mean, size):
    bare = Task(name="t", kind=kind, minimum=0.0, maximum=1.0, mean=mean, standard_deviation=size)
    assert Objective([bare]).constant_losses() == (0.0,)
