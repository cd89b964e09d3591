"""What a trial leaves behind: curves, counts and events, as the columns of one row."""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ranker.train.evaluation import Evaluation
from ranker.train.plan import Plan
from ranker.train.report import StepReport, joined
from ranker.train.step import Step

_POINTS = 200  # of a training curve and of the clip factors: what a picture can show


class TrialRecorder:
    """Gathers one run's reports and evaluations."""

    def __init__(self, step: Step, plan: Plan) -> None:
        self._step = step
        self._plan = plan
        self._reports: list[StepReport] = []
        self._rates: list[float] = []  # seconds an attempt, of each call
        self._events: list[dict] = []
        self._seconds = 0.0
        self._evaluated: list[tuple[int, float, float, dict[str, float]]] = []

    @property
    def num_attempts(self) -> int:
        """Attempts so far."""
        return sum(len(reports.attempt) for reports in self._reports)

    def reports(self, reports: StepReport, seconds: float) -> None:
        """Takes the stacked reports of one call, as NumPy arrays, and its duration."""
        self._reports.append(reports)
        self._seconds += seconds
        self._rates.append(seconds / len(reports.attempt))

    def evaluation(self, attempt: int, step: int, evaluation: Evaluation) -> None:
        """Takes an evaluation of the validation split."""
        del step
        metrics = flat(evaluation.metrics)
        self._evaluated.append((attempt, self._seconds, evaluation.loss, metrics))

    def event(self, event: dict) -> None:
        """Takes an intervention."""
        self._events.append(event)

    def close(self) -> None:
        """Does nothing: all of it is in memory."""

    def columns(self, *, is_halted: bool) -> dict[str, Any]:
        """Returns the columns of the run's row but those of the test split."""
        reports = joined(self._reports)
        attempts, seconds, held_out, metrics = (list(v) for v in zip(*self._evaluated, strict=True))
        # Not the reports' total: a weight that a fault changed would be taken for divergence.
        objective = self._step.objective
        losses = objective.total(reports.losses.T).numpy()
        return {
            "status": "diverged" if is_halted else "completed",
            "error": "",
            "steps": int(reports.step[-1]),
            "attempts": len(reports.attempt),
            "refused": int(np.sum(~reports.accept)),
            "planned_attempts": self._plan.total,
            "seconds": self._seconds,
            "seconds_per_attempt": float(np.median(self._rates)),
            "evaluated_attempt": attempts,
            "evaluated_seconds": seconds,
            "validation_loss": held_out,
            "validation": json.dumps(metrics),
            "events": json.dumps(self._events),
            "task_losses": objective.weighted(reports.losses).numpy().T.tolist(),
            "accepted": reports.accept.tolist(),
            "scalars": json.dumps(_scalars(reports)),
            **_curves(losses, reports, self._step.optimizer.names),
        }


def flat(metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Returns "<task>.<metric>" to its value over all rows, counts left out."""
    return {
        f"{task}.{name}": value
        for task, of_task in metrics.items()
        for name, value in of_task.items()
        if isinstance(value, float)
    }


def _scalars(reports: StepReport) -> dict[str, dict[str, list[float]]]:
    """Returns what parts reported beside losses and clip factors, which have columns of their own.

    Of each scalar, "attempt" and "value" of at most 200 attempts that have one.
    """
    found = {}
    for name, values in reports.scalars.items():
        if name.partition("/")[0] not in ("loss", "clip_factor"):
            indices = np.flatnonzero(~np.isnan(values))
            indices = indices[:: max(1, math.ceil(len(indices) / _POINTS))]
            attempts = (reports.attempt[indices] + 1).tolist()
            found[name] = {"attempt": attempts, "value": values[indices].tolist()}
    return found


def _curves(losses: np.ndarray, reports: StepReport, names: tuple[str, ...]) -> dict[str, Any]:
    """Returns the training loss and the clip factors, in at most 200 bins of attempts."""
    bins = np.array_split(np.arange(len(reports.attempt)), min(_POINTS, len(reports.attempt)))
    return {
        "train_attempt": [int(reports.attempt[b[-1]]) + 1 for b in bins],
        "train_loss": [float(np.mean(losses[b])) for b in bins],
        "train_loss_max": [float(np.max(losses[b])) for b in bins],
        "layers": list(names),
        "clip_factors": [[float(np.mean(f[b])) for b in bins] for f in reports.factors.T],
        "clipped_share": float(np.mean(np.min(reports.factors, axis=1) < 1)),
    }
