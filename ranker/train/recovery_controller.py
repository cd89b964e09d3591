"""Does what recovery decides: controls, rollbacks, and events."""

import dataclasses

from ranker.train.checkpoint_files import CheckpointError
from ranker.train.controls import Controls
from ranker.train.recovery import Action, Recovery, RecoveryState, Reports, decide, mark_candidate
from ranker.train.report import StepReport
from ranker.train.snapshots import Store
from ranker.train.step import Step

# What a rollback leaves as it is: counts of the whole run, and what recovery itself set.
_KEPT = ("attempts", "guard/refused", "guard/refused_in_a_row")


class RecoveryController:
    """A run's recovery, and how far it is.

    Attributes:
      state: after the last call.
    """

    def __init__(self, recovery: Recovery, step: Step, store: Store, state: RecoveryState) -> None:
        """Takes the parts; the step must have controls.

        Raises:
          ValueError: if it has none.
        """
        if step.controls is None:
            raise ValueError(f"recovery needs a step with controls, got {step.controls}")
        self._recovery = recovery
        self._step = step
        self._controls: Controls = step.controls
        self._store = store
        self.state = state

    @property
    def wants_start(self) -> bool:
        """Whether the start must be kept as a checkpoint: one may have to go back to it."""
        return self._recovery.max_rollbacks > 0

    @property
    def needed(self) -> frozenset[int]:
        """The attempts whose checkpoints must not be removed."""
        if not self.wants_start:
            return frozenset()
        return frozenset({*self.state.known_good, self.state.candidate} - {None})

    def after(self, reports: StepReport) -> tuple[list[dict], str]:
        """Does what follows from a call; returns the events, and the reason to halt or "".

        Args:
          reports: of the call, as NumPy arrays.
        """
        guard, done = self._step.guard, int(reports.attempt[-1]) + 1
        halted = bool(guard.halted().numpy())
        self.state, actions = decide(
            self._recovery,
            self.state,
            Reports(reports.attempt, reports.accept, reports.symptoms),
            refused_in_a_row=int(guard.refused_in_a_row.numpy()) if halted else 0,
        )
        if actions and actions[0].kind == "rolled_back":  # it comes alone
            actions = self._roll_back(actions[0])
        reason = next((details["reason"] for kind, details in actions if kind == "halted"), "")
        if self.state.escalated == done and not reason:
            guard.refused_in_a_row.assign(0)  # so that every stage has as many attempts to help
        self._controls.rate_factor.assign(self.state.rate_factor)
        self._controls.is_clipping.assign(self.state.clip_until > 0)
        where = {"attempt": done, "step": int(self._step.optimizer.step.numpy())}
        return [{"kind": kind, **where, **details} for kind, details in actions], reason

    def mark_candidate(self, attempt: int) -> None:
        """Takes that the checkpoint of `attempt` is about to be written, in its turn."""
        self.state = mark_candidate(self._recovery, self.state, attempt)

    def _roll_back(self, wanted: Action) -> list[Action]:
        """Restores the last good checkpoint that is whole; returns what was done in its place."""
        done = list[Action]()
        for attempt in self.state.known_good:
            try:
                self._restore(attempt)
            except CheckpointError as error:
                details = {"checkpoint": f"{attempt:012d}", "reason": str(error)}
                done.append(Action("damaged", details))
                continue
            before = self.state.previous_good if attempt != self.state.previous_good else None
            self.state = dataclasses.replace(self.state, good=attempt, previous_good=before)
            return [*done, wanted._replace(details=wanted.details | {"to_attempt": attempt})]
        self.state = dataclasses.replace(self.state, good=None, previous_good=None)
        reason = f"{wanted.details['reason']}, and no good checkpoint can be restored"
        return [*done, Action("halted", {"reason": reason})]

    def _restore(self, attempt: int) -> None:
        variables = self._step.variables
        kept = {name: variables[name].numpy() for name in _KEPT}
        self._store.restore(attempt, variables)
        for name, value in kept.items():
            variables[name].assign(value)
