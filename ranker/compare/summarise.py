"""From the table of all runs to what they say. Every measure is defined in docs/measures.md."""

import dataclasses
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from ranker.compare import selection, time_to_target
from ranker.compare.statistics import holm, mean, paired_p, upper_median, wilson
from ranker.compare.summary import Cell, Interval, Method, Summary, Test, Workload
from ranker.compare.trial_results import Run, read
from ranker.measure import is_higher_better

_TESTED = ("auc", "rmse")  # one metric of each kind of task, or every test would cost power

_Key = tuple[Workload, str]  # and the safeguard


def choose_tuned(table: pd.DataFrame, primary: str) -> float:
    """Returns the tuned setting value that one safeguard's tuning runs on one workload choose."""
    runs = read(table, primary)
    return selection.choose_tuned(runs, primary, higher_is_better=is_higher_better(primary))


def summarise(table: pd.DataFrame, metadata: Mapping[str, Any]) -> Summary:
    """Returns what a comparison found.

    Args:
      table: a row a run, as results.parquet has them.
      metadata: "primary", "reference" and "planned", as comparison.json has them.

    Raises:
      ValueError: if the table has no final run.
    """
    primary, reference = metadata["primary"], metadata["reference"]
    runs = read(table, primary)
    finals = _by_key(run for run in runs if not run.is_tuning)
    if not finals:
        raise ValueError(f"no final run among {len(runs)}")
    num_tuned = {p: len(of) for p, of in _by_key(r for r in runs if r.is_tuning).items()}
    best = {key: _at_best_rate(of_key, primary) for key, of_key in finals.items()}
    goals = _goals(best, primary, reference)
    methods = tuple(
        _method(key, of_key, best[key], goals, num_tuned.get(key, 0), primary)
        for key, of_key in finals.items()
    )
    return Summary(
        primary=primary,
        higher_is_better=is_higher_better(primary),
        reference=reference,
        cells=tuple(cell for key, of in finals.items() for cell in _cells(key, of)),
        methods=methods,
        tests=_tests(best, primary, reference),
        targets=goals,
        by_attempts=time_to_target.profile(_attempts(methods)),
        planned=metadata["planned"],
        failed=sum(not run.is_measured for run in runs),
    )


def _by_key(runs: Iterable[Run]) -> dict[_Key, list[Run]]:
    found: dict[_Key, list[Run]] = {}
    for run in runs:
        found.setdefault((run.workload, run.safeguard), []).append(run)
    return found


def _at_best_rate(runs: Sequence[Run], primary: str) -> list[Run]:
    """Returns the measured runs at the rate that is best on validation; none if all diverged."""
    measured = [run for run in runs if run.is_measured]
    rate = selection.choose_rate(measured, primary, higher_is_better=is_higher_better(primary))
    return [run for run in measured if run.rate == rate]


def _cells(key: _Key, runs: Sequence[Run]) -> list[Cell]:
    rates = dict.fromkeys(run.rate for run in runs)
    return [_cell(key, rate, [run for run in runs if run.rate == rate]) for rate in rates]


def _cell(key: _Key, rate: float, runs: Sequence[Run]) -> Cell:
    measured = [run for run in runs if run.is_measured]
    diverged = sum(run.has_diverged for run in measured)
    return Cell(
        workload=key[0],
        safeguard=key[1],
        rate=rate,
        tried=len(measured),
        diverged=diverged,
        ratio=wilson(diverged, len(measured)),
        seeds=tuple(run.seed for run in measured),
        diverged_seeds=tuple(run.seed for run in measured if run.has_diverged),
        failed=len(runs) - len(measured),
        micro=sum(run.num_micro for run in measured),
        clipped=mean([run.clipped for run in measured]).value,
        loss=mean([run.loss for run in measured]),
        metrics=_means([run.final for run in measured]),
    )


def _means(metrics: Sequence[Mapping[str, float]]) -> dict[str, Interval]:
    names = dict.fromkeys(name for each in metrics for name in each)
    return {name: mean([each.get(name, math.nan) for each in metrics]) for name in names}


