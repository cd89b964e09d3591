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
    for place in range(len(x) + 1):
        at = columns if place == len(x) else min(columns - 1, int((x[place] - x[0]) / width))
        if at != column or place == len(x):
            kept += _extremes(y, start, place)
            start, column = place, at
    return [x[place] for place in kept], [y[place] for place in kept]


def _extremes(y: Sequence[float], start: int, stop: int) -> list[int]:
    """Returns the places of the least and the largest of y[start:stop], in order."""
    places = [place for place in range(start, stop) if not math.isnan(y[place])]
    if not places:
        return [start] if stop > start else []
    return sorted({min(places, key=y.__getitem__), max(places, key=y.__getitem__)})
