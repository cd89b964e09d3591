"""How each safeguard survives, over all workloads and rates."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from ranker.compare.statistics import wilson
from ranker.compare.summary import Cell, Interval, Summary


class Survival(NamedTuple):
    """One safeguard's runs, pooled.

    Attributes:
      clean, cells: combinations of workload and rate: those tried in which no run
        diverged, and all.
      diverged, tried: runs.
      ratio: diverged / tried, with Wilson's interval.
    """

    safeguard: str
    clean: int
    cells: int
    diverged: int
    tried: int
    ratio: Interval


def safeguards(summary: Summary) -> list[str]:
    """Returns the safeguards' names, in the order of the comparison."""
    return list(dict.fromkeys(cell.safeguard for cell in summary.cells))


def survivals(summary: Summary) -> list[Survival]:
    """Returns every safeguard's survival, best first: most clean cells, then fewest divergences."""
    found = [
        _pooled(name, [cell for cell in summary.cells if cell.safeguard == name])
        for name in safeguards(summary)
    ]
    return sorted(found, key=_rank)


def tied(ranked: Sequence[Survival]) -> list[Survival]:
    """Returns those with exactly the best survival."""
    return [each for each in ranked if _rank(each) == _rank(ranked[0])]


def contenders(ranked: Sequence[Survival]) -> list[Survival]:
    """Returns the best and those whose interval overlaps the best one's, best first."""
    best = ranked[0].ratio
    return [e for e in ranked if e.ratio.low <= best.high and best.low <= e.ratio.high]


def _pooled(name: str, cells: Sequence[Cell]) -> Survival:
    diverged, tried = sum(c.diverged for c in cells), sum(c.tried for c in cells)
    clean = sum(cell.tried > 0 and cell.diverged == 0 for cell in cells)
    return Survival(name, clean, len(cells), diverged, tried, wilson(diverged, tried))


def _rank(survival: Survival) -> tuple[int, float]:
    ratio = survival.ratio.value
    return -survival.clean, math.inf if math.isnan(ratio) else ratio
