"""Faults of the order: the rows of every batch, by hand."""

import numpy as np
import pytest

from ranker import inject
from ranker.input import Batch, Split, Stream

TIMES = np.array([50, 10, 40, 20, 30, 60])
ITEMS = np.array([0, 1, 1, 0, 2, 2])
# By time: rows 1, 3, 4, 2, 0, 5. Items began at 20, 10 and 30, so the rows' ages are
# 30, 0, 30, 0, 0, 30, and by age they are 1, 3, 4, 0, 2, 5: ties keep the rows' order.
BY_TIME, BY_AGE = [1, 3, 4, 2, 0, 5], [1, 3, 4, 0, 2, 5]


def batches(*injectors, num=9, size=2, seed=3):
    """Returns the rows of the first `num` batches, [num, size]."""
    return stream(*injectors, size=size, seed=seed).stack(0, num).labels["row"]


def stream(*injectors, size=2, seed=3):
    number = np.arange(6)
    split = Split(Batch({}, {"row": number}, {}), number, number > 0, TIMES)
    ages = inject.Ages(TIMES, ITEMS)
    reordering = inject.Reordering(injectors, batch_size=size, ages=ages)
    return Stream(split, batch_size=size, seed=seed, reordering=reordering)


REGULAR = batches()


@pytest.mark.parametrize(("order", "rows"), [("time", BY_TIME), ("item_age", BY_AGE)])
def test_the_range_begins_at_the_beginning_of_the_other_order(order, rows):
    # Attempts 2 to 5 are 8 rows of 6: the order begins again.
    shifted = batches(inject.OrderShift(order=order, start=2, stop=6))
    assert shifted[2:6].ravel().tolist() == rows + rows[:2]
    np.testing.assert_array_equal(shifted[[0, 1, 6, 7, 8]], REGULAR[[0, 1, 6, 7, 8]])


def test_a_shard_is_the_batches_before_the_range_again_and_again():
    repeated = batches(inject.RepeatedShard(batches=2, start=4, stop=7))
    np.testing.assert_array_equal(repeated, REGULAR[[0, 1, 2, 3, 2, 3, 2, 7, 8]])


def test_a_row_is_the_first_that_would_have_come_from_any_attempt_on():
    for start in (0, 4):
        repeated = batches(inject.RepeatedRow(start=start, stop=7))
        expected = REGULAR.copy()
        expected[start:7] = REGULAR[start, 0]
        np.testing.assert_array_equal(repeated, expected)


def test_a_shard_repeats_what_an_injector_before_it_left():
    both = batches(
        inject.OrderShift(order="time", start=1, stop=3),
        inject.RepeatedShard(batches=1, start=3, stop=5),
    )
    assert both[2:5].tolist() == [BY_TIME[2:4]] * 3


@pytest.mark.parametrize("first", range(9))
def test_any_batch_comes_out_the_same_whatever_came_before(first):
    injectors = [
        inject.RepeatedShard(batches=3, start=5, stop=8),  # reaches into the pass before
        inject.OrderShift(order="item_age", start=1, stop=3),
        inject.RepeatedRow(start=3, stop=5),
    ]
    whole, resumed = batches(*injectors), stream(*injectors)
    np.testing.assert_array_equal(resumed.stack(first, 9 - first).labels["row"], whole[first:])
    np.testing.assert_array_equal(resumed.stack(0, 9).labels["row"], whole)  # and back again


def test_injectors_of_other_indices_are_none_of_the_orders_business():
    np.testing.assert_array_equal(batches(inject.RateScale(factor=9.0, start=0, stop=9)), REGULAR)


def test_an_order_of_no_rows_is_none():
    ages = inject.Ages(np.zeros(0, np.int64), np.zeros(0, np.int64))
    assert ages.order("item_age").tolist() == ages.order("time").tolist() == []
