"""The ladder: what follows when refusing attempts alone does not help. Pure: no TensorFlow.

Rungs, each reached from the one before, and only if it is configured:

    refuse     the attempt: the guard does, and nothing here
    clip       an emergency clipper is on for a while
    rate       every learning rate is lowered, and recovers slowly
    rollback   to the last good checkpoint, or if that is damaged to the good one before it, and
               on with the batches that come next
    halt       the run ends, with the reason

Refusals, many within a few attempts, climb one rung; so do `guard.max_refusals` in a row. Of
what a detector finds, a jump climbs to clip and no higher; full divergence to rate at least,
then on. A climb is decided at the cut between two calls, and then the rung is left to work for
a while. Once nothing has been wrong for long, the clipper is off and the rates have recovered,
the ladder is left: the next trouble begins at its foot. The number of rollbacks is the whole
run's.

A rollback skips the batches that led to the trouble, as PaLM's training did (Chowdhery et al.
2022, arXiv:2204.02311): attempts go on counting, so the batches that follow are new.
"""

import dataclasses
import itertools
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ranker.guard import FULL, JUMP
from ranker.spec.guard import Ladder

REFUSE, CLIP, RATE, ROLLBACK, HALT = range(5)
RUNGS = ("refuse", "clip", "rate", "rollback", "halt")  # in words


@dataclasses.dataclass(frozen=True, kw_only=True)
class Standing:
    """Where on the ladder a run is: JSON-ready, in every checkpoint. Attempts count from 1.

    Attributes:
      rung: the highest reached since the ladder was last left.
      climbed: attempts done at the last climb.
      troubled: attempts done when something was last wrong.
      refusals: the refused attempts that still count.
      clip_until: the attempt after which the emergency clipper is off; 0 while it is.
      rate_factor: what learning rates are multiplied by.
      num_rollbacks: so far.
      good: attempts of the last good checkpoint; 0 for the start, None if all are damaged.
      before: of the good one before it, or None.
      pending: attempts of the checkpoint that is next to be good, or None.
    """

    rung: int = REFUSE
    climbed: int = 0
    troubled: int = 0
    refusals: Sequence[int] = ()
    clip_until: int = 0
    rate_factor: float = 1.0
    num_rollbacks: int = 0
    good: int | None = 0
    before: int | None = None
    pending: int | None = None

    @property
    def goods(self) -> tuple[int, ...]:
        """What may be gone back to, the best first."""
        return tuple(attempt for attempt in (self.good, self.before) if attempt is not None)


class Action(NamedTuple):
    """What is done, beside what the standing itself says of clipper and rates.

    Attributes:
      kind: "clipping", "clipping_ended", "rate_lowered", "rate_recovered", "rolled_back",
        "damaged" (a checkpoint that was to be gone back to), "halted" or "ladder_left".
      details: for its event.
    """

    kind: str
    details: dict[str, Any]


class Reports(NamedTuple):
    """What the ladder reads of a call's reports.

    Attributes:
      attempt: numbers of the attempts, from 0, [K].
      accept: whether each was committed, [K].
      symptoms: of the tasks, [K, T]; [K, 0] without a detector.
    """

    attempt: np.ndarray
    accept: np.ndarray
    symptoms: np.ndarray


def decide(
    ladder: Ladder, standing: Standing, reports: Reports, *, refused_in_a_row: int = 0
) -> tuple[Standing, list[Action]]:
    """Returns the standing after a call, and what to do.

    Args:
      reports: of at least one attempt.
      refused_in_a_row: as many as made the guard halt; 0 if it did not.
    """
    done = int(reports.attempt[-1]) + 1
    bad = np.isin(reports.symptoms, (JUMP, FULL)).any(axis=1)
    settled = standing.climbed + ladder.settle_attempts if standing.climbed else 0
    refusals = [int(a) + 1 for a in reports.attempt[~reports.accept] if a >= settled]
    refusals = [*standing.refusals, *refusals]
    standing = dataclasses.replace(standing, refusals=_last(refusals, ladder, done))
    if bad.any():
        standing = dataclasses.replace(standing, troubled=done)
    last = reports.symptoms[-1] if done > settled else ()
    rung, reason = REFUSE, ""
    if refused_in_a_row:
        rung, reason = standing.rung + 1, f"{refused_in_a_row} refusals in a row"
    elif _are_many(refusals, ladder):
        rung = standing.rung + 1
        reason = f"{ladder.max_refusals} refusals within {ladder.within_attempts} attempts"
    elif FULL in last:
        rung, reason = max(standing.rung + 1, RATE), "full divergence"
    if rung:
        return _climb(ladder, standing, done, rung=rung, reason=reason)
    if JUMP in last and ladder.clip:
        return _clip(ladder, standing, done, reason="a loss jumped")
    num_healthy = int(np.sum(reports.accept & ~bad))
    return _recover(ladder, standing, done, num_healthy=num_healthy)


