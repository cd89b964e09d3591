"""When a trainer does something between two calls of the graph, and where its run is."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True, kw_only=True)
class Every:
    """An action and when it is due.

    Attributes:
      attempts: after each multiple of so many, attempts counted from 1: a call ends there.
      do: given the number of attempts done. It may raise Stopped: it stays pending then.
      at_end: also where the run ends of itself.
      at_stop: also where it is asked to stop, or an action was stopped.
      also: whether it is due besides; asked between two calls.
      has_pending: whether what was due after that many attempts has yet to be done, on a resume.
    """

    attempts: int
    do: Callable[[int], None]
    at_end: bool = False
    at_stop: bool = False
    also: Callable[[], bool] = lambda: False
    has_pending: Callable[[int], bool] = lambda attempt: False

    def is_due(self, attempt: int, *, is_over: bool, is_stopping: Callable[[], bool]) -> bool:
        """Returns whether it is due after `attempt`; asks for a stop only where it matters."""
        if attempt % self.attempts == 0 or (self.at_end and is_over) or self.also():
            return True
        return self.at_stop and is_stopping()


@dataclasses.dataclass(kw_only=True)
class Progress:
    """Where a run is, beside its variables; saved in every checkpoint, JSON-ready.

    Attributes:
      best: lowest monitored value so far, None before the first evaluation.
      best_attempt: where it was reached.
      evaluated_attempt: after which the last evaluation was.
      evaluations_since_best: what early stopping counts.
      is_finished: whether early stopping ended the run.
      logs: `JsonLines.mark` of each log when the checkpoint was written.
      factors: clip factors of the last few attempts, a list a variable each.
      recovery: recovery's `RecoveryState`; empty without one.
      total: attempts of the whole plan, 0 in checkpoints that do not say.
      start: of which run's checkpoint this run began, as `ranker.wiring.begin` says; else empty.
    """

    best: float | None = None
    best_attempt: int = 0
    evaluated_attempt: int = 0
    evaluations_since_best: int = 0
    is_finished: bool = False
    logs: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    factors: list[list[float]] = dataclasses.field(default_factory=list)
    recovery: dict[str, Any] = dataclasses.field(default_factory=dict)
    total: int = 0
    start: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def first_step(self) -> int:
        """The count of updates that this run began with."""
        is_kept = self.start.get("slots") == "keep"
        return self.start.get("first_step", self.start.get("step", 0)) if is_kept else 0

    def note(self, attempt: int, value: float) -> bool:
        """Takes a monitored value; returns whether it is the best so far. NaN never is."""
        self.evaluated_attempt = attempt
        is_best = np.isfinite(value) and (self.best is None or value < self.best)
        if is_best:
            self.best, self.best_attempt, self.evaluations_since_best = value, attempt, 0
        else:
            self.evaluations_since_best += 1
        return bool(is_best)
