"""Runs made up by hand, as results.parquet has them."""

import json
import math
from typing import Any

import pandas as pd


def row(
    safeguard: str = "none",
    *,
    rate: float = 0.1,
    seed: int = 0,
    aucs: tuple[float, ...] = (0.5, 0.6, 0.7),
    test: float | None = 0.69,
    tuned_value: float = math.nan,
    **columns: Any,
) -> dict[str, Any]:
    """Returns a run that was evaluated before training and after 10, 20, ... attempts.

    An attempt took 0.1 s; the loss is 1 - AUC.
    """
    return {
        "stage": "final",
        "model": "small",
        "optimizer": "adagrad",
        "injector": "none",
        "safeguard": safeguard,
        "tune": "" if math.isnan(tuned_value) else "clip.0.limit",
        "tuned_value": tuned_value,
        "rate": rate,
        "seed": seed,
        "status": "completed",
        "divergence": "none",
        "micro_divergences": 0,
        "clipped_share": 0.5,
        "seconds_per_attempt": 0.1,
        "evaluated_attempt": [10 * i for i in range(len(aucs))],
        "evaluated_seconds": [1.0 * i for i in range(len(aucs))],
        "validation_loss": [1 - auc for auc in aucs],
        "validation": json.dumps([{"like.auc": auc, "like.ece": 0.1} for auc in aucs]),
        "test": json.dumps({} if test is None else {"like.auc": test, "like.ece": 0.2}),
    } | columns


def failed(safeguard: str = "none", **columns: Any) -> dict[str, Any]:
    """Returns a run that ended in an error."""
    lists: dict[str, Any] = {"evaluated_attempt": [], "evaluated_seconds": []}
    lists |= {"validation_loss": [], "validation": "[]", "test": "{}"}
    numbers = dict.fromkeys(("clipped_share", "seconds_per_attempt"), math.nan)
    return row(safeguard) | {"status": "failed"} | lists | numbers | columns


def table(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(rows))
