"""Which runs stand for a workload: one rate, and one run of each safeguard at it."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ranker.compare.report.survival import safeguards
from ranker.compare.summary import Summary, Workload

_MOST_PANELS = 64  # of a section
Run = Mapping[str, Any]  # a row of the results


def drawn(summary: Summary) -> list[Workload]:
    """Returns the workloads whose runs are drawn, in the order of the comparison.

    Of many they are those in which safeguards differ most in how many of their runs diverged,
    so that a page stays below 2 MB whatever the grid.
    """
    workloads = list(dict.fromkeys(cell.workload for cell in summary.cells))
    rates = {workload: telling_rate(summary, workload) for workload in workloads}
    shares: dict[Workload, list[float]] = {workload: [] for workload in workloads}
    for cell in summary.cells:
        if cell.rate == rates[cell.workload] and cell.tried:
            shares[cell.workload].append(cell.diverged / cell.tried)
    telling = sorted(workloads, key=lambda w: -float(np.var(shares[w])) if shares[w] else 0.0)
    most = telling[: max(1, _MOST_PANELS // len(safeguards(summary)))]
    return [workload for workload in workloads if workload in most]


def telling_rate(summary: Summary, workload: Workload) -> float:
    """Returns the highest rate at which the safeguards' shares of divergence differ.

    If they differ nowhere, the highest rate.
    """
    shares: dict[float, set[float]] = {}
    for cell in summary.cells:
        if cell.workload == workload and not math.isnan(cell.ratio.value):
            shares.setdefault(cell.rate, set()).add(cell.ratio.value)
    differ = [rate for rate, seen in shares.items() if len(seen) > 1]
    of_workload = [cell.rate for cell in summary.cells if cell.workload == workload]
    return max(differ or of_workload)


def representatives(
    summary: Summary, results: pd.DataFrame, workload: Workload
) -> dict[str, Run | None]:
    """Returns each safeguard's run at the telling rate.

    Of the seeds it is the first one that ended as most of them did; None if none was
    measured.
    """
    rate = telling_rate(summary, workload)
    final = results[(results["stage"] == "final") & (results["status"] != "failed")]
    for column, name in zip(Workload._fields, workload, strict=True):
        final = final[final[column] == name]
    at_rate = final[(final["rate"] - rate).abs() <= 1e-9 * rate]
    return {
        name: _typical(at_rate[at_rate["safeguard"] == name].sort_values("seed"))
        for name in safeguards(summary)
    }


def _typical(runs: pd.DataFrame) -> Run | None:
    if runs.empty:
        return None
    diverged = runs["divergence"] == "full"
    usual = diverged.mean() >= 0.5
    return runs[diverged == usual].iloc[0].to_dict()
