"""An emergency clipper: its clipper while on, nothing at all while off."""

import numpy as np
import pytest
import tensorflow as tf

from ranker.optim import (
    AdaGc,
    Adagrad,
    Agc,
    Clippy,
    Constant,
    GlobalNorm,
    Group,
    Norm,
    Optimizer,
    Value,
    ZClip,
)
from ranker.optim.clip.emergency import Emergency

pytestmark = pytest.mark.runs

CLIPPERS = [
    Clippy(targets="all"),
    Clippy(scope="row", targets="all"),
    Clippy(scope="coordinate", targets="all"),
    Norm(max_norm=0.1),
    Value(max_value=0.1),
    GlobalNorm(max_norm=0.1),
    Agc(max_ratio=0.01, targets="all"),
    ZClip(max_norm=0.1),
    AdaGc(max_norm=0.1, warmup_steps=1),
]


class Training:
    """A dense variable and a table under one clipper, or none, trained on given gradients."""

    def __init__(self, clippers):
        rng = np.random.default_rng(4)
        self.dense = tf.Variable(rng.normal(size=(3, 4)).astype(np.float32), name="dense")
        self.table = tf.Variable(rng.normal(size=(9, 4)).astype(np.float32), name="table")
        groups = [
            Group(name="dense", variables=[self.dense], rule=Adagrad(), schedule=Constant(rate=2)),
            Group(name="tables", variables=[self.table], rule=Adagrad(), schedule=Constant(rate=2)),
        ]
        self.optimizer = Optimizer(groups, clippers=clippers)
        self._step = tf.function(self.eager)

    def eager(self, dense, slices, rows):
        transaction = self.optimizer.propose([dense, tf.IndexedSlices(slices, rows, [9, 4])])
        transaction.commit(accept=tf.constant(True))
        return self.optimizer.factors(transaction)

    def run(self, num=4, *, is_compiled=True):
        rng = np.random.default_rng(5)
        factors = []
        for _ in range(num):
            dense, slices = rng.normal(size=(3, 4)), rng.normal(size=(5, 4))
            rows = rng.integers(0, 9, 5)
            step = self._step if is_compiled else self.eager
            given = (dense.astype(np.float32), slices.astype(np.float32))
            factors.append(step(*map(tf.constant, given), tf.constant(rows)).numpy())
        return np.array(factors), np.concatenate([self.dense.numpy(), self.table.numpy()])


def emergency(clipper, *, is_on):
    return Emergency(clipper=clipper, is_on=tf.Variable(is_on))


@pytest.mark.parametrize("is_compiled", [False, True])
@pytest.mark.parametrize("clipper", CLIPPERS, ids=repr)
def test_off_it_is_as_if_it_were_not_there_and_on_it_is_its_clipper(clipper, is_compiled):
    without, values = Training([]).run(is_compiled=is_compiled)
    off, off_values = Training([emergency(clipper, is_on=False)]).run(is_compiled=is_compiled)
    assert (off == without).all()
    assert (off == 1).all()
    assert (off_values == values).all()
    expected, clipped_values = Training([clipper]).run(is_compiled=is_compiled)
    on, on_values = Training([emergency(clipper, is_on=True)]).run(is_compiled=is_compiled)
    # The compiler may round otherwise where a branch keeps it from folding the clipper's numbers.
    rtol = 1e-6 if is_compiled else 0
    np.testing.assert_allclose(on, expected, rtol=rtol)
    np.testing.assert_allclose(on_values, clipped_values, rtol=rtol)
    assert (clipped_values != values).any()
    assert (expected < 1).any()


def test_it_is_switched_without_tracing_again():
    clipper = emergency(Norm(max_norm=0.1), is_on=False)
    training = Training([clipper])
    assert (training.run()[0] == 1).all()
    clipper.is_on.assign(True)
    assert (training.run()[0] < 1).all()
    assert training._step.experimental_get_tracing_count() == 1


def test_its_clipper_knows_what_was_usual_while_it_was_off():
    kept = emergency(AdaGc(max_norm=0.1, warmup_steps=1), is_on=False)
    training = Training([kept])
    training.run()
    known = {n: v.numpy() for n, v in training.optimizer.variables.items() if "clip/" in n}
    fresh = {n: v.numpy() for n, v in Training([kept]).optimizer.variables.items() if "clip/" in n}
    assert known.keys() == fresh.keys()
    assert any((known[n] != fresh[n]).any() for n in known)


def test_nan_passes_it_while_it_is_off():
    training = Training([emergency(Norm(max_norm=0.1), is_on=False)])
    transaction = training.optimizer.propose([tf.fill([3, 4], np.nan), None])
    assert np.isnan(transaction.changes[0].update).all()
