"""Recovery: what follows when refusing attempts alone does not help. Pure: no TensorFlow.

Stages, each reached from the one before, and only if it is configured:

    refuse     the attempt: the guard does, and nothing here
    clip       an emergency clipper is on for a while
    rate       every learning rate is lowered, and recovers slowly
    rollback   to the last good checkpoint, or if that is damaged to the good one before it, and
               on with the batches that come next
    halt       the run ends, with the reason

Refusals, many within a few attempts, escalate one stage; so do `guard.max_refusals` in a row. Of
what a detector finds, a jump escalates to clip and no higher; full divergence to rate at least,
then on. It is decided at the boundary between two calls, and then the stage is left to work for a
while. Once nothing has been wrong for long, the clipper is off and the rates are as they were,
recovery ends: the next trouble begins at its first stage. The number of rollbacks is the whole
run's.

A rollback skips the batches that led to the trouble, as PaLM's training did (Chowdhery et al.
2022, arXiv:2204.02311): attempts go on counting, so the batches that follow are new.
"""

import dataclasses
import itertools
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ranker.guard.detector import FULL, JUMP
from ranker.spec.guard import Recovery

REFUSE, CLIP, RATE, ROLLBACK, HALT = range(5)
STAGES = ("refuse", "clip", "rate", "rollback", "halt")  # in words


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecoveryState:
    """How far recovery is: JSON-ready, in every checkpoint. Attempts count from 1.

    Attributes:
      stage: the highest reached since recovery last ended.
      escalated: attempts done at the last escalation.
      troubled: attempts done when something was last wrong.
      refusals: the refused attempts that still count.
      clip_until: the attempt after which the emergency clipper is off; 0 while it is.
      rate_factor: what learning rates are multiplied by.
      num_rollbacks: so far.
      good: attempts of the last good checkpoint; 0 for the start, None if all are damaged.
      previous_good: of the good one before it, or None.
      candidate: attempts of the checkpoint that is next to be good, or None.
    """

    stage: int = REFUSE
    escalated: int = 0
    troubled: int = 0
    refusals: Sequence[int] = ()
    clip_until: int = 0
    rate_factor: float = 1.0
    num_rollbacks: int = 0
    good: int | None = 0
    previous_good: int | None = None
    candidate: int | None = None

    @property
    def known_good(self) -> tuple[int, ...]:
        """What may be gone back to, the best first."""
        return tuple(attempt for attempt in (self.good, self.previous_good) if attempt is not None)


class Action(NamedTuple):
    """What is done, beside what the state itself says of clipper and rates.

    Attributes:
      kind: "clipping", "clipping_ended", "rate_lowered", "rate_recovered", "rolled_back",
        "damaged" (a checkpoint that was to be gone back to), "halted" or "recovery_ended".
      details: for its event.
    """

    kind: str
    details: dict[str, Any]


class Reports(NamedTuple):
    """What recovery reads of a call's reports.

    Attributes:
      attempt: numbers of the attempts, from 0, [K].
      accept: whether each was committed, [K].
      symptoms: of the tasks, [K, T]; [K, 0] without a detector.
    """

    attempt: np.ndarray
    accept: np.ndarray
    symptoms: np.ndarray


def decide(
    recovery: Recovery, state: RecoveryState, reports: Reports, *, refused_in_a_row: int = 0
) -> tuple[RecoveryState, list[Action]]:
    """Returns the state after a call, and what to do.

    Args:
      reports: of at least one attempt.
      refused_in_a_row: as many as made the guard halt; 0 if it did not.
    """
    done = int(reports.attempt[-1]) + 1
    bad = np.isin(reports.symptoms, (JUMP, FULL)).any(axis=1)
    settled = state.escalated + recovery.settle_attempts if state.escalated else 0
    refusals = [int(a) + 1 for a in reports.attempt[~reports.accept] if a >= settled]
    refusals = [*state.refusals, *refusals]
    state = dataclasses.replace(state, refusals=_last(refusals, recovery, done))
    if bad.any():
        state = dataclasses.replace(state, troubled=done)
    last = reports.symptoms[-1] if done > settled else ()
    stage, reason = REFUSE, ""
    if refused_in_a_row:
        stage, reason = state.stage + 1, f"{refused_in_a_row} refusals in a row"
    elif _are_many(refusals, recovery):
        stage = state.stage + 1
        reason = f"{recovery.max_refusals} refusals within {recovery.within_attempts} attempts"
    elif FULL in last:
        stage, reason = max(state.stage + 1, RATE), "full divergence"
    if stage:
        return _escalate(recovery, state, done, stage=stage, reason=reason)
    if JUMP in last and recovery.clip:
        return _clip(recovery, state, done, reason="a loss jumped")
    num_healthy = int(np.sum(reports.accept & ~bad))
    return _recover(recovery, state, done, num_healthy=num_healthy)


