"""An axis: from where to where, on which scale, and what is written beside it."""

import dataclasses
import math
from collections.abc import Iterable

from ranker.report.text import number

_WIDE = 30.0  # a positive range of more than this many times its least is shown by logarithm
_MANY = 5  # ticks that fit a narrow panel


@dataclasses.dataclass(frozen=True, kw_only=True)
class Axis:
    """One axis of a figure.

    Attributes:
      title: plain text, with the unit.
      low, high: its ends, low < high; above 0 if `is_log`.
      is_log: whether equal ratios, not equal differences, are equally long.
      ticks: values with what is written at them; () to choose.
    """

    title: str
    low: float
    high: float
    is_log: bool = False
    ticks: tuple[tuple[float, str], ...] = ()

    def position(self, value: float) -> float:
        """Returns where `value` is: 0 at `low`, 1 at `high`, just outside if beyond; NaN of NaN."""
        if math.isnan(value):
            return math.nan
        if self.is_log:
            if value <= 0:
                return -0.02
            share = math.log(value / self.low) if value < math.inf else math.inf
            share /= math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return min(1.02, max(-0.02, share))

    def labels(self) -> list[tuple[float, str]]:
        """Returns each tick's position in [0, 1] and its text."""
        ticks = self.ticks or (_log_ticks if self.is_log else _ticks)(self.low, self.high)
        placed = [(self.position(value), said) for value, said in ticks]
        return [(position, said) for position, said in placed if -1e-9 <= position <= 1 + 1e-9]


def fit(
    title: str,
    values: Iterable[float],
    *,
    is_log: bool | None = None,
    rise: float = math.inf,
    ends: tuple[float | None, float | None] = (None, None),
) -> Axis:
    """Returns an axis that holds `values`, those that are finite.

    Args:
      is_log: None to choose: by logarithm if all are positive and their range is wide.
      rise: an axis by logarithm ends at this many times the first value, so that what explodes
        leaves the picture and the rest can be read.
      ends: given ends in place of those of the values.
    """
    found = [float(value) for value in values if math.isfinite(value) and abs(value) < 1e300]
    positive = [value for value in found if value > 1e-300]
    low, high = min(found, default=0.0), max(found, default=1.0)
    if is_log is None:
        is_log = len(positive) == len(found) > 0 and high > _WIDE * low
    if is_log and positive:
        low = min(positive) / 1.1
        high = 1.1 * max(low, min(max(positive), rise * positive[0]))
    else:
        is_log = False
        margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
        low, high = low - margin, high + margin
    low = low if ends[0] is None else ends[0]
    high = high if ends[1] is None else ends[1]
    if not low < high:
        high = low + (abs(low) or 1.0)
    return Axis(title=title, low=low, high=high, is_log=is_log)


def _ticks(low: float, high: float) -> list[tuple[float, str]]:
    rough = (high - low) / 4
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= 0.75 * rough)
    first = math.ceil(low / step - 1e-9)
    values = [n * step for n in range(first, first + 2 * _MANY) if n * step <= high]
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return [(value, _said(value, digits)) for value in values]


def _said(value: float, digits: int) -> str:
    if digits > 5 or abs(value) >= 1e6:
        return number(value)
    said = f"{value + 0.0:,.{digits}f}"
    return said.replace("-", "\N{MINUS SIGN}") if any(c in said for c in "123456789") else "0"


def _log_ticks(low: float, high: float) -> list[tuple[float, str]]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    factors = (1,) if last - first > 2 else (1, 2, 5)
    every = max(1, math.ceil((last - first) / _MANY))
    values = [
        factor * 10.0**power
        for power in range(first, last + 1, every)
        for factor in factors
        if -300 < power < 300
    ]
    inside = [value for value in values if low <= value <= high]
    if len(inside) < 2:
        return _ticks(low, high)
    return [(value, number(value, 2)) for value in inside[: 2 * _MANY]]
