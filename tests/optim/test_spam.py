"""SPAM by hand: its clipping, slots that start over, and the rate after that."""

import math

import numpy as np
import pytest
import tensorflow as tf
from tiny_optimizer import RULES, Tiny, values

from ranker import optim
from ranker.optim.clip.emergency import Emergency

SLICES = np.zeros((1, 4), np.float32)


def kernel_steps(tiny, gradients):
    """Yields each step's change of a dense variable of two."""
    for gradient in gradients:
        yield tiny.apply(np.array(gradient, np.float32), SLICES, [0]).changes[0]


@pytest.mark.parametrize("name", ["adam", "rmsprop", "rmsprop momentum"])
def test_each_element_is_held_to_the_root_of_its_own_mean_square(name):
    rule = {
        "adam": optim.Adam(beta_2=0.75),
        "rmsprop": optim.RmsProp(rho=0.75),
        "rmsprop momentum": optim.RmsProp(rho=0.75, momentum=0.5),
    }[name]
    clipper = optim.Spam(threshold=9.0, rest_steps=1, reset_every=100, warmup_steps=0)
    tiny = Tiny(rule, clippers=[clipper], shape=(2,))
    slot = "second_moment" if name == "adam" else "mean_square"
    changes = list(kernel_steps(tiny, [[4.0, -4.0], [8.0, -1.0]]))
    # The first rests: v = 0.25 * 16 = 4 each, so a limit of 3 * 2 = 6: 8 becomes 6, -1 passes.
    np.testing.assert_allclose([c.factor for c in changes], [1.0, 0.75], rtol=1e-6)
    v = tiny.optimizer.variables[f"dense/kernel/{slot}"]
    np.testing.assert_allclose(v, [0.75 * 4 + 0.25 * 36, 0.75 * 4 + 0.25 * 1], rtol=1e-6)


def test_an_element_without_a_mean_square_yet_passes():
    clipper = optim.Spam(threshold=2.0, rest_steps=1, reset_every=100, warmup_steps=0)
    tiny = Tiny(optim.Adam(), clippers=[clipper], shape=(2,))
    changes = list(kernel_steps(tiny, [[1.0, 0.0], [0.0, 50.0]]))
    np.testing.assert_array_equal([c.factor for c in changes], [1.0, 1.0])
    assert changes[1].update[1] != 0


def test_nothing_is_clipped_in_the_steps_after_each_start_over():
    clipper = optim.Spam(threshold=1e-6, rest_steps=2, reset_every=5, warmup_steps=0)
    tiny = Tiny(optim.Adam(), clippers=[clipper], shape=(2,))
    factors = [float(c.factor) for c in kernel_steps(tiny, [[1.0, 2.0]] * 12)]
    assert [f == 1 for f in factors] == ([True] * 2 + [False] * 3) * 2 + [True] * 2


@pytest.mark.parametrize("is_compiled", [False, True])
def test_slots_and_their_correction_start_over_as_if_just_made(is_compiled):
    rule = optim.Adam(beta_1=0.8, beta_2=0.9)
    tiny, fresh = Tiny(rule, shape=(2,), reset_every=3), Tiny(rule, shape=(2,), reset_every=3)
    apply = tf.function(tiny.run) if is_compiled else tiny.apply
    for step in range(5):
        kernel = values((2,), seed=step)
        apply(tf.constant(kernel), tf.constant(values((1, 4), seed=step)), tf.constant([0]))
        if step >= 3:
            fresh.apply(kernel, values((1, 4), seed=step), [0])
    for name, variable in tiny.optimizer.variables.items():
        if name != "step":
            np.testing.assert_array_equal(variable, fresh.optimizer.variables[name])
    before = tiny.kernel.numpy()
    apply(tf.constant(values((2,), seed=9)), tf.constant(SLICES), tf.constant([0]))
    fresh.kernel.assign(before)
    fresh.apply(values((2,), seed=9), SLICES, [0])
    np.testing.assert_allclose(tiny.kernel, fresh.kernel, rtol=1e-6)