def mark_candidate(recovery: Recovery, state: RecoveryState, attempt: int) -> RecoveryState:
    """Returns the state once a checkpoint of `attempt` is written: it may become good.

    Only one at a time can, and is kept till it is known; those that follow it are not asked.
    """
    if not recovery.max_rollbacks or state.candidate is not None or attempt == state.good:
        return state
    return dataclasses.replace(state, candidate=attempt)


def _last(refusals: Iterable[int], recovery: Recovery, done: int) -> list[int]:
    return [attempt for attempt in refusals if attempt > done - recovery.within_attempts]


def _are_many(refusals: Sequence[int], recovery: Recovery) -> bool:
    """Whether as many of `refusals`, in order, lie within a window as escalate."""
    ends = zip(refusals, itertools.islice(refusals, recovery.max_refusals - 1, None), strict=False)
    return any(last - first < recovery.within_attempts for first, last in ends)


def _escalate(
    recovery: Recovery, state: RecoveryState, done: int, *, stage: int, reason: str
) -> tuple[RecoveryState, list[Action]]:
    """Returns what the next stage there is, from `stage` up, does."""
    has_rollback = state.num_rollbacks < recovery.max_rollbacks
    there = {
        CLIP: recovery.clip is not None,
        RATE: recovery.rate_factor < 1,
        ROLLBACK: has_rollback,
    }
    if stage > ROLLBACK and has_rollback:
        stage = ROLLBACK  # again: the budget is what ends it
    stage = next((r for r in range(stage, HALT) if there[r]), HALT)
    state = dataclasses.replace(
        state, stage=stage, escalated=done, troubled=done, refusals=(), candidate=None
    )
    if stage == CLIP:
        return _clip(recovery, state, done, reason=reason)
    if stage == RATE:
        factor = state.rate_factor * recovery.rate_factor
        state = dataclasses.replace(state, rate_factor=factor)
        return state, [Action("rate_lowered", {"rate_factor": factor, "reason": reason})]
    if stage == ROLLBACK:
        number = state.num_rollbacks + 1
        state = dataclasses.replace(state, num_rollbacks=number)
        left = recovery.max_rollbacks - number
        details = {"to_attempt": state.good, "rollbacks_left": left, "reason": reason}
        return state, [Action("rolled_back", details)]
    spent = f" after {state.num_rollbacks} rollbacks" if state.num_rollbacks else ""
    return state, [
        Action("halted", {"reason": f"{reason}{spent}, after the last stage of recovery"})
    ]


def _clip(
    recovery: Recovery, state: RecoveryState, done: int, *, reason: str
) -> tuple[RecoveryState, list[Action]]:
    """Returns the state with the clipper on, or on for longer; it is reported when it begins."""
    until = done + recovery.clip_attempts
    changed = dataclasses.replace(
        state, stage=max(state.stage, CLIP), clip_until=until, candidate=None
    )
    begins = [Action("clipping", {"until": until, "reason": reason})]
    return changed, [] if state.clip_until else begins


def _recover(
    recovery: Recovery, state: RecoveryState, done: int, *, num_healthy: int
) -> tuple[RecoveryState, list[Action]]:
    """Returns the state after a call that asks for nothing."""
    actions, changes = [], dict[str, Any]()
    if 0 < state.clip_until <= done:
        changes["clip_until"] = 0
        actions.append(Action("clipping_ended", {}))
    if state.rate_factor < 1:
        growth = recovery.rate_factor ** (-num_healthy / recovery.recovery_attempts)
        changes["rate_factor"] = min(1.0, state.rate_factor * growth)
        if changes["rate_factor"] == 1:
            actions.append(Action("rate_recovered", {}))
    if state.troubled == done:
        changes["candidate"] = None
    elif state.candidate is not None and done - state.candidate >= recovery.healthy_attempts:
        changes |= {"good": state.candidate, "previous_good": state.good, "candidate": None}
    state = dataclasses.replace(state, **changes)
    is_as_before = state.rate_factor == 1 and not state.clip_until
    if state.stage and is_as_before and done - state.troubled >= recovery.healthy_attempts:
        state = dataclasses.replace(state, stage=REFUSE)
        actions.append(Action("recovery_ended", {}))
    return state, actions
