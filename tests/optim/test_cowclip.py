"""CowClip by hand and against its formula in NumPy."""

import numpy as np
import pytest
import tensorflow as tf
from tiny_optimizer import Tiny, values

from ranker import optim


def updates(clipper, slices, ids, *, table):
    tiny = Tiny(optim.Sgd(), clippers=[clipper], rate=1.0)
    tiny.table.assign(table)
    change = tiny.propose(values((3, 2)), np.array(slices, np.float32), ids).changes[1]
    return dict(zip(change.rows.numpy().tolist(), change.update.numpy(), strict=True))


def test_by_hand():
    # Rows of length 2 (six times 2 in the first column). Row 4 came twice: limit 2 * 0.5 * 2 = 2
    # on 6 + 2 = 8: a quarter. Row 1 came once: limit 1 on 4: a quarter. Row 3: 0.5 passes.
    table = np.zeros((6, 4), np.float32)
    table[:, 0] = 2.0
    slices = np.zeros((4, 4), np.float32)
    slices[:, 1] = [6.0, 4.0, 2.0, 0.5]
    got = updates(optim.CowClip(max_ratio=0.5), slices, [4, 1, 4, 3], table=table)
    assert {row: update[1] for row, update in got.items()} == {4: 2.0, 1: 1.0, 3: 0.5}


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_is_its_formula_in_numpy(size):
    random = np.random.default_rng(4)
    table = values((6, 4), seed=1)
    table[2] = 0.0
    ids = random.integers(0, 6, 40)
    slices = values((40, 4), seed=2, size=size)
    ratio, floor = 0.3, 0.02
    expected = {}
    for row in set(ids.tolist()):
        gradient = slices[ids == row].sum(axis=0)
        limit = (ids == row).sum() * max(ratio * np.linalg.norm(table[row]), floor)
        expected[row] = gradient * min(1.0, limit / np.linalg.norm(gradient))
    got = updates(optim.CowClip(max_ratio=ratio, floor=floor), slices, ids, table=table)
    assert got.keys() == expected.keys()
    for row, update in expected.items():
        np.testing.assert_allclose(got[row], update, rtol=1e-4, atol=1e-6 * size)


def test_counts_what_was_read_where_slices_are_sums_already():
    tiny = Tiny(optim.Sgd(), clippers=[optim.CowClip(max_ratio=0.1)])
    slices = values((2, 4), size=9.0)

    def kept(reads):
        gradients = [None, tf.IndexedSlices(slices, [4, 1])]
        (change,) = tiny.optimizer.propose(gradients, reads=reads).changes
        return np.linalg.norm(change.update, axis=1)

    asked = []
    twice_and_thrice = kept(lambda name: asked.append(name) or tf.constant([1, 4, 1, 4, 1]))
    np.testing.assert_allclose(twice_and_thrice / kept(None), [2, 3], rtol=1e-5)
    assert asked == ["embeddings/kernel"]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_row_of_no_finite_gradient_costs_the_others_nothing(bad):
    slices = np.full((3, 4), 1e-4, np.float32)
    slices[1, 2] = bad
    got = updates(optim.CowClip(), slices, [0, 3, 5], table=np.ones((6, 4), np.float32))
    np.testing.assert_array_equal(got[3], np.zeros(4))
    np.testing.assert_array_equal(got[5], slices[2])


def test_a_variable_that_is_no_table_is_refused():
    tiny = Tiny(optim.Sgd(), clippers=[optim.CowClip(targets="all")])
    with pytest.raises(ValueError, match="gradient of 'dense/kernel' is not of rows"):
        tiny.propose(values((3, 2)), values((2, 4)), [0, 1])


def test_works_with_every_rule(rule):
    tiny = Tiny(rule, clippers=[optim.CowClip(max_ratio=0.1)])
    transaction = tiny.apply(values((3, 2)), values((3, 4), size=9.0), [1, 1, 2])
    assert 0 < tiny.optimizer.factors(transaction)[1] < 1
    assert np.isfinite(tiny.table.numpy()).all()
