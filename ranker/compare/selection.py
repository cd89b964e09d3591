"""What validation chooses: a tuned setting's value, a rate; and how much that choice matters."""

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from ranker.compare.statistics import mean
from ranker.compare.trial_results import Run


def choose_tuned(runs: Sequence[Run], primary: str, *, higher_is_better: bool) -> float:
    """Returns the tuned setting value that does best at its own best rate; the first one at a tie.

    Args:
      runs: the tuning runs of one safeguard on one workload, in the order of preference of
        their values.
      primary: of `Run.final`.
    """
    by_value = _grouped(runs, lambda run: run.tuned_value)
    scores = {
        value: max(at_rates(of_value, primary, higher_is_better).values(), default=-math.inf)
        for value, of_value in by_value.items()
    }
    return max(scores, key=lambda value: scores[value])


def choose_rate(runs: Sequence[Run], primary: str, *, higher_is_better: bool) -> float:
    """Returns the rate with the best mean of the primary metric, the lowest at a tie.

    NaN if every run diverged, or the metric is nowhere defined.
    """
    if all(run.has_diverged for run in runs if run.is_measured):
        return math.nan
    scores = at_rates(runs, primary, higher_is_better)
    return max(sorted(scores), key=lambda rate: scores[rate], default=math.nan)


def good_rates(
    runs: Sequence[Run], primary: str, best: float, is_stable: Mapping[float, bool]
) -> tuple[float, float]:
    """Returns the ends of the range of neighbouring rates that are as good as the best one.

    At these no run diverged, and the paired differences to the best rate's runs have 0 in
    their 95% interval; one pair has none, and tells nothing apart. NaN, NaN without a best.
    """
    by_rate = {
        rate: {run.seed: run.final.get(primary, math.nan) for run in of_rate}
        for rate, of_rate in _grouped((r for r in runs if r.is_measured), lambda r: r.rate).items()
    }

    def is_good(rate: float) -> bool:
        pairs = sorted(by_rate[rate].keys() & by_rate[best].keys())
        found = mean([by_rate[rate][seed] - by_rate[best][seed] for seed in pairs])
        return is_stable[rate] and not (found.low > 0 or found.high < 0)

    rates = sorted(by_rate)
    if best not in by_rate:
        return math.nan, math.nan
    index = rates.index(best)
    above = list(itertools.takewhile(is_good, rates[index + 1 :]))
    below = list(itertools.takewhile(is_good, reversed(rates[:index])))
    return min([*below, best]), max([*above, best])


def at_rates(runs: Iterable[Run], primary: str, higher_is_better: bool) -> dict[float, float]:
    """Returns the mean of the primary metric at each rate, its sign set so that higher is better.

    A rate at which it is nowhere defined is left out.
    """
    sign = 1 if higher_is_better else -1
    by_rate = _grouped((run for run in runs if run.is_measured), lambda run: run.rate)
    scores = {}
    for rate, of_rate in by_rate.items():
        values = [run.final.get(primary, math.nan) for run in of_rate]
        defined = [value for value in values if not math.isnan(value)]
        if defined:
            scores[rate] = sign * float(np.mean(defined))
    return scores


def sensitivity(losses: Mapping[float, float]) -> float:
    """Returns the LR sensitivity (Wortsman et al. 2023, arXiv:2309.14322, section 2.2).

    The mean over rates of the loss, no run's above the loss before training, less the
    lowest one's. Rates whose loss is NaN are left out; NaN if that is all.

    Args:
      losses: rate to the mean final loss over seeds.
    """
    defined = [loss for loss in losses.values() if not math.isnan(loss)]
    return float(np.mean(defined) - min(defined)) if defined else math.nan


def stable_range(is_stable: Mapping[float, bool]) -> tuple[float, float]:
    """Returns the ends of the longest range of neighbouring stable rates, the lower at a tie.

    NaN, NaN if there is none.
    """
    longest: list[float] = []
    for good, group in itertools.groupby(sorted(is_stable), key=lambda rate: is_stable[rate]):
        rates = list(group)
        if good and len(rates) > len(longest):
            longest = rates
    return (longest[0], longest[-1]) if longest else (math.nan, math.nan)


def _grouped(runs: Iterable[Run], key: Callable[[Run], float]) -> dict[float, list[Run]]:
    found: dict[float, list[Run]] = {}
    for run in runs:
        found.setdefault(key(run), []).append(run)
    return found
