"""Few points of many, with every spike among them."""

import math
from collections.abc import Sequence

COLUMNS = 300  # of a curve: about as many as a panel has pixels across


def thin(
    x: Sequence[float], y: Sequence[float], *, columns: int = COLUMNS
) -> tuple[list[float], list[float]]:
    """Returns at most two points a column: the lowest and the highest of those that fall in it.

    Columns are equally wide in x. The first of equals is kept, in the order of x. A column of
    NaN alone keeps one, which is a gap. Infinities count as lowest or highest.

    Args:
      x: finite, ascending.
      y: as long as `x`; NaN is no value.
    """
    if len(x) <= 2 * columns:
        return list(x), list(y)
    width = (x[-1] - x[0]) / columns or 1.0
    kept: list[int] = []
    start, column = 0, 0
    for index in range(len(x) + 1):
        at = columns if index == len(x) else min(columns - 1, int((x[index] - x[0]) / width))
        if at != column or index == len(x):
            kept += _extremes(y, start, index)
            start, column = index, at
    return [x[index] for index in kept], [y[index] for index in kept]


def _extremes(y: Sequence[float], start: int, stop: int) -> list[int]:
    """Returns the places of the least and the largest of y[start:stop], in order."""
    indices = [index for index in range(start, stop) if not math.isnan(y[index])]
    if not indices:
        return [start] if stop > start else []
    return sorted({min(indices, key=y.__getitem__), max(indices, key=y.__getitem__)})
