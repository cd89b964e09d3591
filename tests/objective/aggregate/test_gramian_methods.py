"""Methods that weigh tasks by their gradients: published values, optimality, edges."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from methods import GRAMIAN, method, weigh
from scipy.optimize import minimize, nnls

from ranker.objective.aggregate.grad_vac import turned
from ranker.objective.aggregate.pcgrad import projected
from ranker.objective.aggregate.pulls import read
from ranker.optim import Transaction

PUBLISHED = json.loads((Path(__file__).parent / "published.json").read_text())
CASES = PUBLISHED["cases"]
FIELDS = {
    "aligned_mtl rmse": {"scale": "rmse"},
    "fair_grad 1": {"alpha": 1.0},
    "fair_grad 2": {"alpha": 2.0},
    "cagrad 0.5": {"radius": 0.5},
    "cagrad 0.2": {"radius": 0.2},
    "nash_mtl": {"max_norm": 0.0},
}
POWER = {"nash_mtl": -1.0, "fair_grad 1": -1.0, "fair_grad 2": -4 / 3}  # of the gradients' scale
SETTINGS = {name: FIELDS.get(name, {}) for name in [*CASES["two_tasks"]["weights"], "con_fig"]}
SETTINGS |= {"pcgrad": {}, "grad_vac": {}, "mgda norm": {"divide_by": "norm"}, "grad_norm": {}}
assert {name.partition(" ")[0] for name in SETTINGS} == set(GRAMIAN)


def weights_of(name, gradients):
    return weigh(name.partition(" ")[0], gradients, **SETTINGS[name])


def drawn(seed, num, width):
    rng = np.random.default_rng(seed)
    lengths = 10.0 ** rng.uniform(-2, 2, [num, 1])
    return rng.normal(size=[num, width]) * lengths


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", CASES["two_tasks"]["weights"])
def test_weights_are_those_of_the_published_formulas(name, case):
    gradients = np.array(CASES[case]["gradients"])
    expected = np.array(CASES[case]["weights"][name])
    found = weights_of(name, gradients)
    np.testing.assert_allclose(found @ gradients, expected @ gradients, rtol=5e-6, atol=1e-5)
    if case != "parallel":  # where other weights have the same sum
        np.testing.assert_allclose(found, expected, rtol=5e-6, atol=2e-6)


@pytest.mark.parametrize("case", CASES)
def test_con_fig_goes_where_its_authors_go(case):
    gradients = np.array(CASES[case]["gradients"])
    found = weights_of("con_fig", gradients) @ gradients
    np.testing.assert_allclose(found, CASES[case]["directions"]["con_fig"], atol=3e-6)


def test_pcgrad_is_as_published_in_one_order_and_over_all():
    gradients = np.array(CASES["four_tasks"]["gradients"])
    golden, products = PUBLISHED["pcgrad_four_tasks"], tf.constant(gradients @ gradients.T)

    def found(order):
        return projected(products, tf.constant([order] * 4)).numpy()

    np.testing.assert_allclose(found(range(4)), golden["weights"], rtol=2e-6)
    each = [found(order) @ gradients for order in itertools.permutations(range(4))]
    np.testing.assert_allclose(np.mean(each, axis=0), golden["mean_direction"], atol=2e-6)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("num", [2, 3, 5])
def test_mgda_is_as_short_as_any_mean(num, seed):
    gradients = drawn(seed, num, num + 2)
    weights = weights_of("mgda", gradients)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1)
    shortest = weights @ gradients
    square = shortest @ shortest
    assert (gradients @ shortest >= square * (1 - 1e-4)).all()  # it is the nearest point to 0


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("num", [2, 3, 5])
def test_projections_are_those_of_nonnegative_least_squares(num, seed):
    gradients = drawn(seed, num, num + 1)

    def shortest(least):
        added, _ = nnls(gradients.T, -gradients.T @ least)
        return least + added

    share = np.full(num, 1 / num)
    each = sum(shortest(row) for row in np.diag(share))
    for name, expected in (("dual_proj", shortest(share)), ("upgrad", each)):
        step, wanted = weights_of(name, gradients) @ gradients, expected @ gradients
        scale = np.linalg.norm(wanted)
        np.testing.assert_allclose(step / scale, wanted / scale, atol=1e-5)
        assert (gradients @ step >= -1e-5 * scale * np.linalg.norm(gradients, axis=1)).all()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("num", [2, 3, 4])
def test_cagrad_is_no_worse_than_what_a_search_finds(num, seed):
    gradients = drawn(seed, num, num + 1)
    products, share, radius = gradients @ gradients.T, np.full(num, 1 / num), 0.4
    mean = np.sqrt(share @ products @ share)

    def dual(weights):
        size = np.sqrt(max(weights @ products @ weights, 0))
        return (weights @ products @ share + radius * mean * size) / products.max()

    starts = [share, *(np.eye(num) * 0.9 + 0.1 / num)]
    sums = {"type": "eq", "fun": lambda weights: weights.sum() - 1}
    bounds, options = [(0, 1)] * num, {"ftol": 1e-14, "maxiter": 500}
    found = [
        minimize(dual, x, method="SLSQP", bounds=bounds, constraints=sums, options=options)
        for x in starts
    ]
    ours = weigh("cagrad", gradients, radius=radius).astype(float) - share
    assert ours.min() >= -1e-6
    assert dual(ours / ours.sum()) <= min(r.fun for r in found) + 1e-6
    assert np.linalg.norm(ours @ gradients) == pytest.approx(radius * mean, rel=1e-5)


@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("num", [1, 2, 4, 7, 12])
def test_fair_weights_solve_their_equation(num, alpha):
    gradients = drawn(num, num, num + 3)
    weights = weigh("fair_grad", gradients, alpha=alpha).astype(float)
    gains = gradients @ (weights @ gradients)
    np.testing.assert_allclose(gains * weights ** (1 / alpha), 1.0, rtol=2e-4)


def test_nash_mtl_has_one_length_whatever_the_gradients_are():
    for num in (2, 5):
        gradients = drawn(num, num, num + 3)
        step = weigh("nash_mtl", gradients, max_norm=0.0) @ gradients
        assert step @ step == pytest.approx(num, rel=1e-5)
        clamped = weigh("nash_mtl", gradients, max_norm=0.5) @ gradients
        assert np.linalg.norm(clamped) == pytest.approx(0.5, rel=1e-5)


@pytest.mark.parametrize("num", [2, 3, 5])
def test_steps_are_at_one_angle_or_of_one_length_as_the_names_say(num):
    gradients = drawn(num, num, num + 2)
    units = gradients / np.linalg.norm(gradients, axis=1, keepdims=True)
    for name in ("imtl_g", "con_fig"):
        along = units @ (weights_of(name, gradients) @ gradients)
        np.testing.assert_allclose(along, along[0], rtol=1e-3)
    root = np.linalg.svd(gradients, compute_uv=False)
    step = weights_of("aligned_mtl", gradients) @ gradients
    assert np.linalg.norm(step) == pytest.approx(root.min() / num**0.5, rel=1e-3)


def test_grad_vac_turns_a_gradient_to_the_usual_cosine():
    gradients = np.array([[3.0, 1.0], [-1.0, 2.0]])
    pulls, order = read(tf.constant(gradients @ gradients.T)), tf.constant([[1, 0], [0, 1]])
    usual = tf.constant([[0.0, 0.6], [-0.9, 0.0]], tf.float64)
    left, means = turned(pulls, order, usual, 0.75)
    first = left.numpy()[0] @ gradients
    units = [v / np.linalg.norm(v) for v in (first, gradients[1])]
    assert units[0] @ units[1] == pytest.approx(0.6)
    assert left.numpy()[1].tolist() == [0.0, 1.0]  # nearer than usual already
    cosine = gradients[0] @ gradients[1] / np.sqrt(10 * 5)
    np.testing.assert_allclose(means[0, 1], 0.75 * 0.6 + 0.25 * cosine)
    np.testing.assert_allclose(means[1, 0], 0.75 * -0.9 + 0.25 * cosine)


def test_grad_vac_begins_as_pcgrad():
    gradients = np.array(CASES["four_tasks"]["gradients"])
    np.testing.assert_allclose(weigh("grad_vac", gradients), weigh("pcgrad", gradients), rtol=1e-5)


# What libraries get wrong.


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("scale", [1e-12, 1e-6, 1.0, 1e6, 1e12])
def test_the_scale_of_the_gradients_changes_nothing_else(name, scale):
    gradients = np.array(CASES["four_tasks"]["gradients"])
    power = POWER.get(name, 0.0)
    expected = weights_of(name, gradients) * scale**power
    np.testing.assert_allclose(weights_of(name, scale * gradients), expected, rtol=1e-4)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_task_without_labels_takes_no_part_and_stops_nothing(name):
    rows = np.array(CASES["four_tasks"]["gradients"])[:3]
    is_of_all = name in ("pcgrad", "grad_vac", "grad_norm")  # drawn for four, or summing to four
    without = np.insert(rows, 1, 0.0, axis=0)
    found = weights_of(name, without)
    assert found[1] == 1.0
    if not is_of_all:
        np.testing.assert_allclose(np.delete(found, 1), weights_of(name, rows), rtol=1e-4)
    assert np.linalg.norm(found @ without) > 0.01


@pytest.mark.parametrize("name", SETTINGS)
def test_one_task_with_labels_is_trained_as_if_it_were_alone(name):
    found = weights_of(name, [[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]])
    assert (found > 0).all()
    assert np.isfinite(found).all()


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0])
def test_nothing_to_say_is_the_plain_sum(name, bad):
    gradients = np.array([[1.0, 2.0], [-3.0, 1.0]]) * (bad != 0)
    gradients[0, 0] = bad
    assert weights_of(name, gradients).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize(
    "gradients",
    [[[1.0, 0.0], [-1.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]], [[1.0, 2.0]] * 2 + [[-3.0, -6.0]]],
    ids=["opposite", "equal", "one line"],
)
def test_gradients_that_depend_on_each_other_give_finite_weights(name, gradients):
    weights = weights_of(name, gradients)
    assert np.isfinite(weights).all()
    assert np.abs(weights).max() < 1e5


@settings(max_examples=10, deadline=None)
@given(st.data())
@pytest.mark.parametrize("name", SETTINGS)
def test_weights_are_finite_whatever_the_gradients(name, data):
    num = data.draw(st.integers(2, 4))
    numbers = st.floats(-100, 100, width=32)
    gradients = data.draw(
        st.lists(st.lists(numbers, min_size=3, max_size=3), min_size=num, max_size=num)
    )
    assert np.isfinite(weights_of(name, gradients)).all()


@pytest.mark.parametrize("divide_by", ["norm", "loss", "loss_norm"])
def test_mgda_may_look_at_gradients_over_norms_and_losses(divide_by):
    gradients, losses = np.array([[3.0, 1.0], [-1.0, 0.5]]), np.array([0.5, 2.0])
    divisors = np.ones(2)
    if "norm" in divide_by:
        divisors *= np.linalg.norm(gradients, axis=1)
    if "loss" in divide_by:
        divisors *= losses
    found = weigh("mgda", gradients, losses=losses.astype(np.float32), divide_by=divide_by)
    expected = weigh("mgda", gradients / divisors[:, np.newaxis])
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_orders_differ_from_step_to_step_and_are_the_same_again():
    gradients = np.array(CASES["four_tasks"]["gradients"])
    pulls = read(tf.constant(gradients @ gradients.T))
    made, again = method("pcgrad", 4), method("pcgrad", 4)
    found = []
    for one in (made, again):
        for _ in range(4):
            transaction = Transaction()
            found.append(one.weights(pulls, tf.ones([4]), transaction).numpy().tolist())
            transaction.commit(accept=tf.constant(True))
    assert found[:4] == found[4:]
    assert len({tuple(weights) for weights in found[:4]}) > 1
