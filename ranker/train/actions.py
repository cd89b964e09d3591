"""What a trainer does every so many attempts, between two calls of the graph."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ranker.files import JsonLines
from ranker.train.observers import Observer
from ranker.train.plan import Plan
from ranker.train.recovery_controller import RecoveryController
from ranker.train.scoring import Evaluation
from ranker.train.snapshots import Store
from ranker.train.step import Step


@dataclasses.dataclass(frozen=True, kw_only=True)
class Every:
    """An action and when it is due.

    Attributes:
      attempts: after each multiple of so many, attempts counted from 1: a call ends there.
      do: given the number of attempts done. It may raise Stopped: it is owed then.
      at_end: also where the run ends of itself.
      at_stop: also where it is asked to stop, or an action was stopped.
      owes: whether what was due after that many attempts has yet to be done, on a resume.
    """

    attempts: int
    do: Callable[[int], None]
    at_end: bool = False
    at_stop: bool = False
    owes: Callable[[int], bool] = lambda attempt: False

    def is_due(self, attempt: int, *, is_over: bool, is_stopping: Callable[[], bool]) -> bool:
        """Returns whether it is due after `attempt`; asks for a stop only where it matters."""
        if attempt % self.attempts == 0 or (self.at_end and is_over):
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

    def note(self, attempt: int, value: float) -> bool:
        """Takes a monitored value; returns whether it is the best so far. NaN never is."""
        self.evaluated_attempt = attempt
        is_best = np.isfinite(value) and (self.best is None or value < self.best)
        if is_best:
            self.best, self.best_attempt, self.evaluations_since_best = value, attempt, 0
        else:
            self.evaluations_since_best += 1
        return bool(is_best)


class Saving:
    """Saves snapshots of a run: one by its attempt, and the best beside."""

    def __init__(
        self,
        step: Step,
        store: Store,
        plan: Plan,
        progress: Progress,
        *,
        logs: Mapping[str, JsonLines] = {},
        controller: RecoveryController | None = None,
    ) -> None:
        """Takes the parts; `logs` are files whose marks go into checkpoints, by name."""
        self._step = step
        self._store = store
        self._plan = plan
        self._progress = progress
        self._logs = logs
        self._controller = controller

    def action(self) -> Every:
        """Returns what saves when a checkpoint is due, and whenever the run ends or stops."""
        every = self._plan.checkpoint_every
        return Every(attempts=every, do=self.save, at_end=True, at_stop=True)

    def save_start(self) -> None:
        """Saves the start, where it is one, if recovery may have to go back to it."""
        is_start = int(self._step.attempts.numpy()) == 0
        if is_start and self._controller and self._controller.wants_start:
            self.save(0)

    def save(self, attempt: int) -> None:
        """Saves; only one in its turn may be good, whenever a run is stopped."""
        needed = frozenset[int]()
        if self._controller:
            if attempt % self._plan.checkpoint_every == 0:
                self._controller.mark_candidate(attempt)
            needed = self._controller.needed
        self._store.save(attempt, self._step.variables, self._state(), needed=needed)

    def save_best(self) -> None:
        """Saves the best, in place of the one before."""
        self._store.save_best(self._step.variables, self._state())

    def _state(self) -> dict:
        if self._controller:
            self._progress.recovery = dataclasses.asdict(self._controller.state)
        self._progress.logs = {name: log.mark() for name, log in self._logs.items()}
        return dataclasses.asdict(self._progress)


class Evaluating:
    """Evaluates on validation, tells the observers, and has the best saved."""

    def __init__(
        self,
        step: Step,
        plan: Plan,
        progress: Progress,
        *,
        evaluate: Callable[[], Evaluation],
        observers: Sequence[Observer],
        saving: Saving,
    ) -> None:
        """Takes the parts; `evaluate` may raise Stopped, to have it done after a resume."""
        self._step = step
        self._plan = plan
        self._progress = progress
        self._evaluate = evaluate
        self._observers = observers
        self._saving = saving

    def action(self) -> Every:
        """Returns what evaluates when it is due, and at the plan's end."""
        return Every(
            attempts=self._plan.evaluate_every, do=self.evaluate, at_end=True, owes=self._owes
        )

    def evaluate(self, attempt: int) -> None:
        """Evaluates; notes when early stopping ends the run."""
        evaluation = self._evaluate()
        committed = int(self._step.optimizer.step.numpy())
        for observer in self._observers:
            observer.evaluation(attempt, committed, evaluation)
        progress, patience = self._progress, self._plan.patience
        if progress.note(attempt, evaluation.value(self._plan.monitor)):
            self._saving.save_best()
        progress.is_finished = 0 < patience <= progress.evaluations_since_best

    def _owes(self, attempt: int) -> bool:
        return self._plan.evaluates(attempt) and attempt not in (
            0,
            self._progress.evaluated_attempt,
        )