def test_slots_start_over_at_what_they_start_from():
    rule = optim.Adagrad(initial_accumulator=0.5)
    tiny = Tiny(rule, shape=(2,), reset_every=2)
    list(kernel_steps(tiny, [[3.0, 1.0], [1.0, 1.0], [2.0, 0.0]]))
    np.testing.assert_allclose(tiny.optimizer.variables["dense/kernel/accumulator"], [4.5, 0.5])


def test_of_a_table_only_the_rows_touched_at_that_step_start_over():
    tiny = Tiny(optim.Adagrad(initial_accumulator=0.5), reset_every=2)
    ones = np.ones((2, 4), np.float32)
    for ids in ([1, 4], [1, 4], [1, 5], [4, 5]):
        tiny.apply(values((3, 2)), ones, ids)
    accumulator = tiny.optimizer.variables["embeddings/kernel/accumulator"].numpy()[:, 0]
    np.testing.assert_allclose(accumulator, [0.5, 1.5, 0.5, 0.5, 3.5, 2.5])


def test_a_refused_step_does_not_start_over():
    tiny = Tiny(optim.Adam(), shape=(2,), reset_every=2)
    list(kernel_steps(tiny, [[3.0, 1.0]] * 2))
    before = tiny.state()
    tiny.apply(np.ones(2, np.float32), SLICES, [0], accept=False)
    assert tiny.state() == before


def test_the_rate_rises_anew_along_half_a_cosine():
    schedule = optim.Restarts(
        schedule=optim.Cosine(rate=2.0, decay_steps=100), every=10, warmup_steps=3, least_share=0.2
    )
    own = optim.Cosine(rate=2.0, decay_steps=100)
    # (1 + cos(pi / 4 * (1, 2, 3))) / 2 = 0.853553, 0.5, 0.146447; times 0.8, from 1.
    shares = {9: 1.0, 10: 0.317157, 11: 0.6, 12: 0.882843, 13: 1.0, 19: 1.0, 20: 0.317157, 0: 1.0}
    for step, share in shares.items():
        step = tf.constant(step, tf.int64)
        np.testing.assert_allclose(schedule(step), own(step) * share, rtol=1e-5)
    none = optim.Restarts(schedule=own, every=10, warmup_steps=0)
    np.testing.assert_allclose(none(tf.constant(10, tf.int64)), own(tf.constant(10)), rtol=1e-6)


def test_its_parts_together_bring_a_step_after_a_start_over_to_a_share():
    # Adam's first step after it is the rate, 0.5, whatever the gradient; times 1 - 0.99 *
    # (1 + cos(pi / 3)) / 2 = 0.2575.
    schedule = optim.Restarts(schedule=optim.Constant(rate=0.5), every=4, warmup_steps=2)
    tiny = Tiny(
        optim.Adam(epsilon=1e-12),
        clippers=[optim.Spam(reset_every=4, warmup_steps=0, rest_steps=1)],
        rate=schedule,
        shape=(2,),
        reset_every=4,
    )
    changes = list(kernel_steps(tiny, [[1.0, -1.0]] * 4 + [[7.0, -3.0]]))
    np.testing.assert_allclose(changes[4].update, [0.5 * 0.2575, -0.5 * 0.2575], rtol=1e-4)
    np.testing.assert_allclose(changes[0].update, [0.5, -0.5], rtol=1e-4)


@pytest.mark.parametrize("name", [n for n in RULES if n != "adam" and "rmsprop" not in n])
def test_a_rule_without_a_mean_of_squares_is_refused(name):
    for clipper in (optim.Spam(), Emergency(clipper=optim.Spam(), is_on=tf.Variable(False))):
        with pytest.raises(ValueError, match="'spam' goes by its rule's mean square"):
            Tiny(RULES[name], clippers=[clipper])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"every": 0, "warmup_steps": 0}, "every must be >= 1, got 0"),
        ({"every": 5, "warmup_steps": 5}, "warmup_steps must be >= 0 and < 5, got 5"),
        ({"every": 5, "warmup_steps": 1, "least_share": math.nan}, "least_share .* got nan"),
    ],
)
def test_a_warm_up_that_does_not_fit_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        optim.Restarts(schedule=optim.Constant(rate=1.0), **settings)
    with pytest.raises(ValueError, match="reset_every must be >= 0, got -1"):
        Tiny(reset_every=-1)
