"""What a comparison found: the numbers that the report shows, and nothing else.

A *workload* is what every safeguard is tried on: a model, an optimizer and an injected
fault. A *safeguard* is a named set of settings laid over the workload's.
"""

import dataclasses
import math
from collections.abc import Mapping
from typing import NamedTuple


class Workload(NamedTuple):
    """What is trained, by the names of the comparison's config; injector "none" is no fault."""

    model: str
    optimizer: str
    injector: str


@dataclasses.dataclass(frozen=True)
class Interval:
    """A value and its 95% interval; NaN where the runs do not define it."""

    value: float
    low: float = math.nan
    high: float = math.nan


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cell:
    """All seeds of one workload, safeguard and rate, at the tuned setting value that tuning chose.

    Attributes:
      tried, diverged: runs, and how many of them diverged fully; a run that failed for
        another reason is not counted as tried.
      ratio: diverged / tried, with Wilson's interval.
      seeds, diverged_seeds: of the runs tried, and of those that diverged.
      failed: runs that ended in an error.
      micro: micro-divergences, summed over the runs.
      clipped: mean share of attempts in which something was clipped, in [0, 1].
      loss: final validation loss, each run's at most its loss before training; the mean over seeds.
      metrics: "<task>.<metric>" to its final value on validation, the mean over seeds, runs
        that diverged counted at chance.
    """

    workload: Workload
    safeguard: str
    rate: float
    tried: int
    diverged: int
    ratio: Interval
    seeds: tuple[int, ...]
    diverged_seeds: tuple[int, ...]
    failed: int
    micro: int
    clipped: float
    loss: Interval
    metrics: Mapping[str, Interval]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Method:
    """One safeguard on one workload, over all its rates.

    Attributes:
      tune, tuned_value: the setting that was tuned and what was chosen; "" and NaN if none.
      trials: tuning runs it was given.
      best_rate: the rate with the best mean of the primary metric on validation, diverged
        runs counted at chance; NaN if every run diverged at every rate.
      good_from, good_to: the rates around it at which no run diverged and whose primary
        metric these seeds do not tell apart from the best rate's, paired; NaN as it is.
      sensitivity: LR sensitivity in the loss's unit; 0 is best.
      stable_from, stable_to: the longest range of neighbouring rates, in the grid, at which
        no run diverged; NaN if there is none.
      tried, diverged, ratio: over all rates.
      test: "<task>.<metric>" on the test split at `best_rate`, each run at its best
        validation evaluation; the mean over seeds.
      attempts_to_target: at `best_rate`, the median over seeds, infinite if half of them or
        more do not reach it.
      reached: how many of the seeds at `best_rate` reach the target.
    """

    workload: Workload
    safeguard: str
    tune: str
    tuned_value: float
    trials: int
    best_rate: float
    good_from: float
    good_to: float
    sensitivity: float
    stable_from: float
    stable_to: float
    tried: int
    diverged: int
    ratio: Interval
    test: Mapping[str, Interval]
    attempts_to_target: float
    reached: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Test:
    """A paired test over seeds, both safeguards at their best rates.

    Attributes:
      metric: "<task>.<metric>", on the test split.
      difference: mean of `safeguard` minus `reference`, with its t interval.
      p_value: two-sided, of the paired t test; NaN with fewer than two pairs or no variance.
      p_adjusted: after Holm's correction for all tests of this summary.
    """

    workload: Workload
    metric: str
    safeguard: str
    reference: str
    pairs: int
    difference: Interval
    p_value: float
    p_adjusted: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Profile:
    """Performance profiles over workloads (AlgoPerf, arXiv:2306.07179).

    Attributes:
      taus: ratios to the fastest safeguard, from 1 to 4.
      shares: safeguard to the share of workloads solved within each tau.
      scores: safeguard to its benchmark score in [0, 1].
    """

    taus: tuple[float, ...]
    shares: Mapping[str, tuple[float, ...]]
    scores: Mapping[str, float]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Summary:
    """A comparison's findings.

    Attributes:
      primary: "<task>.<metric>" that chooses rates and tuned settings, on validation.
      higher_is_better: of `primary`.
      reference: the safeguard that the others are tested against.
      targets: workload to the validation value of `primary` that is to be reached.
      by_attempts: the profile of attempts to the target.
      planned, failed: runs of the grid, and those that ended in an error.
    """

    primary: str
    higher_is_better: bool
    reference: str
    cells: tuple[Cell, ...]
    methods: tuple[Method, ...]
    tests: tuple[Test, ...]
    targets: Mapping[Workload, float]
    by_attempts: Profile
    planned: int
    failed: int
