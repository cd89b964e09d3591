"""Exact sums by group, so that no block's end, and no row that comes later, changes a bit.

A float32 is a sum of two whole multiples of 2^(31 k), for some whole k. The multiples are added up
as whole numbers, for each k apart: 2^31 rows fit into 62 bits.
"""

from collections.abc import Mapping

import numpy as np

from ranker.datasets.past.forward import Window

DIGIT_BITS = 31
_BASE = float(1 << DIGIT_BITS)

Digits = Mapping[int, np.ndarray]


class Sums:
    """How many known rows each group had, and the sum of a number over them.

    Attributes:
      counts: of rows, int32. [G]
      digits: by k, the multiples of 2^(31 k) that the sums have, int64. [G]
    """

    def __init__(self, num_groups: int) -> None:
        """Knows of nothing yet."""
        self.counts = np.zeros(num_groups, np.int32)
        self.digits: dict[int, np.ndarray] = {}

    def advance(self, window: Window, value: np.ndarray | None) -> tuple[np.ndarray, Digits]:
        """Returns count and sum before each row, [M] as given, then remembers the window.

        Args:
          value: float32 or None for no sum; that of rows that are not known does not count. [M]
        """
        groups, starts, ends = window.groups, window.starts, window.ends
        found: dict[int, np.ndarray] = {}
        known = window.known(value) if value is not None else np.zeros(0, np.float32)
        fresh = digits_of(known)
        for k in {**self.digits, **fresh}:
            of_k = self.digits.setdefault(k, np.zeros(len(self.counts), np.int64))
            before = of_k[groups]
            if k not in fresh:
                found[k] = window.as_given(window.spread(before))
                continue
            sums = np.concatenate([[0], np.cumsum(fresh[k])])
            found[k] = window.as_given(sums[window.until] + window.spread(before - sums[starts]))
            of_k[groups] += sums[ends] - sums[starts]
        count = window.until + window.spread(self.counts[groups] - starts)
        self.counts[groups] += (ends - starts).astype(np.int32)
        return window.as_given(count), found


def digits_of(values: np.ndarray) -> dict[int, np.ndarray]:
    """Returns the multiples of 2^(31 k) whose sum finite float32 values are, by k: int64 [N]."""
    if (np.abs(values) < _BASE).all() and (np.trunc(values) == values).all():  # labels, mostly
        whole = values.astype(np.int64)
        return {0: whole} if whole.any() else {}
    values = values.astype(np.float64)
    _, exponent = np.frexp(values)
    upper = (exponent - 1) // DIGIT_BITS
    scaled = np.ldexp(values, -DIGIT_BITS * upper)
    high = np.trunc(scaled)
    low = np.ldexp(scaled - high, DIGIT_BITS)
    found: dict[int, np.ndarray] = {}
    for k, digit in ((upper, high), (upper - 1, low)):
        for each in np.unique(k[digit != 0]).tolist():
            part = np.where(k == each, digit, 0.0).astype(np.int64)
            found[each] = found.get(each, 0) + part
    return found


def total(digits: Digits, num_rows: int) -> np.ndarray:
    """Returns sums as float64, [M], of their digits; those of the largest k are added first."""
    found = np.zeros(num_rows)
    for k in sorted(digits, reverse=True):
        found += np.ldexp(digits[k].astype(np.float64), DIGIT_BITS * k)
    return found


def less(digits: Digits, others: Digits) -> Digits:
    """Returns the digits of the first sums, [M], less those of the second, [M]."""
    found = dict(digits)
    for k, other in others.items():
        found[k] = found[k] - other if k in found else -other
    return found
