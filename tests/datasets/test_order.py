"""Order and numbers of many rows: as NumPy's slower ways."""

import numpy as np
import pytest

from ranker.datasets import order
from ranker.datasets.order import Numbering, stable_order


@pytest.mark.parametrize("few", [0, 10_000])  # packed; by radix
@pytest.mark.parametrize("kind", [np.int32, np.int64, np.uint32])
@pytest.mark.parametrize("num_rows", [0, 1, 2, 1000])
def test_order_is_that_of_a_stable_sort(num_rows, kind, few, monkeypatch):
    monkeypatch.setattr(order, "_FEW_ROWS", few)
    random = np.random.default_rng(num_rows)
    for highest in (3, 70_000, 2**31 - 1):
        values = random.integers(0, highest, num_rows, endpoint=True).astype(kind)
        np.testing.assert_array_equal(stable_order(values), np.argsort(values, kind="stable"))
    ends = np.array([2**32 - 1, 0, 2**32 - 1, 0])
    assert stable_order(ends).tolist() == [1, 3, 0, 2]


@pytest.mark.parametrize("highest", [60, 2**31 - 1])  # by a table; by a search
@pytest.mark.parametrize("num_ids", [1, 20])
def test_numbers_are_places_among_the_known(num_ids, highest, monkeypatch):
    monkeypatch.setattr(order, "_SLICE_ROWS", 7)
    random = np.random.default_rng(0)
    ids = np.sort(random.permutation(60)[:num_ids].astype(np.int64))
    ids[-1] = highest
    values = np.concatenate([ids, random.integers(0, 99, 50), [highest - 1, 2**31 - 1]])
    places = {number: place for place, number in enumerate(ids.tolist())}
    expected = [places.get(value, -1) for value in values.tolist()]
    assert Numbering(ids).numbers(values.astype(np.int32)).tolist() == expected
