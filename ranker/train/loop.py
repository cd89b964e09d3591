"""The loop owns time: what runs next, and what happens between two calls of the graph."""

import dataclasses
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np

from ranker.input import Batch, Batches, prefetch
from ranker.train.cause import NUM_ATTEMPTS
from ranker.train.checkpoint import Checkpoints
from ranker.train.events import interventions, refused_because
from ranker.train.incidents import Incidents
from ranker.train.json_lines import JsonLines
from ranker.train.observers import Observer
from ranker.train.plan import Cuts, Plan
from ranker.train.rescue import Rescue
from ranker.train.scoring import Evaluation
from ranker.train.step import Step, StepReport, tries
from ranker.train.stop import Stopped


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
      ladder: the ladder's `Standing`; empty without one.
    """

    best: float | None = None
    best_attempt: int = 0
    evaluated_attempt: int = 0
    evaluations_since_best: int = 0
    is_finished: bool = False
    logs: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    factors: list[list[float]] = dataclasses.field(default_factory=list)
    ladder: dict[str, Any] = dataclasses.field(default_factory=dict)

    def note(self, attempt: int, value: float) -> bool:
        """Takes a monitored value; returns whether it is the best so far. NaN never is."""
        self.evaluated_attempt = attempt
        is_best = np.isfinite(value) and (self.best is None or value < self.best)
        if is_best:
            self.best, self.best_attempt, self.evaluations_since_best = value, attempt, 0
        else:
            self.evaluations_since_best += 1
        return bool(is_best)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How the loop ended.

    Attributes:
      status: "completed", "diverged" or "preempted".
      reason: why it diverged; else "".
      cause: what went bad first, as the first of the last refusals in a row says; {} if it
        did not diverge, or none was refused.
      best_attempt: after which attempt the best checkpoint was written.
      good_checkpoint: the attempt of the last that the ladder found good; None without one.
      attempts: tried here, not counting those before a resume.
      seconds: in the loop; `waiting_seconds` of them spent waiting for input, and
        `pause_seconds` in evaluations and checkpoints.
    """

    status: str
    reason: str
    cause: dict[str, Any]
    best_attempt: int
    good_checkpoint: int | None
    attempts: int
    seconds: float
    waiting_seconds: float
    pause_seconds: float


