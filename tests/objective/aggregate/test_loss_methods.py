"""Methods that weigh tasks by their losses: published values, slopes, memory, missing labels."""

import json
import types
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from methods import method

from ranker.objective.aggregate.by_losses import ByLosses
from ranker.objective.aggregate.pulls import read
from ranker.optim import Transaction
from ranker.spec.aggregate import Aggregation
from ranker.spec.part import actor, kinds

GOLDEN = json.loads((Path(__file__).parent / "published.json").read_text())["losses"]
LOSSES = np.array(GOLDEN["at"], np.float32)
KINDS = [
    kind
    for kind, part in kinds(Aggregation).items()
    if part.__module__ == "ranker.spec.aggregate" and issubclass(actor(part()), ByLosses)
]


def weigh(made, losses=LOSSES, labelled=None, *, accept=True):
    """Returns the weights of one attempt, which is then committed or not."""
    labelled = np.ones(len(losses), bool) if labelled is None else np.array(labelled)
    losses = np.where(labelled, losses, 0).astype(np.float32)
    found = {}

    def total(weights):
        found["weights"] = weights.numpy()
        return ()

    tasks = tuple(f"task{place}" for place in range(len(losses)))
    gradients = types.SimpleNamespace(
        tasks=tasks, losses=tf.constant(losses), labelled=tf.constant(labelled), total=total
    )
    transaction = Transaction()
    made(gradients, transaction)
    transaction.commit(accept=tf.constant(accept))
    told = transaction.scalars()
    assert [float(told[f"task_weight/{task}"]) for task in tasks] == found["weights"].tolist()
    return found["weights"]


def state(made):
    return {name: variable.numpy() for name, variable in made.variables.items()}


def test_weights_are_the_slopes_that_are_published():
    np.testing.assert_allclose(weigh(method("gls", 3)), GOLDEN["gls"]["gradient"], rtol=2e-6)
    found = weigh(method("stch", 3, smoothness=0.1))
    np.testing.assert_allclose(found, GOLDEN["stch 0.1"]["gradient"], rtol=2e-6)
    np.testing.assert_allclose(weigh(method("uncertainty", 3)), [0.5] * 3)
    np.testing.assert_allclose(weigh(method("imtl_l", 3)), [1.0] * 3)


@pytest.mark.parametrize("kind", ["gls", "stch"])
def test_weights_are_the_slopes_of_what_is_minimised(kind):
    def value(losses):
        if kind == "gls":
            return np.prod(losses) ** (1 / 3)
        return 0.5 * np.log(np.exp(losses / 3 / 0.5).sum())

    fields = {"smoothness": 0.5} if kind == "stch" else {}
    exact = LOSSES.astype(float)
    slopes = [(value(exact + e) - value(exact - e)) / 2e-6 for e in 1e-6 * np.eye(3)]
    np.testing.assert_allclose(weigh(method(kind, 3, **fields)), slopes, rtol=1e-5)


def test_famo_weighs_and_learns_as_published():
    made, golden = method("famo", 3, weight_decay=0.0), GOLDEN["famo"]
    np.testing.assert_allclose(weigh(made), golden["weights"], rtol=1e-6)
    assert not made.variables["logits"].numpy().any()
    transaction = Transaction()
    made.follow(tf.constant(LOSSES), tf.constant(golden["after"]), transaction)
    transaction.commit(accept=tf.constant(True))
    np.testing.assert_allclose(made.variables["logits"], golden["logits"], rtol=1e-4)
    assert weigh(made)[1] > golden["weights"][1]  # it fell not at all


def test_dwa_weighs_by_the_means_of_the_last_two_windows():
    made, golden = method("dwa", 3, window_attempts=2), GOLDEN["dwa 2"]
    first, second = (np.array(mean, np.float32) for mean in golden["means"])
    for losses in (first - 0.25, first + 0.25, second, second):
        assert weigh(made, losses).tolist() == [1.0] * 3
    np.testing.assert_allclose(weigh(made, second), golden["weights"], rtol=2e-6)


