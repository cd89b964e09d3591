"""What a trainer does every so many attempts: it saves, it evaluates."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from ranker.files import JsonLines
from ranker.train.actions import Every, Progress
from ranker.train.evaluation import Evaluation
from ranker.train.observers import Observer
from ranker.train.plan import Plan
from ranker.train.recovery_controller import RecoveryController
from ranker.train.snapshots import Store
from ranker.train.step import Step


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
