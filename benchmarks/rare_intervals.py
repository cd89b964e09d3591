"""Intervals of a comparison's differences in AUC over the test rows, where labels are rare.

  python -m benchmarks.rare_intervals --config=configs/compare_tasks_order.toml \\
    --rows=docs/results/task_order_kuairand.csv --tasks=like,profile_enter,comment --output=FILE.csv

A standard error over seeds says nothing of rows that might have been others: with 57 positives that
is the larger part. The runs are made again, in this process, for their scores. A safeguard's rate
is the one with the largest mean AUC of the tasks on validation, by the rows of the runs. Users are
drawn with replacement, each with all of their rows (`ranker.gate.resample`). A difference is to the
comparison's reference on the same draws. All are means over the seeds, of the first model.
"""

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from absl import flags
from tqdm import tqdm

import ranker.legacy_keras  # noqa: F401 (before TensorFlow loads)
from ranker.cli import program
from ranker.compare import grid
from ranker.compare.trial_executor import TrialExecutor
from ranker.gate.resample import draws, resampled
from ranker.gate.scored import Scored
from ranker.input.split import Split
from ranker.spec import load
from ranker.spec.compare import CompareConfig
from ranker.spec.run import RunConfig

_CONFIG = flags.DEFINE_string("config", None, "The comparison's TOML file.", required=True)
_ROWS = flags.DEFINE_string("rows", None, "CSV of its runs, which choose rates.", required=True)
_TASKS = flags.DEFINE_list("tasks", None, "Binary tasks, the rare ones.", required=True)
_ONLY = flags.DEFINE_multi_string("only", [], "A safeguard beside the reference; none for all.")
_RESAMPLES = flags.DEFINE_integer("resamples", 1_000, "Of the users.", lower_bound=100)
_OUTPUT = flags.DEFINE_string("output", None, "The CSV file to write.", required=True)
_LEVEL = 0.95
_COLUMNS = ("safeguard", "rate", "task", "positives", "auc", "low", "high")
_COLUMNS += ("difference", "difference_low", "difference_high")


class Rescored(TrialExecutor):
    """Runs trials, and gives what the best model of the last one says of the test rows."""

    def tested(self, config: RunConfig) -> tuple[Split, dict[str, np.ndarray]]:
        """Runs the settings; returns the test rows and each task's logits of them, [N]."""
        self.run(config)  # leaves the best model's variables
        run = self._compiled(config).run
        split = self._data(run)["test"]
        return split, run.scorer.logits(split)


def rates(rows: pd.DataFrame, model: str, tasks: Sequence[str]) -> dict[str, float]:
    """Returns each safeguard's rate with the largest mean AUC of the tasks on validation."""
    columns = [f"validation {task}.auc" for task in tasks]
    of_model = rows[rows["model"] == model] if "model" in rows else rows
    means = of_model.groupby(["safeguard", "rate"])[columns].mean().mean(axis=1)
    return {name: float(of.idxmax()[1]) for name, of in means.groupby("safeguard")}


def aucs(
    split: Split, logits: Sequence[Mapping[str, np.ndarray]], task: str, counts: np.ndarray
) -> np.ndarray:
    """Returns the mean over runs of a task's AUC, in each resample. [R]"""
    labels, weights = split.rows.labels[task], split.rows.weights[task]
    kept = np.flatnonzero(weights > 0)
    rows = Scored(
        task, "binary", labels[kept], weights[kept], split.users[kept], logits[0][task][kept], None
    )
    return np.mean([resampled("auc", rows, run[task][kept], counts) for run in logits], axis=0)


def interval(values: np.ndarray) -> tuple[float, float]:
    """Returns the percentiles that hold 95% of the resamples that define the metric."""
    tail = (1 - _LEVEL) / 2
    low, high = np.nanquantile(values, [tail, 1 - tail])
    return float(low), float(high)


def main(_: Sequence[str]) -> int:
    """Runs, writes the rows and prints the table; returns the exit code."""
    try:
        path = Path(_CONFIG.value)
        config = load.load(path, [], CompareConfig)
        chosen = rates(pd.read_csv(_ROWS.value), config.models[0].name, _TASKS.value)
        found = _table(config, path.parent, chosen)
        with open(_OUTPUT.value, "w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([_COLUMNS, *found])
    except (ValueError, OSError, KeyError) as error:
        return program.refuse(error)
    print("| safeguard | rate | task | positives | AUC | 95% | to the reference | 95% |")
    print("|---|--:|---|--:|--:|---|--:|---|")
    for name, rate, task, positives, *numbers in found:
        auc, low, high, diff, lowest, highest = (float(number) for number in numbers)
        print(
            f"| {name} | {rate:g} | {task} | {positives} | {auc:.4f} | {low:.4f} to {high:.4f} ",
            end="",
        )
        print("| | |" if math.isnan(diff) else f"| {diff:+.4f} | {lowest:+.4f} to {highest:+.4f} |")
    return 0


def _table(config: CompareConfig, folder: Path, chosen: Mapping[str, float]) -> list[tuple]:
    executor = Rescored(primary=config.primary)
    wanted = {*(_ONLY.value or chosen), config.reference}
    trials = [
        trial
        for trial in grid.finals(config, folder, {})
        if trial.workload.model == config.models[0].name
        and trial.safeguard in wanted
        and trial.rate == chosen[trial.safeguard]
    ]
    scores: dict[str, list[Mapping[str, np.ndarray]]] = {}
    for trial in tqdm(trials, unit=" runs"):
        split, logits = executor.tested(trial.config)
        scores.setdefault(trial.safeguard, []).append(logits)
    counts = draws(int(split.users.max()) + 1, _RESAMPLES.value, seed=0)
    counts = np.concatenate([np.ones_like(counts[:1]), counts])  # first the rows as they are
    found = []
    for task in tqdm(_TASKS.value, unit=" tasks"):
        of = {name: aucs(split, logits, task, counts) for name, logits in scores.items()}
        positives = int(split.rows.labels[task][split.rows.weights[task] > 0].sum())
        for name, values in of.items():
            differences = values - of[config.reference]
            is_reference = name == config.reference
            beside = (
                (math.nan,) * 3 if is_reference else (differences[0], *interval(differences[1:]))
            )
            numbers = (values[0], *interval(values[1:]), *beside)
            found.append((name, chosen[name], task, positives, *(f"{n:.6f}" for n in numbers)))
    return found


if __name__ == "__main__":
    program.run(main)
