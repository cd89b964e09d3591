"""Losses by hand, masks that hold, weights that count."""

import dataclasses
import math

import numpy as np
import pytest
import tensorflow as tf

from ranker.objective import Objective
from ranker.schema import Task
from ranker.spec.objective import CrossEntropy, Huber, Loss, Squared
from ranker.spec.part import act, kinds

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
    objective = Objective([RATING], regression=Huber(delta=2.0))
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


@pytest.mark.parametrize("size", [1e-30, 1e-12, 1e12, 1e30])
@pytest.mark.parametrize("rows", [1, 3, 8192])
def test_how_large_all_weights_are_changes_no_loss_and_no_gradient(size, rows):
    generator = np.random.default_rng(rows)
    label = {"like": (generator.random(rows) < 0.5).astype(np.float32)}
    label["rating"] = generator.integers(1, 6, rows).astype(np.float32)
    weight = generator.integers(1, 4, rows).astype(np.float32)
    logit = tf.Variable(generator.normal(size=rows).astype(np.float32))
    found = []
    for scale in (1.0, size):
        with tf.GradientTape() as tape:
            weights = dict.fromkeys(label, tf.constant(weight * np.float32(scale)))
            loss = Objective([LIKE, RATING]).losses(dict.fromkeys(label, logit), label, weights)
        found.append((loss.numpy(), tape.gradient(loss, logit).numpy()))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("weight", [math.nan, math.inf, -math.inf])
def test_a_weight_that_is_not_finite_is_seen(weight):
    assert not np.isfinite(losses(Objective([LIKE]), [[0.5, 0.5]], [[1.0, 1.0]], [[1.0, weight]]))


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
    with pytest.raises(ValueError, match=r"losses\.rating: CrossEntropy\(\) is of binary tasks"):
        Objective([RATING], losses={"rating": CrossEntropy()})
    with pytest.raises(ValueError, match="no task 'share' to have a loss; there are: like"):
        Objective([LIKE], losses={"share": CrossEntropy()})


def test_an_error_is_told_in_deviations_or_in_the_unit_of_its_label():
    # Labels of deviation 4: an error of 6 is 1.5 deviations.
    seconds = Task(
        name="s", kind="regression", minimum=0, maximum=9, mean=7.0, standard_deviation=4.0
    )
    sides = [[8.0]], [[2.0]], [[1.0]]
    for loss, expected, constant in (
        (None, 1.5**2, 1.0),
        (Squared(unit="label"), 36.0, 16.0),
        (Huber(delta=1.0), 1.5 - 0.5, 0.5),
        (Huber(delta=1.0, unit="label"), 6 - 0.5, 4 - 0.5),
    ):
        objective = Objective([seconds], regression=loss)
        np.testing.assert_allclose(losses(objective, *sides), [expected], rtol=1e-6)
        np.testing.assert_allclose(objective.constant_losses(), [constant], rtol=1e-6)


def test_a_task_weighs_what_its_schema_says_unless_it_is_named():
    tasks = [LIKE, dataclasses.replace(RATING, weight=0.25)]
    assert Objective(tasks).weighted(np.ones(2, np.float32)).numpy().tolist() == [1.0, 0.25]
    named = Objective(tasks, weights={"rating": 2.0})
    assert named.weighted(np.ones(2, np.float32)).numpy().tolist() == [1.0, 2.0]


def test_a_task_may_have_a_loss_of_its_own():
    other = Task(name="seconds", kind="regression", minimum=0, maximum=9)
    objective = Objective([RATING, other], losses={"seconds": Huber(delta=1.0)})
    columns = {"rating": np.array([3.0]), "seconds": np.array([3.0])}
    ones, zeros = dict.fromkeys(columns, np.ones(1)), dict.fromkeys(columns, np.zeros(1))
    np.testing.assert_allclose(objective.losses(columns, zeros, ones), [9.0, 2.5])


@pytest.mark.parametrize("kind", kinds(Loss))
def test_every_loss_is_of_each_row_alone_finite_and_the_same_each_time(kind):
    if not kinds(Loss)[kind].__module__.startswith("ranker."):
        return  # of another test in this process
    loss = act(kinds(Loss)[kind]())
    logit = np.float32([-30.0, -0.5, 0.0, 2.0, 30.0])
    label = np.float32([0.0, 1.0, 0.0, 1.0, 0.0])
    whole = loss.each(tf.constant(logit), tf.constant(label)).numpy()
    assert whole.dtype == np.float32
    assert (whole >= 0).all()
    assert np.isfinite(whole).all()
    np.testing.assert_array_equal(whole, loss.each(tf.constant(logit), tf.constant(label)))
    for i in range(5):
        one = loss.each(tf.constant(logit[[i]]), tf.constant(label[[i]]))
        np.testing.assert_allclose(one, whole[[i]], rtol=1e-6)
    assert loss.each(tf.zeros([0]), tf.zeros([0])).shape == (0,)
    task = {"binary": LIKE, "regression": RATING}[loss.task_kind]
    assert 0 <= loss.of_constant(task) < math.inf