def test_dwa_counts_the_attempts_in_which_a_task_has_labels():
    made = method("dwa", 2, window_attempts=2)
    weigh(made, np.array([1.0, 4.0]), [True, False])
    weigh(made, np.array([3.0, 6.0]))
    assert made.variables["last"].numpy().tolist() == [2.0, 6.0]
    for _ in range(2):
        weigh(made, np.array([1.0, 9.0]), [True, False])
    assert made.variables["last"].numpy().tolist() == [1.0, 6.0]


@pytest.mark.parametrize(
    ("kind", "fixed_point"), [("uncertainty", 1 / (2 * LOSSES)), ("imtl_l", 1 / LOSSES)]
)
def test_trained_weights_come_to_the_inverse_of_the_losses(kind, fixed_point):
    made = method(kind, 3, learning_rate=0.5)
    for _ in range(200):
        found = weigh(made)
    np.testing.assert_allclose(found, fixed_point, rtol=1e-3)
    for _ in range(80):
        found = weigh(made, np.full(3, 1e-30, np.float32))
    assert np.isfinite(found).all()
    assert np.abs(next(iter(made.variables.values()))).max() <= 10


def test_rlw_draws_anew_and_the_same_again():
    one, other = method("rlw", 3), method("rlw", 3)
    found = [weigh(one).tolist() for _ in range(3)]
    assert found == [weigh(other).tolist() for _ in range(3)]
    assert found[0] != found[1]
    assert all(sum(weights) == pytest.approx(1) for weights in found)
    assert weigh(one, accept=False).tolist() == weigh(one).tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_a_task_without_labels_weighs_1_and_its_memory_does_not_move(kind):
    made, fewer = method(kind, 3), method(kind, 2)
    for _ in range(3):
        found = weigh(made, labelled=[True, False, True])
        assert found[1] == 1.0
        expected = weigh(fewer, LOSSES[[0, 2]])
        if kind not in ("rlw", "dwa"):  # which draw for three, or sum to three
            np.testing.assert_allclose(found[[0, 2]], expected, rtol=1e-5)
    for name, value in state(made).items():
        if name in ("log_variances", "log_scales", "logits"):
            assert value[1] == 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_a_refused_attempt_leaves_no_trace(kind):
    made = method(kind, 3)
    weigh(made)
    before = state(made)
    weigh(made, 2 * LOSSES, accept=False)
    for name, value in state(made).items():
        np.testing.assert_array_equal(value, before[name])


@pytest.mark.parametrize("kind", KINDS)
def test_a_loss_that_is_not_finite_gives_the_plain_sum_or_finite_weights(kind):
    found = weigh(method(kind, 3), np.array([np.nan, 1.0, 2.0]), accept=False)
    assert np.isfinite(found).all()
    assert np.isfinite(weigh(method(kind, 3), labelled=[False] * 3)).all()


def test_grad_norm_weighs_a_small_gradient_more_and_a_slow_task_more():
    rows = np.array([[8.0, 0.0], [0.0, 1.0]])
    pulls = read(tf.constant(rows @ rows.T))

    def trained(losses, alpha):
        made = method("grad_norm", 2, alpha=alpha, learning_rate=0.1)
        for loss in [np.ones(2), *[losses] * 60]:
            transaction = Transaction()
            loss = tf.constant(loss, tf.float32)
            weights = made.weights(pulls, loss, transaction).numpy()
            transaction.commit(accept=tf.constant(True))
        return weights

    equal = trained(np.ones(2), 0.0)
    assert equal.sum() == pytest.approx(2)
    assert equal[0] * 8 == pytest.approx(equal[1], rel=0.2)
    slow = trained(np.array([1.0, 0.25]), 1.0)  # the first has not fallen
    assert slow[0] > 1.5 * equal[0]
    scaled = read(tf.constant(1e12 * rows @ rows.T))
    assert scaled.norms.numpy().tolist() == pulls.norms.numpy().tolist()
