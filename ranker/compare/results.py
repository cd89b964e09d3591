"""A comparison's folder: a file a finished run, and the one table made of them."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from ranker.compare.grid import Trial
from ranker.config import load
from ranker.measure.divergence import classify, recovered
from ranker.train.run_directory import write_text

_JUDGED = {"task_losses", "accepted", "validation", "status"}  # what a verdict needs of a run


class Results:
    """Finished runs by their key: settings alone decide it, so a larger grid uses them too."""

    def __init__(self, folder: Path) -> None:
        """Makes the folder."""
        self._folder = folder
        self._runs = folder / "runs"
        self._runs.mkdir(parents=True, exist_ok=True)

    def missing(self, trials: Sequence[Trial]) -> list[Trial]:
        """Returns the trials that no finished run answers."""
        return [trial for trial in trials if not self._is_finished(trial)]

    def add(self, trial: Trial, columns: Mapping[str, Any]) -> None:
        """Writes the columns of a finished run, whole or not at all."""
        _write_parquet(pd.DataFrame([dict(columns)]), self._path(trial))

    def table(self, trials: Sequence[Trial]) -> pd.DataFrame:
        """Returns a row for each trial that is finished, in the trials' order."""
        rows = []
        for trial in trials:
            if self._is_finished(trial):
                columns = pd.read_parquet(self._path(trial)).iloc[0].to_dict()
                rows.append(_names(trial) | columns | _divergence(columns))
        return pd.DataFrame(rows)

    def write(self, table: pd.DataFrame, facts: Mapping[str, Any]) -> None:
        """Writes results.parquet, a row a run, and comparison.json beside it."""
        _write_parquet(table, self._folder / "results.parquet")
        text = json.dumps(facts, indent=2, allow_nan=False)
        write_text(self._folder / "comparison.json", text + "\n")

    def _is_finished(self, trial: Trial) -> bool:
        """Whether the run is there, with all that is judged now: an older one may lack it."""
        path = self._path(trial)
        return path.exists() and _JUDGED.issubset(pq.read_schema(path).names)

    def _path(self, trial: Trial) -> Path:
        return self._runs / f"{trial.key}.parquet"


def failed(error: BaseException) -> dict[str, Any]:
    """Returns the columns of a run that ended in `error`."""
    said = "; ".join(f"{type(error).__name__}: {error}".splitlines())
    counts = ("steps", "attempts", "refused", "planned_attempts")
    lists = ("evaluated_attempt", "evaluated_seconds", "validation_loss", "train_attempt")
    lists += ("train_loss", "train_loss_max", "layers", "clip_factors", "task_losses", "accepted")
    return {
        "status": "failed",
        "error": said,
        **dict.fromkeys(counts, 0),
        **dict.fromkeys(("seconds", "seconds_per_attempt", "clipped_share"), float("nan")),
        **{name: [] for name in lists},
        "validation": "[]",
        "test": "{}",
        "events": "[]",
    }


def _divergence(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what became of a run, judged now: its losses are kept, no verdict on them is."""
    if columns["status"] == "failed":
        return {"divergence": "none", "micro_divergences": 0, "full_attempt": -1}
    evaluations = json.loads(columns["validation"])
    tasks = sorted({n for e in evaluations for n in e if n.endswith(".auc")})
    losses = np.stack(columns["task_losses"], axis=1)
    # The first batch with a task's labels is tried before any of them has moved a variable.
    first = losses[(losses != 0).argmax(axis=0), np.arange(losses.shape[1])]
    verdict = classify(
        losses,
        columns["accepted"],
        halted=columns["status"] == "diverged",
        aucs={n: [e.get(n, math.nan) for e in evaluations] for n in tasks},
        losses_before=first,
        has_recovered=recovered(evaluations),
    )
    return {
        "divergence": verdict.kind,
        "micro_divergences": verdict.num_micro,
        "full_attempt": verdict.full_attempt,
    }


def _names(trial: Trial) -> dict[str, Any]:
    model, optimizer, injector = trial.workload
    return {
        "run": trial.key,
        "stage": trial.stage,
        "model": model,
        "optimizer": optimizer,
        "injector": injector,
        "safeguard": trial.safeguard,
        "knob": trial.knob,
        "knob_value": trial.knob_value,
        "rate": trial.rate,
        "seed": trial.seed,
        "config": load.dump(trial.config),
    }


def _write_parquet(table: pd.DataFrame, path: Path) -> None:
    temporary = path.with_name(f".{path.name}.writing")
    table.to_parquet(temporary, index=False)
    temporary.rename(path)