def write_down(ladder: Ladder, standing: Standing, attempt: int) -> Standing:
    """Returns the standing once a checkpoint of `attempt` is written: it may become good.

    Only one at a time can, and is kept till it is known; those that follow it are not asked.
    """
    if not ladder.max_rollbacks or standing.pending is not None or attempt == standing.good:
        return standing
    return dataclasses.replace(standing, pending=attempt)


def _last(refusals: Iterable[int], ladder: Ladder, done: int) -> list[int]:
    return [attempt for attempt in refusals if attempt > done - ladder.within_attempts]


def _are_many(refusals: Sequence[int], ladder: Ladder) -> bool:
    """Whether as many of `refusals`, in order, lie within a window as climb."""
    ends = zip(refusals, itertools.islice(refusals, ladder.max_refusals - 1, None), strict=False)
    return any(last - first < ladder.within_attempts for first, last in ends)


def _climb(
    ladder: Ladder, standing: Standing, done: int, *, rung: int, reason: str
) -> tuple[Standing, list[Action]]:
    """Returns what the next rung there is, from `rung` up, does."""
    has_rollback = standing.num_rollbacks < ladder.max_rollbacks
    there = {CLIP: ladder.clip is not None, RATE: ladder.rate_factor < 1, ROLLBACK: has_rollback}
    if rung > ROLLBACK and has_rollback:
        rung = ROLLBACK  # again: the budget is what ends it
    rung = next((r for r in range(rung, HALT) if there[r]), HALT)
    standing = dataclasses.replace(
        standing, rung=rung, climbed=done, troubled=done, refusals=(), pending=None
    )
    if rung == CLIP:
        return _clip(ladder, standing, done, reason=reason)
    if rung == RATE:
        factor = standing.rate_factor * ladder.rate_factor
        standing = dataclasses.replace(standing, rate_factor=factor)
        return standing, [Action("rate_lowered", {"rate_factor": factor, "reason": reason})]
    if rung == ROLLBACK:
        number = standing.num_rollbacks + 1
        standing = dataclasses.replace(standing, num_rollbacks=number)
        left = ladder.max_rollbacks - number
        details = {"to_attempt": standing.good, "rollbacks_left": left, "reason": reason}
        return standing, [Action("rolled_back", details)]
    spent = f" after {standing.num_rollbacks} rollbacks" if standing.num_rollbacks else ""
    return standing, [Action("halted", {"reason": f"{reason}{spent}, at the top of the ladder"})]


def _clip(
    ladder: Ladder, standing: Standing, done: int, *, reason: str
) -> tuple[Standing, list[Action]]:
    """Returns the standing with the clipper on, or on for longer; it is told when it begins."""
    until = done + ladder.clip_attempts
    changed = dataclasses.replace(
        standing, rung=max(standing.rung, CLIP), clip_until=until, pending=None
    )
    begins = [Action("clipping", {"until": until, "reason": reason})]
    return changed, [] if standing.clip_until else begins


def _recover(
    ladder: Ladder, standing: Standing, done: int, *, num_healthy: int
) -> tuple[Standing, list[Action]]:
    """Returns the standing after a call that asks for nothing."""
    actions, changes = [], dict[str, Any]()
    if 0 < standing.clip_until <= done:
        changes["clip_until"] = 0
        actions.append(Action("clipping_ended", {}))
    if standing.rate_factor < 1:
        growth = ladder.rate_factor ** (-num_healthy / ladder.recovery_attempts)
        changes["rate_factor"] = min(1.0, standing.rate_factor * growth)
        if changes["rate_factor"] == 1:
            actions.append(Action("rate_recovered", {}))
    if standing.troubled == done:
        changes["pending"] = None
    elif standing.pending is not None and done - standing.pending >= ladder.healthy_attempts:
        changes |= {"good": standing.pending, "before": standing.good, "pending": None}
    standing = dataclasses.replace(standing, **changes)
    is_as_before = standing.rate_factor == 1 and not standing.clip_until
    if standing.rung and is_as_before and done - standing.troubled >= ladder.healthy_attempts:
        standing = dataclasses.replace(standing, rung=REFUSE)
        actions.append(Action("ladder_left", {}))
    return standing, actions
