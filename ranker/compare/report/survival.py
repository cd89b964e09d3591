"""How each safeguard survives, over all workloads and rates."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from ranker.compare.report.text import SIGNIFICANT
from ranker.compare.statistics import sign_p, wilson
from ranker.compare.summary import Cell, Interval, Summary, Workload

FEWEST = 6  # pairs of workload and seed: with five that agree the sign test's p is 0.0625


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
    """Returns every safeguard's survival, best first: fewest divergences, then most clean cells."""
    found = [
        _pooled(name, [cell for cell in summary.cells if cell.safeguard == name])
        for name in safeguards(summary)
    ]
    return sorted(found, key=_rank)


def contenders(summary: Summary) -> list[Survival]:
    """Returns the best and those that these runs do not tell apart from it, best first.

    One of which no run was measured is not among them; none are if that is all.
    """
    tried = [each for each in survivals(summary) if each.tried]
    return [each for each in tried if not is_apart(summary, tried[0], each)]


def is_apart(summary: Summary, one: Survival, other: Survival) -> bool:
    """Whether two safeguards survive differently, beyond what other seeds might make of it.

    Their intervals must not overlap; and, since the rates of one seed share its luck, the
    exact sign test over pairs of one workload and seed, each counting the rates lost, must
    agree.
    """
    apart = one.ratio.low > other.ratio.high or other.ratio.low > one.ratio.high
    lost, others = (_lost(summary, each.safeguard) for each in (one, other))
    differences = [
        sum(lost[unit][rate] - others[unit][rate] for rate in lost[unit] if rate in others[unit])
        for unit in lost
        if unit in others
    ]
    return apart and sign_p(differences) < SIGNIFICANT


def _lost(summary: Summary, safeguard: str) -> dict[tuple[Workload, int], dict[float, bool]]:
    """Returns whether each run diverged: by workload and seed, by rate."""
    found: dict[tuple[Workload, int], dict[float, bool]] = {}
    for cell in summary.cells:
        for seed in cell.seeds if cell.safeguard == safeguard else ():
            found.setdefault((cell.workload, seed), {})[cell.rate] = seed in cell.diverged_seeds
    return found


def _pooled(name: str, cells: Sequence[Cell]) -> Survival:
    diverged, tried = sum(c.diverged for c in cells), sum(c.tried for c in cells)
    clean = sum(cell.tried > 0 and cell.diverged == 0 for cell in cells)
    return Survival(name, clean, len(cells), diverged, tried, wilson(diverged, tried))


def _rank(survival: Survival) -> tuple[float, int]:
    ratio = survival.ratio.value
    return math.inf if math.isnan(ratio) else ratio, -survival.clean
