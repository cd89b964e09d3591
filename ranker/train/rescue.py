"""Does what the ladder decides: levers, rollbacks, and events."""

import dataclasses

from ranker.train.checkpoint_files import CheckpointError
from ranker.train.ladder import Action, Ladder, Reports, Standing, decide, write_down
from ranker.train.levers import Levers
from ranker.train.report import StepReport
from ranker.train.snapshots import Store
from ranker.train.step import Step

# What a rollback leaves as it is: counts of the whole run, and what the ladder itself set.
_KEPT = ("attempts", "guard/refused", "guard/refused_in_a_row")


class Rescue:
    """A run's ladder, and where on it the run is.

    Attributes:
      standing: after the last call.
    """

    def __init__(self, ladder: Ladder, step: Step, store: Store, standing: Standing) -> None:
        """Takes the parts; the step must have levers.

        Raises:
          ValueError: if it has none.
        """
        if step.levers is None:
            raise ValueError(f"a ladder needs a step with levers, got {step.levers}")
        self._ladder = ladder
        self._step = step
        self._levers: Levers = step.levers
        self._store = store
        self.standing = standing

    @property
    def wants_start(self) -> bool:
        """Whether the start must be kept as a checkpoint: one may have to go back to it."""
        return self._ladder.max_rollbacks > 0

    @property
    def needed(self) -> frozenset[int]:
        """The attempts whose checkpoints must not be removed."""
        if not self.wants_start:
            return frozenset()
        return frozenset({*self.standing.goods, self.standing.pending} - {None})

    def after(self, reports: StepReport) -> tuple[list[dict], str]:
        """Does what follows from a call; returns the events, and the reason to halt or "".

        Args:
          reports: of the call, as NumPy arrays.
        """
        guard, done = self._step.guard, int(reports.attempt[-1]) + 1
        halted = bool(guard.halted().numpy())
        self.standing, actions = decide(
            self._ladder,
            self.standing,
            Reports(reports.attempt, reports.accept, reports.symptoms),
            refused_in_a_row=int(guard.refused_in_a_row.numpy()) if halted else 0,
        )
        if actions and actions[0].kind == "rolled_back":  # it comes alone
            actions = self._roll_back(actions[0])
        reason = next((details["reason"] for kind, details in actions if kind == "halted"), "")
        if self.standing.climbed == done and not reason:
            guard.refused_in_a_row.assign(0)  # so that every rung has as many attempts to help
        self._levers.rate_factor.assign(self.standing.rate_factor)
        self._levers.is_clipping.assign(self.standing.clip_until > 0)
        where = {"attempt": done, "step": int(self._step.optimizer.step.numpy())}
        return [{"kind": kind, **where, **details} for kind, details in actions], reason

    def write_down(self, attempt: int) -> None:
        """Takes that the checkpoint of `attempt` is about to be written, in its turn."""
        self.standing = write_down(self._ladder, self.standing, attempt)

    def _roll_back(self, wanted: Action) -> list[Action]:
        """Restores the last good checkpoint that is whole; returns what was done in its place."""
        done = list[Action]()
        for attempt in self.standing.goods:
            try:
                self._restore(attempt)
            except CheckpointError as error:
                details = {"checkpoint": f"{attempt:012d}", "reason": str(error)}
                done.append(Action("damaged", details))
                continue
            before = self.standing.before if attempt != self.standing.before else None
            self.standing = dataclasses.replace(self.standing, good=attempt, before=before)
            return [*done, wanted._replace(details=wanted.details | {"to_attempt": attempt})]
        self.standing = dataclasses.replace(self.standing, good=None, before=None)
        reason = f"{wanted.details['reason']}, and no good checkpoint can be restored"
        return [*done, Action("halted", {"reason": reason})]

    def _restore(self, attempt: int) -> None:
        variables = self._step.variables
        kept = {name: variables[name].numpy() for name in _KEPT}
        self._store.restore(attempt, variables)
        for name, value in kept.items():
            variables[name].assign(value)
