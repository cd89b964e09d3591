"""What clippers keep: written with the step, resumed bit for bit, finite at every size."""

import numpy as np
import pytest
import tensorflow as tf
from tiny_optimizer import RULES, Tiny, values

from ranker import optim
from ranker.guard import BAD_STATISTIC, Guard

# Each past its warm-up within a few steps; and the statistics it keeps.
STATEFUL = {
    "autoclip": (optim.AutoClip(percentile=40.0, window=3), ["norms", "num_norms"]),
    "zclip": (optim.ZClip(warmup_steps=2, max_z=0.5), ["mean", "deviation", "num_norms"]),
    "adagc": (
        optim.AdaGc(warmup_steps=2, max_ratio=0.9),
        ["dense/kernel/usual_norm", "embeddings/kernel/usual_norm", "num_steps"],
    ),
    "gradient stabilizer": (
        optim.GradientStabilizer(gamma_2=0.9),
        [
            f"{group}/kernel/{what}"
            for group in ("dense", "embeddings")
            for what in ("mean", "root", "num_norms")
        ],
    ),
    "spam": (
        optim.Spam(threshold=0.3, rest_steps=1, reset_every=3, warmup_steps=0, targets="all"),
        ["num_steps"],
    ),
}
NAMES = list(STATEFUL)


def make(name):
    """Returns a small optimizer with a stateless clipper before the one named."""
    rule = optim.Adam(beta_1=0.8)
    return Tiny(rule, clippers=[optim.Value(max_value=1e35), STATEFUL[name][0]])


def batch(step, size=1.0):
    return values((3, 2), seed=step, size=size), values((3, 4), seed=9 + step, size=size), [1, 4, 1]


def statistics(tiny):
    """Returns what the clipper keeps, by name."""
    variables = tiny.optimizer.variables.items()
    return {n.removeprefix("clip/1/"): v.numpy() for n, v in variables if n.startswith("clip/1/")}


@pytest.mark.parametrize("name", NAMES)
def test_the_optimizer_holds_every_statistic_by_name(name):
    tiny = make(name)
    assert list(statistics(tiny)) == STATEFUL[name][1]
    assert all(not v.trainable for v in tiny.optimizer.variables.values())


@pytest.mark.parametrize("is_compiled", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_a_refused_step_leaves_no_trace_in_them(name, is_compiled):
    tiny, other = make(name), make(name)
    for each in (tiny, other):
        for step in range(4):
            each.apply(*batch(step))
    before = tiny.state()
    kernel, slices, ids = batch(7, size=1e6)
    refuse = tf.function(tiny.run) if is_compiled else tiny.apply
    refuse(kernel, slices, ids, accept=False)
    assert tiny.state() == before
    for each in (tiny, other):
        each.apply(*batch(5))
    assert tiny.state() == other.state()
    assert tiny.state() != before


@pytest.mark.parametrize("name", NAMES)
def test_a_resumed_one_goes_on_bit_for_bit(name):
    whole, half, resumed = make(name), make(name), make(name)
    for step in range(8):
        whole.apply(*batch(step))
    for step in range(5):
        half.apply(*batch(step))
    resumed.kernel.assign(half.kernel)
    resumed.table.assign(half.table)
    for key, variable in resumed.optimizer.variables.items():
        variable.assign(half.optimizer.variables[key])
    for step in range(5, 8):
        resumed.apply(*batch(step))
    assert resumed.state() == whole.state()
    forgetful = make(name)
    for step in range(5, 8):
        forgetful.apply(*batch(step))
    assert statistics(forgetful).keys() == statistics(whole).keys()
    assert any((statistics(forgetful)[k] != v).any() for k, v in statistics(whole).items())


@pytest.mark.runs
@pytest.mark.parametrize("name", NAMES)
def test_compiled_and_eager_do_the_same(name):
    eager, compiled = make(name), make(name)

    @tf.function
    def step(kernel, slices, ids):
        return compiled.apply(kernel, slices, ids).changes[0].factor

    for number in range(6):
        size = 50.0 if number == 4 else 1.0
        kernel, slices, ids = batch(number, size)
        expected = eager.apply(kernel, slices, ids).changes[0].factor
        got = step(tf.constant(kernel), tf.constant(slices), tf.constant(ids))
        np.testing.assert_allclose(got, expected, rtol=1e-5)
    for key, expected in eager.optimizer.variables.items():
        np.testing.assert_allclose(compiled.optimizer.variables[key], expected, rtol=1e-5)


@pytest.mark.parametrize("size", [0.0, 1e-30, 1e-3, 1e3, 1e18, 1e30])
@pytest.mark.parametrize("name", [n for n in NAMES if n != "spam"])  # which counts steps alone
def test_the_statistics_of_any_size_are_finite_and_none_refuses(name, size):
    tiny, guard = Tiny(optim.Sgd(), clippers=[STATEFUL[name][0]]), Guard(max_refusals=1)
    for step in range(6):
        kernel, slices, ids = batch(step, 1.0 if step in (0, 3) else size)
        transaction = tiny.propose(kernel, slices, ids)
        verdict = guard.judge(tf.constant([0.5]), transaction)
        assert verdict.accept, verdict.reason
        transaction.commit(accept=verdict.accept)
        assert all(np.isfinite(v.numpy()).all() for v in tiny.optimizer.variables.values())
        assert size < 1 or min(tiny.optimizer.factors(transaction)) > 0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_finite_enters_no_statistic(name, bad):
    tiny = make(name)
    for step in range(3):
        tiny.apply(*batch(step))
    before = statistics(tiny)
    kernel, slices, ids = batch(3)
    kernel[:], slices[:] = bad, bad
    transaction = tiny.propose(kernel, slices, ids)
    assert Guard(max_refusals=1).judge(tf.constant([0.5]), transaction).reason not in (
        0,
        BAD_STATISTIC,
    )
    np.testing.assert_array_equal(tiny.optimizer.factors(transaction), [0.0, 0.0])
    after = {v.ref(): value.numpy() for v, value in transaction.writes}
    for what, old in before.items():
        if what != "num_steps":
            np.testing.assert_array_equal(
                after[tiny.optimizer.variables[f"clip/1/{what}"].ref()], old
            )


@pytest.mark.parametrize("name", ["adagc", "gradient stabilizer"])
def test_a_variable_without_a_gradient_keeps_its_own(name):
    tiny = make(name)
    tiny.apply(*batch(0))
    before = statistics(tiny)
    transaction = tiny.optimizer.propose(
        [None, tf.IndexedSlices(*map(tf.constant, batch(1, 0.1)[1:]))]
    )
    transaction.commit(accept=tf.constant(True))
    after = statistics(tiny)
    for what, old in before.items():
        changed = (after[what] != old).any()
        assert changed == (not what.startswith("dense/")), what


@pytest.mark.parametrize("rule", [n for n in RULES if n not in ("adam", "rmsprop")])
@pytest.mark.parametrize("name", [n for n in NAMES if n != "spam"])
def test_works_with_every_rule_on_dense_and_on_rows(name, rule):
    tiny = Tiny(RULES[rule], clippers=[STATEFUL[name][0]])
    for step in range(4):
        transaction = tiny.apply(*batch(step, 30.0 if step == 3 else 1.0))
    factors = tiny.optimizer.factors(transaction).numpy()
    assert (factors > 0).all()
    assert (factors < 1).any() or name == "gradient stabilizer"
    assert np.isfinite(tiny.kernel.numpy()).all()
    assert np.isfinite(tiny.table.numpy()).all()
