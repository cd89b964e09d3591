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


@dataclasses.dataclass(frozen=True)
class Saving:
    """Saves snapshots of a run: one by its attempt, and the best beside.

    Attributes:
      logs: files whose marks go into checkpoints, by name.
    """

    step: Step
    store: Store
    plan: Plan
    progress: Progress
    logs: Mapping[str, JsonLines] = dataclasses.field(default_factory=dict)
    controller: RecoveryController | None = None

    def action(self) -> Every:
        """Returns what saves when a checkpoint is due, and whenever the run ends or stops, or has
        come to another phase."""
        saved = self._phase()

        def save(attempt: int) -> None:
            nonlocal saved
            self.save(attempt)
            saved = self._phase()

        return Every(
            attempts=self.plan.checkpoint_every,
            do=save,
            at_end=True,
            at_stop=True,
            also=lambda: self._phase() != saved,
        )

    def save_start(self) -> None:
        """Saves the start, where it is one, if it is asked for again.

        Recovery may have to go back to it; that of another run's checkpoint is read but once.
        """
        wants_start = bool(self.controller and self.controller.wants_start)
        if int(self.step.attempts.numpy()) == 0 and (wants_start or self.progress.start):
            self.save(0)

    def save(self, attempt: int) -> None:
        """Saves; only one in its turn may be good, whenever a run is stopped."""
        needed = frozenset[int]()
        if self.controller:
            if attempt % self.plan.checkpoint_every == 0:
                self.controller.mark_candidate(attempt)
            needed = self.controller.needed
        self.store.save(attempt, self.step.variables, self._state(), needed=needed)

    def save_best(self) -> None:
        """Saves the best, in place of the one before."""
        self.store.save_best(self.step.variables, self._state())

    def _phase(self) -> int:
        phases, step = self.step.optimizer.phases, self.step.optimizer.step
        return phases.at(int(step.numpy())) if phases else 0

    def _state(self) -> dict:
        if self.controller:
            self.progress.recovery = dataclasses.asdict(self.controller.state)
        self.progress.logs = {name: log.mark() for name, log in self.logs.items()}
        return dataclasses.asdict(self.progress)


@dataclasses.dataclass(frozen=True)
class Evaluating:
    """Evaluates on validation, reports to the observers, and has the best saved.

    Attributes:
      measure: evaluates; may raise Stopped, to have it done after a resume.
    """

    step: Step
    plan: Plan
    progress: Progress
    measure: Callable[[], Evaluation]
    observers: Sequence[Observer]
    saving: Saving

    def action(self) -> Every:
        """Returns what evaluates when it is due, and at the plan's end."""
        return Every(
            attempts=self.plan.evaluate_every,
            do=self.evaluate,
            at_end=True,
            has_pending=self._has_pending_evaluation,
        )

    def evaluate(self, attempt: int) -> None:
        """Evaluates; notes when early stopping ends the run."""
        evaluation = self.measure()
        committed = int(self.step.optimizer.step.numpy())
        for observer in self.observers:
            observer.evaluation(attempt, committed, evaluation)
        progress, patience = self.progress, self.plan.patience
        if progress.note(attempt, evaluation.value(self.plan.monitor)):
            self.saving.save_best()
        progress.is_finished = 0 < patience <= progress.evaluations_since_best

    def _has_pending_evaluation(self, attempt: int) -> bool:
        return self.plan.evaluates(attempt) and attempt not in (
            0,
            self.progress.evaluated_attempt,
        )
