"""A comparison's folder: the runs that ended, and the one table made of them."""

import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ranker import json_text
from ranker.compare.failure import FAILED
from ranker.compare.grid import Trial
from ranker.compare.stored import StoredRuns
from ranker.files import digest, write_bytes, write_json
from ranker.measure.divergence import classify, recovered
from ranker.spec import load

_JUDGED = {"task_losses", "accepted", "validation", "status"}  # what a verdict needs of a run


class Results:
    """Finished runs by their key: settings and data alone decide it, so a larger grid uses them."""

    def __init__(self, folder: Path) -> None:
        """Makes the folder.

        Raises:
          OSError: if it cannot be made, or what is in it cannot be read.
        """
        self._folder = folder
        self._runs = StoredRuns(folder / "runs")

    def missing(self, trials: Sequence[Trial]) -> list[Trial]:
        """Returns the trials that no finished run answers; one that failed is tried again."""
        return [
            trial
            for trial in trials
            if not self._is_judged(trial) or self._runs.status(trial) == FAILED
        ]

    def add(self, trial: Trial, columns: Mapping[str, Any]) -> None:
        """Writes the columns of a run that ended, whole or not at all."""
        self._runs.add(trial, columns)

    def table(self, trials: Sequence[Trial]) -> pd.DataFrame:
        """Returns a row for each trial that has ended, in the trials' order.

        Raises:
          ValueError: for a run that was damaged since this began.
        """
        rows = []
        for trial in trials:
            if self._is_judged(trial):
                columns = self._runs.read(trial)
                rows.append(_names(trial) | columns | _divergence(columns))
        return pd.DataFrame(rows)

    def write(self, table: pd.DataFrame, metadata: Mapping[str, Any]) -> None:
        """Writes results.parquet, a row a run, and comparison.json beside it, with its digest."""
        buffer = io.BytesIO()
        table.to_parquet(buffer, index=False)
        write_bytes(self._folder / "results.parquet", buffer.getvalue())
        metadata = {**metadata, "results_sha256": digest(buffer.getvalue())}
        write_json(self._folder / "comparison.json", metadata)

    def notices(self, trials: Sequence[Trial]) -> list[str]:
        """Returns a line for each thing in the folder that is not used as it is."""
        found = []
        if damaged := self._runs.damaged(trials):
            more = f" and {len(damaged) - 1} more" if damaged[1:] else ""
            found.append(f"{damaged[0]}{more}: damaged, so not used: made again")
        if num := self._runs.of_other_data(trials):
            runs = f"{num} stored run{'s' if num > 1 else ''}"
            found.append(f"{self._folder}: {runs} of these settings, of other data: not used")
        if not self._is_table_whole():
            found.append(
                f"{self._folder / 'results.parquet'}: not what comparison.json says of it: "
                "damaged, or its writing was cut short; both are written again from runs/"
            )
        return found

    def _is_judged(self, trial: Trial) -> bool:
        """Whether the run is there, with all that is judged now: an older one may lack it."""
        return self._runs.has(trial, _JUDGED)

    def _is_table_whole(self) -> bool:
        try:
            said = json_text.parse((self._folder / "comparison.json").read_text("utf-8"))
            table = (self._folder / "results.parquet").read_bytes()
        except FileNotFoundError:
            return True  # nothing to damage
        except ValueError:
            return False
        found = said.get("results_sha256") if isinstance(said, dict) else None
        return found == digest(table)


def _divergence(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what became of a run, judged now: its losses are kept, no verdict on them is."""
    if columns["status"] == FAILED:
        return {"divergence": "none", "micro_divergences": 0, "full_attempt": -1}
    evaluations = json_text.parse(columns["validation"])
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
        "tune": trial.tune,
        "tuned_value": trial.tuned_value,
        "rate": trial.rate,
        "seed": trial.seed,
        "config": load.dump(trial.config),
    }
