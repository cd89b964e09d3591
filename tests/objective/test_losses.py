"""Losses by hand, masks that hold, weights that count."""

import math

import numpy as np
import pytest
import tensorflow as tf

from ranker.objective import Objective
from ranker.schema import Task

LIKE = Task(name="like", kind="binary", minimum=0, maximum=1)
RATING = Task(name="rating", kind="regression", minimum=1, maximum=5)


def losses(objective, logit, label, weight):
    names = objective.tasks
    return objective.losses(
        {n: tf.constant(v) for n, v in zip(names, logit, strict=True)},
        {n: tf.constant(v) for n, v in zip(names, label, strict=True)},
        {n: tf.constant(v) for n, v in zip(names, weight, strict=True)},
    ).numpy()


def test_by_hand():
    # like: log(1 + e^0) = log 2 and log(1 + e^-2); weights 3 and 1.
    # rating: (4 - 3)^2 and (1 - 4)^2; weights 1 and 0.5.
    got = losses(
        Objective([LIKE, RATING]),
        [[0.0, 2.0], [4.0, 1.0]],
        [[1.0, 1.0], [3.0, 4.0]],
        [[3.0, 1.0], [1.0, 0.5]],
    )
    expected = [(3 * math.log(2) + math.log1p(math.exp(-2))) / 4, (1 + 4.5) / 1.5]
    np.testing.assert_allclose(got, expected, rtol=1e-6)


def test_huber_by_hand():
    # |error| 0.5: 0.125; |error| 4 with delta 2: 2 * (4 - 1) = 6.
    objective = Objective([RATING], regression="huber", huber_delta=2.0)
    got = losses(objective, [[3.5, 1.0]], [[3.0, 5.0]], [[1.0, 1.0]])
    np.testing.assert_allclose(got, [(0.125 + 6) / 2], rtol=1e-6)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_masked_label_counts_neither_forward_nor_backward(bad):
    objective = Objective([LIKE])
    logit = tf.Variable([0.5, 0.5])
    with tf.GradientTape() as tape:
        loss = objective.losses(
            {"like": logit}, {"like": tf.constant([1.0, bad])}, {"like": tf.constant([1.0, 0.0])}
        )
        total = objective.total(loss)
    gradient = tape.gradient(total, logit).numpy()
    np.testing.assert_allclose(loss.numpy(), [math.log1p(math.exp(-0.5))], rtol=1e-6)
    assert gradient[1] == 0
    assert np.isfinite(gradient).all()


def test_an_unmasked_nan_label_is_seen():
    assert np.isnan(losses(Objective([LIKE]), [[0.5]], [[math.nan]], [[1.0]]))[0]


def test_a_task_without_a_label_gives_zero():
    assert losses(Objective([RATING]), [[2.0]], [[0.0]], [[0.0]]).tolist() == [0.0]


def test_the_total_weighs_the_tasks():
    objective = Objective([LIKE, RATING], weights={"rating": 0.25})
    assert objective.total(tf.constant([2.0, 8.0])).numpy() == 4.0


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="no task 'share' to weigh; there are: like"):
        Objective([LIKE], weights={"share": 2.0})
    with pytest.raises(ValueError, match="regression loss 'log' is none of"):
        Objective([RATING], regression="log")
