"""Time to a target, and profiles of it, as AlgoPerf scores training algorithms.

Dahl et al. 2023, arXiv:2306.07179: the target is the median of the best validation values
of a baseline's repeated runs (section 4.2), profiles and score are those of section 4.5
with ratios up to 4.
"""

import math
from collections.abc import Mapping, Sequence

from ranker.compare.statistics import upper_median
from ranker.compare.summary import Profile, Workload
from ranker.compare.trial_results import Run

_MAX_RATIO = 4.0
_NUM_TAUS = 121  # of a drawn profile, a step of 0.025; the score is exact


def target(runs: Sequence[Run], *, higher_is_better: bool) -> float:
    """Returns the median over runs of the best validation value; NaN if none is defined.

    Of an even number the worse middle one, so that more than half of the runs reach it.
    """
    sign = -1 if higher_is_better else 1
    best = [
        min((sign * value for _, value in run.curve if not math.isnan(value)), default=math.inf)
        for run in runs
    ]
    middle = upper_median(best)
    return math.nan if math.isinf(middle) else sign * middle


def attempts(run: Run, goal: float, *, higher_is_better: bool) -> float:
    """Returns the attempts until an evaluation reaches `goal`.

    Infinite if none after the one before training does, or if the run diverged. No
    evaluation reaches NaN.
    """
    sign = 1 if higher_is_better else -1
    for tried, value in () if run.has_diverged else run.curve[1:]:
        if sign * value >= sign * goal:
            return tried
    return math.inf


def profile(taken: Mapping[Workload, Mapping[str, float]]) -> Profile:
    """Returns the performance profile of what each safeguard took on each workload.

    A workload is solved within tau by those that take at most tau times the fastest one's;
    the score is the area under the share of workloads from 1 to 4, as a part of the whole.

    Args:
      taken: attempts, > 0; infinite where the target was not reached.
    """
    names = list(dict.fromkeys(name for of_workload in taken.values() for name in of_workload))
    ratios = {name: [_ratio(name, of_workload) for of_workload in taken.values()] for name in names}
    taus = [1 + (_MAX_RATIO - 1) * i / (_NUM_TAUS - 1) for i in range(_NUM_TAUS)]
    shares = {
        name: tuple(_mean([ratio <= tau for ratio in of_name]) for tau in taus)
        for name, of_name in ratios.items()
    }
    areas = {
        name: _mean([max(0.0, (_MAX_RATIO - ratio) / (_MAX_RATIO - 1)) for ratio in of_name])
        for name, of_name in ratios.items()
    }
    return Profile(taus=tuple(taus), shares=shares, scores=areas)


def _ratio(name: str, taken: Mapping[str, float]) -> float:
    fastest = min(taken.values())
    mine = taken.get(name, math.inf)
    return math.inf if math.isinf(mine) else mine / fastest


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
