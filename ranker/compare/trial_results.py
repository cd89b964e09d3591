"""A row of the results as the measures need it."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from ranker import json_text
from ranker.compare.grid import TUNE
from ranker.compare.summary import Workload


class Run(NamedTuple):
    """One run.

    Attributes:
      is_measured: False if it ended in an error; then nothing below it counts.
      loss: final validation loss, at most that before training.
      final: "<task>.<metric>" to its final value on validation; of a run that diverged, or
        whose value is not defined, that of chance: 0.5 of AUC and GAUC, else the value before
        training.
      curve: (attempts, primary metric on validation) of each evaluation.
      test: "<task>.<metric>" on test, at the best validation evaluation; {} if it diverged
        before it had one.
    """

    workload: Workload
    safeguard: str
    tune: str
    tuned_value: float
    rate: float
    seed: int
    is_tuning: bool
    is_measured: bool
    has_diverged: bool
    num_micro: int
    clipped: float
    loss: float
    final: Mapping[str, float]
    curve: tuple[tuple[int, float], ...]
    test: Mapping[str, float]


def read(table: pd.DataFrame, primary: str) -> list[Run]:
    """Returns the rows of `results.parquet` as runs.

    Args:
      primary: "loss" or "<task>.<metric>".
    """
    return [_run(row, primary) for row in table.to_dict("records")]


def _run(row: Mapping[str, Any], primary: str) -> Run:
    evaluations = json_text.parse(row["validation"])
    losses = [float(loss) for loss in row["validation_loss"]]
    has_diverged = row["divergence"] == "full"
    loss_before = losses[0] if losses else math.nan
    ends_well = bool(losses) and not has_diverged and losses[-1] <= loss_before
    values = losses if primary == "loss" else [e.get(primary, math.nan) for e in evaluations]
    curve = zip(row["evaluated_attempt"], values, strict=True)
    final = {
        name: _final(name, [each.get(name, math.nan) for each in evaluations], has_diverged)
        for name in dict.fromkeys(name for each in evaluations for name in each)
    }
    loss = losses[-1] if ends_well else loss_before
    return Run(
        workload=Workload(row["model"], row["optimizer"], row["injector"]),
        safeguard=row["safeguard"],
        tune=row["tune"],
        tuned_value=float(row["tuned_value"]),
        rate=float(row["rate"]),
        seed=int(row["seed"]),
        is_tuning=row["stage"] == TUNE,
        is_measured=row["status"] != "failed",
        has_diverged=has_diverged,
        num_micro=int(row["micro_divergences"]),
        clipped=float(row["clipped_share"]),
        loss=loss,
        final=final | ({"loss": loss} if primary == "loss" else {}),
        curve=tuple((int(attempt), float(value)) for attempt, value in curve),
        test=json_text.parse(row["test"]),
    )


def _final(name: str, values: list[float], has_diverged: bool) -> float:
    if not has_diverged and not math.isnan(values[-1]):
        return values[-1]
    return 0.5 if name.split(".")[-1] in ("auc", "gauc") else values[0]
