"""Rows of tables whose vocabularies changed, by hand."""

import numpy as np
import pytest

from ranker.train import Growth


def test_growth_by_hand():
    growth = Growth.of(["b", "a", "c"], ["a", "d", "b"], num_unknown=1)
    before, fresh = np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([[5.0], [6.0], [7.0], [8.0]])
    np.testing.assert_array_equal(growth.taken(before, fresh), [[2.0], [6.0], [1.0], [4.0]])
    assert growth.counts == {"kept": 2, "new": 1, "left": 1}
    longer = Growth.of(["b"], ["b", "c"], num_unknown=2)
    np.testing.assert_array_equal(longer.taken(np.arange(3), np.arange(4) + 9), [0, 10, 1, 2])
    with pytest.raises(ValueError, match=r"of \(3, 4\) rows must be given, got shapes"):
        longer.taken(np.arange(4), np.arange(4))
    nothing = Growth.of([], ["a"], num_unknown=1)
    np.testing.assert_array_equal(nothing.taken(np.array([7]), np.array([1, 2])), [1, 7])
