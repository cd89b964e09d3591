"""Sums of numbers by group: exact, whatever the blocks and the order of the rows of a moment."""

from fractions import Fraction

import numpy as np
import pytest

from ranker.datasets.past.forward import Window
from ranker.datasets.table.sums import Sums, digits_of, less, total


def values(seed: int, num_rows: int, spread: float) -> np.ndarray:
    """Returns float32 of sizes 10^-spread to 10^spread, zeros and the smallest among them."""
    random = np.random.default_rng(seed)
    sizes = 10.0 ** random.uniform(-spread, spread, num_rows)
    found = (sizes * random.choice([-1, 1], num_rows)).astype(np.float32)
    found[:3] = [0.0, np.finfo(np.float32).smallest_subnormal, -np.finfo(np.float32).max]
    return found


@pytest.mark.parametrize("spread", [0, 3, 37])
def test_digits_come_to_each_value(spread):
    found = values(1, 500, spread)
    digits = digits_of(found)
    exact = [
        sum(int(d[i]) * Fraction(2) ** (31 * k) for k, d in digits.items()) for i in range(500)
    ]
    assert exact == [Fraction(float(value)) for value in found]
    assert all(np.abs(digit).max() < 2**31 for digit in digits.values())
    assert np.array_equal(total(digits, 500), found.astype(np.float64))


@pytest.mark.parametrize(
    "whole", [[], [0.0, -0.0], [0.0, 1.0, -1.0], [2.0**31 - 128, -5.0], [1.0, 2.0**31]]
)
def test_whole_numbers_have_the_digits_that_they_have_beside_a_fraction(whole):
    found = digits_of(np.float32(whole))
    beside = {k: digit[:-1] for k, digit in digits_of(np.float32([*whole, 0.5])).items()}
    beside = {k: digit for k, digit in beside.items() if digit.any()}
    assert {k: d.tolist() for k, d in found.items()} == {k: d.tolist() for k, d in beside.items()}


@pytest.mark.parametrize("num_blocks", [1, 7])
def test_sums_are_exact_before_each_row(num_blocks):
    random = np.random.default_rng(2)
    value, group = values(3, 300, 12), random.integers(0, 4, 300)
    is_known = random.random(300) < 0.8
    sums, told = Sums(4), []
    for place in np.array_split(np.arange(300), num_blocks):
        window = Window(group[place], place, is_known=is_known[place])
        count, digits = sums.advance(window, value[place])
        told += zip(count.tolist(), total(digits, len(place)).tolist(), strict=True)
    for row, (count, found) in enumerate(told):
        before = is_known[:row] & (group[:row] == group[row])
        exact = sum((Fraction(float(v)) for v in value[:row][before]), Fraction(0))
        sizes = sum((abs(Fraction(float(v))) for v in value[:row][before]), Fraction(1, 10**9))
        assert count == before.sum()
        assert abs(Fraction(found) - exact) <= sizes * Fraction(2) ** -50


def test_what_left_a_window_leaves_nothing_behind():
    large, small = digits_of(np.float32([3e30])), digits_of(np.float32([3e30, 1e-20])[:2])
    both = {k: digit.sum(keepdims=True) for k, digit in small.items()}
    assert total(less(both, large), 1)[0] == float(np.float32(1e-20))