def _goals(
    best: Mapping[_Key, Sequence[Run]], primary: str, reference: str
) -> dict[Workload, float]:
    """Returns each workload's target: the reference's, or of all if it diverged the best one's."""
    higher_is_better = is_higher_better(primary)
    goals: dict[Workload, float] = {}
    for workload in dict.fromkeys(workload for workload, _ in best):
        own = {
            safeguard: time_to_target.target(runs, higher_is_better=higher_is_better)
            for (each, safeguard), runs in best.items()
            if each == workload and runs
        }
        defined = [goal for goal in own.values() if not math.isnan(goal)]
        highest = (max if higher_is_better else min)(defined, default=math.nan)
        goals[workload] = own.get(reference, highest)
    return goals


def _method(
    key: _Key,
    runs: Sequence[Run],
    best: Sequence[Run],
    goals: Mapping[Workload, float],
    num_tuned: int,
    primary: str,
) -> Method:
    measured = [run for run in runs if run.is_measured]
    cells = _cells(key, runs)
    is_stable = {cell.rate: cell.tried > 0 and cell.diverged == 0 for cell in cells}
    stable_from, stable_to = selection.stable_range(is_stable)
    best_rate = best[0].rate if best else math.nan
    good_from, good_to = selection.good_rates(runs, primary, best_rate, is_stable)
    diverged = sum(run.has_diverged for run in measured)
    is_higher = is_higher_better(primary)
    taken = [time_to_target.attempts(r, goals[key[0]], higher_is_better=is_higher) for r in best]
    return Method(
        workload=key[0],
        safeguard=key[1],
        tune=runs[0].tune,
        tuned_value=runs[0].tuned_value,
        trials=num_tuned,
        best_rate=best_rate,
        good_from=good_from,
        good_to=good_to,
        sensitivity=selection.sensitivity({cell.rate: cell.loss.value for cell in cells}),
        stable_from=stable_from,
        stable_to=stable_to,
        tried=len(measured),
        diverged=diverged,
        ratio=wilson(diverged, len(measured)),
        test=_means([run.test for run in best]),
        attempts_to_target=upper_median(taken or [math.inf]),
        reached=sum(map(math.isfinite, taken)),
    )


def _attempts(methods: Sequence[Method]) -> dict[Workload, dict[str, float]]:
    found: dict[Workload, dict[str, float]] = {}
    for method in methods:
        found.setdefault(method.workload, {})[method.safeguard] = method.attempts_to_target
    return found


def _tests(best: Mapping[_Key, Sequence[Run]], primary: str, reference: str) -> tuple[Test, ...]:
    found = []
    for (workload, safeguard), runs in best.items():
        against = {run.seed: run for run in best.get((workload, reference), ())}
        pairs = [(run, against[run.seed]) for run in runs if run.seed in against]
        if safeguard != reference and pairs:
            names = itertools.chain.from_iterable(run.test for pair in pairs for run in pair)
            kept = [n for n in dict.fromkeys(names) if n == primary or n.split(".")[-1] in _TESTED]
            found += [_test(workload, name, safeguard, reference, pairs) for name in kept]
    adjusted = holm([test.p_value for test in found])
    return tuple(
        dataclasses.replace(test, p_adjusted=p) for test, p in zip(found, adjusted, strict=True)
    )


def _test(
    workload: Workload,
    metric: str,
    safeguard: str,
    reference: str,
    pairs: Sequence[tuple[Run, Run]],
) -> Test:
    values = [(a.test.get(metric, math.nan), b.test.get(metric, math.nan)) for a, b in pairs]
    differences = [a - b for a, b in values if not math.isnan(a - b)]
    return Test(
        workload=workload,
        metric=metric,
        safeguard=safeguard,
        reference=reference,
        pairs=len(differences),
        difference=mean(differences),
        p_value=paired_p(differences),
        p_adjusted=math.nan,
    )
