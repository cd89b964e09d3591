"""A transaction: all that an attempt would write is written or nothing, and its scalars."""

import math

import numpy as np
import pytest
import tensorflow as tf
from tiny_optimizer import Tiny, values

from ranker import optim
from ranker.guard import BAD_STATISTIC, Guard
from ranker.optim.clip.emergency import Emergency
from ranker.optim.rules.sgd import SgdRule


def with_memory():
    """Returns an optimizer's transaction, and a variable that something else wants to write."""
    tiny, memory = Tiny(clippers=[optim.Norm(max_norm=0.5)]), tf.Variable([1.0, 2.0])
    transaction = tiny.propose(values((3, 2)), values((2, 4)), [4, 1])
    transaction.write(memory, memory + 5.0)
    return tiny, memory, transaction


@pytest.mark.parametrize("accept", [True, False])
def test_all_is_written_or_nothing(accept):
    tiny, memory, transaction = with_memory()
    before = tiny.state()
    transaction.commit(accept=tf.constant(accept))
    np.testing.assert_array_equal(memory, [6.0, 7.0] if accept else [1.0, 2.0])
    changed = {name for name, value in tiny.state().items() if value != before[name]}
    slots = {"dense/kernel/accumulator", "embeddings/kernel/accumulator"}
    assert changed == ({"kernel", "table", "step"} | slots if accept else set())


def test_what_a_part_remembers_must_be_finite():
    _, memory, transaction = with_memory()
    assert Guard(max_refusals=9).judge(tf.constant([0.5]), transaction).accept
    worse = optim.Transaction()
    worse.write(memory, tf.constant([1.0, math.nan]))
    verdict = Guard(max_refusals=9).judge(tf.constant([0.5]), worse)
    assert (bool(verdict.accept), int(verdict.reason)) == (False, BAD_STATISTIC)


def test_a_variable_is_proposed_once():
    tiny, memory, transaction = with_memory()
    accumulator = tiny.optimizer.variables["dense/kernel/accumulator"]
    for variable in (memory, tiny.kernel, accumulator, tiny.optimizer.step):
        with pytest.raises(ValueError, match="is proposed twice in one attempt"):
            transaction.write(variable, variable)
    with pytest.raises(ValueError, match="is proposed twice"):
        tiny.optimizer.propose([tf.ones([3, 2]), None], transaction=transaction)


@pytest.mark.parametrize("is_compiled", [False, True])
def test_dear_scalars_are_computed_only_where_they_are_logged(is_compiled):
    def told(is_logged):
        transaction = optim.Transaction()
        transaction.scalar("cheap", tf.constant(3, tf.int32))
        transaction.dear(["one", "two"], lambda: tf.constant([0.25, 0.5], tf.float64))
        transaction.scalar("cheap/too", 1.5)
        scalars = transaction.scalars(is_logged)
        assert scalars.names == ("cheap", "cheap/too", "one", "two")
        return scalars.values

    run = tf.function(told) if is_compiled else told
    assert run(tf.constant(True)).numpy().tolist() == [3.0, 1.5, 0.25, 0.5]
    for is_logged in (tf.constant(False), False):
        np.testing.assert_array_equal(run(is_logged), np.float32([3.0, 1.5, np.nan, np.nan]))
    assert told(True).dtype == tf.float32


def test_a_scalar_has_one_name_and_no_shape():
    transaction = optim.Transaction()
    transaction.scalar("a", 1.0)
    with pytest.raises(ValueError, match="a scalar 'a' is there already"):
        transaction.dear(["b", "a"], lambda: tf.zeros([2]))
    with pytest.raises(ValueError, match=r"scalar 'c' must have shape \(\), got \(2,\)"):
        transaction.scalar("c", tf.zeros([2]))
    assert optim.Transaction().scalars().values.shape == (0,)


def test_the_optimizer_tells_rates_factors_and_norms():
    tiny = Tiny(optim.Sgd(), rate=0.5, clippers=[optim.Norm(max_norm=1.0, targets="dense")])
    kernel = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]], np.float32)
    # Rows 2 and 2 are summed to (6, 0, 0, 0) and (0, 8, 0, 0) is of row 0.
    slices = np.array([[4.0, 0, 0, 0], [0, 8.0, 0, 0], [2.0, 0, 0, 0]], np.float32)
    scalars = tiny.propose(kernel, slices, [2, 0, 2]).scalars()
    norm = math.hypot(5.0, 10.0)
    expected = {
        "learning_rate/dense": 0.5,
        "learning_rate/embeddings": 0.5,
        "clip_factor/dense/kernel": 0.2,
        "clip_factor/embeddings/kernel": 1.0,
        "gradient_norm": norm,
        "gradient_norm/dense": 5.0,
        "gradient_norm/embeddings": 10.0,
        "update_norm": math.hypot(0.5, 5.0),
    }
    assert {n: float(v) for n, v in scalars.items()} == pytest.approx(expected, rel=1e-6)
    assert list(scalars) == list(expected)
    only = tiny.optimizer.propose([None, tf.zeros([6, 4])]).scalars()
    assert (float(only["gradient_norm/dense"]), float(only["clip_factor/dense/kernel"])) == (0, 1)
    assert scalars.under("clip_factor").names == ("dense/kernel", "embeddings/kernel")


class Telling(optim.Stateless):
    """Halves everything, and tells how much it was given."""

    stage, targets = "update", "dense"

    def shares(self, items):
        """Returns one half each."""
        return [tf.constant(0.5)] * len(items)

    def scalars(self, items, scales, statistics):
        """Returns the largest update and what is left of it."""
        assert not statistics
        largest = tf.reduce_max(tf.abs(items[0].values))
        return {"largest": largest, "left": largest * scales[0]}


class TellingSgd(SgdRule):
    """Tells the mean of the gradient."""

    def direct(self, gradient, slots, *, step):
        """Returns what it does, and what it has to tell."""
        direction = super().direct(gradient, slots, step=step)
        return direction._replace(scalars={"mean": tf.reduce_mean(gradient)})


def test_clippers_and_rules_tell_by_name():
    is_on = tf.Variable(True)
    emergency = Emergency(clipper=Telling(), is_on=is_on)
    tiny = Tiny(TellingSgd(), rate=0.5, clippers=[optim.Value(max_value=9.0), Telling(), emergency])
    kernel = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, -6.0]], np.float32)
    scalars = tiny.propose(kernel, values((1, 4)), [3]).scalars()
    assert float(scalars["rule/dense/kernel/mean"]) == 1.5
    assert {n: float(v) for n, v in scalars.under("clip").items()} == {
        "1/largest": 3.0, "1/left": 1.5, "2/largest": 1.5, "2/left": 0.75,
    }  # fmt: skip


def test_gradients_are_summed_once_and_pass_as_they_are():
    tiny, twin = Tiny(), Tiny()
    kernel, ids = values((3, 2)), tf.constant([5, 1, 5])
    raw = [kernel, tf.IndexedSlices(tf.constant(values((3, 4))), ids)]
    summed = tiny.optimizer.summed(raw)
    assert [g.name for g in summed] == ["dense/kernel", "embeddings/kernel"]
    assert summed[1].rows.numpy().tolist() == [5, 1]
    tiny.optimizer.propose(summed).commit(accept=tf.constant(True))
    twin.optimizer.propose(raw).commit(accept=tf.constant(True))
    assert tiny.state() == twin.state()
    with pytest.raises(ValueError, match="0 gradients for 2 variables"):
        tiny.optimizer.propose([])