class Loop:
    """Runs a plan on a step, from where `progress` and the variables are to its end."""

    def __init__(
        self,
        step: Step,
        stream: Batches,
        plan: Plan,
        *,
        progress: Progress,
        evaluate: Callable[[], Evaluation],
        checkpoints: Checkpoints,
        incidents: Incidents,
        observers: Sequence[Observer],
        logs: dict[str, JsonLines],
        is_stopping: Callable[[], bool],
        rescue: Rescue | None = None,
    ) -> None:
        """Takes the parts.

        Args:
          evaluate: on the validation split, with the variables as they are; raises
            Stopped to have it done after a resume.
          logs: files whose marks go into checkpoints, by name.
          is_stopping: whether to save and stop at the next cut.
          rescue: the ladder; None to halt where the guard does.
        """
        self._step = step
        self._stream = stream
        self._plan = plan
        self._progress = progress
        self._evaluate = evaluate
        self._checkpoints = checkpoints
        self._incidents = incidents
        self._observers = observers
        self._logs = logs
        self._is_stopping = is_stopping
        self._rescue = rescue
        self._reason = ""  # to halt
        self._first_refused: dict[str, Any] = {}  # of the last refusals in a row
        self._last_refused = 0

    def run(self) -> Outcome:
        """Runs until the plan's end, early stopping, a halt, or a request to stop."""
        start = int(self._step.attempts.numpy())
        cuts: Cuts | tuple[()] = () if self._progress.is_finished else self._plan.cuts(start)
        began = time.perf_counter()
        waiting = pausing = 0.0
        # Without a cut left, what is in the variables and the progress tells how it ended.
        status = "diverged" if not cuts and self._failure() else "completed"
        if start == 0 and self._rescue and self._rescue.wants_start:
            self._save(start)
        owed = self._between(start) if self._owes(start) else ""
        if owed:
            status, cuts = owed, ()
        like = self._stream.stack(start, 0)
        with ExitStack() as closers, prefetch(self._stream, cuts) as stacks:
            for observer in self._observers:
                closers.callback(observer.close)
            if cuts:
                self._step.draw(like)  # while the first rows are read
            for first, num in cuts:
                asked = time.perf_counter()
                stack = next(stacks)
                waiting += time.perf_counter() - asked
                self._call(stack, first)
                paused = time.perf_counter()
                ending = self._between(first + num)
                pausing += time.perf_counter() - paused
                if ending:
                    status = ending
                    break
        done = int(self._step.attempts.numpy()) - start
        seconds = time.perf_counter() - began
        best = self._progress.best_attempt
        good = self._rescue.standing.good if self._rescue else None
        reason = self._reason or (self._failure() if status == "diverged" else "")
        cause = refused_because(self._first_refused) if status == "diverged" else {}
        return Outcome(status, reason, cause, best, good, done, seconds, waiting, pausing)

    def _call(self, stack: Batch, first: int) -> None:
        """Tries `stack`, tells the observers, and does what the ladder decides; notes a halt."""
        for reports in tries(self._step, stack):
            for observer in self._observers:
                observer.reports(reports)
            self._intervene(reports, stack, first)
            if self._rescue:
                events, self._reason = self._rescue.after(reports)
                for event in events:
                    self._tell(event)
            elif self._step.guard.halted().numpy():
                self._halt(int(reports.attempt[-1]) + 1, "too many refusals in a row")
            if self._reason:
                return

    def _halt(self, attempt: int, reason: str) -> None:
        self._reason = reason
        self._tell(
            {"kind": "halted", "attempt": attempt, "step": self._committed(), "reason": reason}
        )

    def _intervene(self, reports: StepReport, stack: Batch, first: int) -> None:
        """Tells what happened beside training; looks closely at refused attempts alone."""
        before = np.asarray(self._progress.factors, np.float32).reshape(
            -1, reports.factors.shape[1]
        )
        factors = np.concatenate([before, reports.factors])
        for event in interventions(reports, self._step):
            if event["kind"] == "refused":
                place = event["attempt"] - 1
                known = factors[: len(before) + place - int(reports.attempt[0]) + 1]
                event = self._incidents.enter(
                    event, stack, place=place - first, factors=known[-NUM_ATTEMPTS:]
                )
                if event["attempt"] != self._last_refused + 1:
                    self._first_refused = event
                self._last_refused = event["attempt"]
            self._tell(event)
        self._progress.factors = factors[-NUM_ATTEMPTS:].tolist()

    def _between(self, attempt: int) -> str:
        """Does what is due after `attempt`; returns the status to end with, or ""."""
        if self._reason:
            return "diverged"
        plan, progress = self._plan, self._progress
        if plan.evaluates(attempt):
            try:
                evaluation = self._evaluate()
            except Stopped:  # it is owed
                self._save(attempt)
                return "preempted"
            for observer in self._observers:
                observer.evaluation(attempt, self._committed(), evaluation)
            if progress.note(attempt, evaluation.value(plan.monitor)):
                self._checkpoints.save_best(self._step.variables, self._state())
            progress.is_finished = 0 < plan.patience <= progress.evaluations_since_best
        is_over = progress.is_finished or attempt == plan.total
        if attempt % plan.checkpoint_every == 0 or is_over or self._is_stopping():
            self._save(attempt)
        if is_over and (failure := self._failure()):
            self._halt(attempt, failure)
            return "diverged"
        if is_over:
            return "completed"
        return "preempted" if self._is_stopping() else ""

    def _failure(self) -> str:
        """Returns why a run that came to its end has no model to show; "" if it has one."""
        if self._progress.best is None:
            return "no evaluation was finite"
        return "" if self._committed() else "every attempt was refused, so nothing was trained"

    def _owes(self, attempt: int) -> bool:
        """Whether the evaluation after `attempt` was stopped, before a resume."""
        return 0 < attempt != self._progress.evaluated_attempt and self._plan.evaluates(attempt)

    def _save(self, attempt: int) -> None:
        """Writes a checkpoint; only one in its turn may be good, whenever a run is stopped."""
        needed = frozenset[int]()
        if self._rescue:
            if attempt % self._plan.checkpoint_every == 0:
                self._rescue.write_down(attempt)
            needed = self._rescue.needed
        self._checkpoints.save(attempt, self._step.variables, self._state(), needed=needed)

    def _state(self) -> dict:
        if self._rescue:
            self._progress.ladder = dataclasses.asdict(self._rescue.standing)
        self._progress.logs = {name: log.mark() for name, log in self._logs.items()}
        return dataclasses.asdict(self._progress)

    def _committed(self) -> int:
        return int(self._step.optimizer.step.numpy())

    def _tell(self, event: dict) -> None:
        for observer in self._observers:
            observer.event(event)
