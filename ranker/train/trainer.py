"""The trainer owns time: what runs next, and what happens between two calls of the graph.

A training run, a trial of a comparison and a replay are this one loop with other actions, other
sinks, and snapshots kept on disk or in memory.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import numpy as np

from ranker.input.batch import Batch
from ranker.input.stream import Batches, prefetch
from ranker.train.actions import Every, Progress
from ranker.train.calls import Call, call_alone, run_attempts
from ranker.train.cause import NUM_ATTEMPTS
from ranker.train.events import interventions, refused_because
from ranker.train.incidents import Incidents
from ranker.train.observers import Observer
from ranker.train.plan import CallBoundaries, Plan
from ranker.train.recovery_controller import RecoveryController
from ranker.train.report import StepReport
from ranker.train.step import Step
from ranker.train.stop import Stopped


class Outcome(NamedTuple):
    """How a run ended.

    Attributes:
      status: "completed", "diverged" or "preempted".
      reason: why it diverged; else "".
      is_halted: whether the guard or recovery ended it.
      cause: what went bad first, as the first of the last refusals in a row says; {} if it
        did not diverge, or none was refused.
      best_attempt: after which attempt the best snapshot was kept.
      good_checkpoint: the attempt of the last that recovery found good; None without one.
      attempts: tried here, not counting those before a resume.
      seconds: in all; `waiting_seconds` of them spent waiting for input, and `pause_seconds`
        in what is done between calls.
    """

    status: str
    reason: str
    is_halted: bool
    cause: dict[str, Any]
    best_attempt: int
    good_checkpoint: int | None
    attempts: int
    seconds: float
    waiting_seconds: float
    pause_seconds: float


class Trainer:
    """Runs a plan on a step, from where `progress` and the variables are."""

    def __init__(
        self,
        step: Step,
        stream: Batches,
        plan: Plan,
        *,
        progress: Progress,
        actions: Sequence[Every] = (),
        observers: Sequence[Observer] = (),
        incidents: Incidents | None = None,
        controller: RecoveryController | None = None,
        is_stopping: Callable[[], bool] = lambda: False,
        failure: Callable[[], str] = lambda: "",
        is_ahead: bool = True,
        call: Call = call_alone,
    ) -> None:
        """Takes the parts.

        Args:
          actions: done between calls in their order, where they are due.
          observers: given every call, evaluation and event; they change nothing.
          incidents: looks closely at refused attempts, and keeps their batches.
          controller: recovery; None to halt where the guard does.
          is_stopping: whether to save and stop at the next call boundary.
          failure: asked at the plan's end; why there is nothing to show for it, or "".
          is_ahead: whether a thread reads the next rows while the step runs.
          call: makes a call of the step, with other workers if there are some.
        """
        self._step = step
        self._stream = stream
        self._plan = plan
        self._progress = progress
        self._actions = actions
        self._observers = observers
        self._incidents = incidents
        self._controller = controller
        self._is_stopping = is_stopping
        self._failure = failure
        self._is_ahead = is_ahead
        self._run_call = call
        self._reason = ""  # to halt
        self._first_refused: dict[str, Any] = {}  # of the last refusals in a row
        self._last_refused = 0

    def run(self, *, until: int | None = None) -> Outcome:
        """Runs until the plan's end, early stopping, a halt, or a request to stop.

        Args:
          until: attempts after which to leave, as if the run went on: nothing is due there
            that would not be in the whole run.
        """
        start, began = int(self._step.attempts.numpy()), time.perf_counter()
        periods = [each.attempts for each in self._actions]
        whole = self._plan.call_boundaries(start, also=periods)
        calls: CallBoundaries | tuple[()] = () if self._progress.is_finished else whole
        waiting = pausing = 0.0
        # Without a call left, the variables and the progress say how it ended.
        status = "diverged" if not calls and self._failure() else "completed"
        if any(each.has_pending(start) for each in self._actions) and (
            ended := self._between(start)
        ):
            status, calls = ended, ()
        with ExitStack() as closers, self._stacks(calls, until) as stacks:
            for observer in self._observers:
                closers.callback(observer.close)
            if calls:
                self._step.trace(self._stream.stack(start, 0))  # while the first rows are read
            for first, num in calls:
                asked = time.perf_counter()
                stack = next(stacks)
                waiting += time.perf_counter() - asked
                self._call(stack, first, first + num)
                paused = time.perf_counter()
                is_left = until is not None and first + num > until
                ending = "left" if is_left and not self._reason else self._between(first + num)
                pausing += time.perf_counter() - paused
                if ending:
                    status = ending
                    break
        return Outcome(
            status=status,
            reason=self._reason or (self._failure() if status == "diverged" else ""),
            is_halted=bool(self._reason),
            cause=refused_because(self._first_refused) if status == "diverged" else {},
            best_attempt=self._progress.best_attempt,
            good_checkpoint=self._controller.state.good if self._controller else None,
            attempts=int(self._step.attempts.numpy()) - start,
            seconds=time.perf_counter() - began,
            waiting_seconds=waiting,
            pause_seconds=pausing,
        )

    @contextmanager
    def _stacks(
        self, calls: CallBoundaries | tuple[()], until: int | None
    ) -> Iterator[Iterator[Batch]]:
        """Gives the batches of each call, of the last only what is before `until`."""
        if self._is_ahead and until is None:
            with prefetch(self._stream, calls) as stacks:
                yield stacks
        else:
            most = self._plan.total if until is None else until
            yield (self._stream.stack(f, max(0, min(f + num, most) - f)) for f, num in calls)

    def _call(self, stack: Batch, first: int, last: int) -> None:
        """Tries `stack`, reports it, and does what recovery decides; notes a halt."""
        began = time.perf_counter()
        for reports in run_attempts(self._step, stack, self._run_call):
            seconds = time.perf_counter() - began
            for observer in self._observers:
                observer.reports(reports, seconds)
            self._intervene(reports, stack, first)
            halted = bool(self._step.guard.halted().numpy())
            # Recovery decides where a call ends in the whole run.
            if self._controller and (halted or int(reports.attempt[-1]) + 1 == last):
                events, self._reason = self._controller.after(reports)
                for event in events:
                    self._emit(event)
            elif halted:
                self._halt(int(reports.attempt[-1]) + 1, "too many refusals in a row")
            if self._reason:
                return
            began = time.perf_counter()

    def _intervene(self, reports: StepReport, stack: Batch, first: int) -> None:
        """Reports what happened beside training; looks closely at refused attempts alone."""
        factors = self._known_factors(reports)
        num_before = len(factors) - len(reports.attempt)
        for event in interventions(reports, self._step):
            if event["kind"] == "refused":
                index = event["attempt"] - 1
                if self._incidents:
                    known = factors[: num_before + index - int(reports.attempt[0]) + 1]
                    event = self._incidents.enter(
                        event, stack, index=index - first, factors=known[-NUM_ATTEMPTS:]
                    )
                if event["attempt"] != self._last_refused + 1:
                    self._first_refused = event
                self._last_refused = event["attempt"]
            self._emit(event)
        self._progress.factors = factors[-NUM_ATTEMPTS:].tolist()

    def _known_factors(self, reports: StepReport) -> np.ndarray:
        """Returns the clip factors of the last attempts before `reports` and of theirs, [N, V]."""
        factors = reports.factors
        before = np.asarray(self._progress.factors, np.float32)
        return np.concatenate([before.reshape(-1, factors.shape[1]), factors])

    def _between(self, attempt: int) -> str:
        """Does what is due after `attempt`; returns the status to end with, or ""."""
        if self._reason:
            return "diverged"
        for index, each in enumerate(self._actions):
            is_over = self._is_over(attempt)
            if each.is_due(attempt, is_over=is_over, is_stopping=self._is_stopping):
                try:
                    each.do(attempt)
                except Stopped:  # what it does stays pending
                    for later in self._actions[index + 1 :]:
                        if later.at_stop:
                            later.do(attempt)
                    return "preempted"
        if self._is_over(attempt):
            if failure := self._failure():
                self._halt(attempt, failure)
                return "diverged"
            return "completed"
        return "preempted" if self._is_stopping() else ""

    def _is_over(self, attempt: int) -> bool:
        return self._progress.is_finished or attempt == self._plan.total

    def _halt(self, attempt: int, reason: str) -> None:
        self._reason = reason
        committed = int(self._step.optimizer.step.numpy())
        self._emit({"kind": "halted", "attempt": attempt, "step": committed, "reason": reason})

    def _emit(self, event: dict) -> None:
        for observer in self._observers:
            observer.event(event)
