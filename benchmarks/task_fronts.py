"""Whether a method of weighing tasks is beyond what fixed weights reach, of a comparison's runs.

  ranker compare --config=compare_tasks --workdir=runs/compare-tasks
  python -m benchmarks.task_fronts --results=runs/compare-tasks/results.parquet \\
    --config=configs/compare_tasks.toml --criteria=like.auc,rating.rmse --output=rows.csv

A point is a safeguard at a rate: the means of the criteria over the seeds. Fixed are the safeguards
that set objective.task_weights alone. Of each safeguard the rates that count, and of the fixed ones
the front, are what no other point beats in every criterion on validation; test chooses neither. A
point's excess is how many standard errors it is better than each point of the front in at least
one criterion, of the point that leaves least: above 2 it is beyond the front. The standard error
is of a difference of two means, by the median variance of all points. Of each safeguard's rates
the one with the largest excess is shown. What chance makes of that is seen of the fixed weights,
each held against the front without it. Prints tables, writes the rows, a line a run.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from absl import flags

from benchmarks.fronts import chosen, excess, points, rows, unbeaten, weights_of
from ranker.cli import program

_RESULTS = flags.DEFINE_string("results", None, "results.parquet.", required=True)
_CONFIG = flags.DEFINE_string("config", None, "The comparison's TOML file.", required=True)
_CRITERIA = flags.DEFINE_list("criteria", None, "Such as like.auc,rating.rmse.", required=True)
_OUTPUT = flags.DEFINE_string("output", None, "The CSV file to write.", required=True)
_DIGITS = 6  # after the point


def main(_: Sequence[str]) -> int:
    """Writes the rows and prints the tables; returns the exit code."""
    try:
        results = pd.read_parquet(_RESULTS.value)
        weights, fixed = weights_of(tomllib.loads(Path(_CONFIG.value).read_text("utf-8")))
        found = rows(results, _CRITERIA.value, weights)
        found.round(_DIGITS).to_csv(_OUTPUT.value, index=False)
    except (ValueError, OSError, KeyError) as error:
        return program.refuse(error)
    for line in tables(found, _CRITERIA.value, fixed):
        print(line)
    return 0


def tables(found: pd.DataFrame, criteria: Sequence[str], fixed: set[str]) -> list[str]:
    """Returns the tables, line by line."""
    validation, _ = points(found, [f"validation {name}" for name in criteria])
    rates = chosen(validation).index
    is_fixed = np.array([safeguard in fixed for safeguard, _ in rates])
    on_front = unbeaten(validation.loc[rates[is_fixed]].to_numpy())
    front = rates[is_fixed][on_front]
    lines = []
    tasks = list(dict.fromkeys(name.split(".")[0] for name in criteria))
    for part, names in (("test", criteria), ("train", tasks)):
        means, error = points(found, [f"{part} {name}" for name in names])
        means = means.dropna()
        here = front.intersection(means.index)
        lines += [f"\n{part}; errors {dict(zip(names, error.round(5).tolist(), strict=True))}\n"]
        lines += _table(means, rates.intersection(means.index), here, error, names, fixed)
    return lines


def _table(
    means: pd.DataFrame, rates: pd.Index, front: pd.Index, error: np.ndarray,
    names: Sequence[str], fixed: set[str],
) -> list[str]:  # fmt: skip
    lines = [
        f"| safeguard | rate | {' | '.join(names)} | excess | |",
        f"|---|--:|{'--:|' * (len(names) + 1)}---|",
    ]
    for safeguard, of in means.loc[rates].groupby("safeguard"):
        against = means.loc[front[front.get_level_values(0) != safeguard]].to_numpy()
        far = [excess(point, against, error) for point in of.to_numpy()]
        best = int(np.argmax(far))
        values = " | ".join(f"{abs(value):.4f}" for value in of.iloc[best])
        notes = "on the front" if of.index[best] in front else "fixed" if safeguard in fixed else ""
        lines.append(
            f"| {safeguard} | {of.index[best][1]:g} | {values} | {far[best]:+.1f} | {notes} |"
        )
    return lines


if __name__ == "__main__":
    program.run(main)
