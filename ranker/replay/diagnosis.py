"""Every tensor of one attempt, in the order in which one follows from the other."""

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from ranker.guard.verdict import ACCEPTED
from ranker.input.batch import Batch
from ranker.schema import Schema
from ranker.train.cause import Cause, find_cause
from ranker.train.proposal import StepProposal
from ranker.train.step import Step

_NUM_ROWS = 5
_FINITE = "nothing: every value is finite and none is far out"


class Norms(NamedTuple):
    """The Euclidean norms of a variable, or of its touched rows, and what clippers kept."""

    name: str
    values: float
    gradient: float
    update: float
    factor: float


class Diagnosis(NamedTuple):
    """What was found.

    Attributes:
      first_bad: the first bad tensor in words: of input, label, logits, loss, gradient, update.
      column: the feature or task of it, if one; a variable's rows are `rows` instead.
      examples: rows of the batch to look at, the first few.
      variable, rows: of the first bad gradient or update.
      losses: by task.
      norms: of every variable that has a gradient, the largest gradient first.
    """

    first_bad: str
    column: str
    examples: tuple[int, ...]
    variable: str
    rows: tuple[int, ...]
    losses: Mapping[str, float]
    norms: tuple[Norms, ...]


def diagnose(step: Step, batch: Batch, schema: Schema, *, reason: int) -> Diagnosis:
    """Returns what a look at each tensor of the attempt finds; writes nothing.

    Args:
      batch: NumPy arrays, with the attempt's faults in them.
      reason: why it was refused.
    """
    proposed = step.propose(batch)
    tasks = step.objective.tasks
    losses = dict(zip(tasks, proposed.losses.numpy().tolist(), strict=True))
    found = _in_batch(batch, schema, reason) or _in_answer(proposed, losses)
    variable, rows = "", ()
    if found is None:
        stage, variable, rows = next(_in_changes(proposed), (_FINITE, "", ()))
        found = Cause(stage)
    norms = sorted(_norms(proposed), key=lambda n: -n.gradient if n.gradient >= 0 else -math.inf)
    return Diagnosis(found.what, found.column, found.examples, variable, rows, losses, tuple(norms))


def _in_batch(batch: Batch, schema: Schema, reason: int) -> Cause | None:
    if reason == ACCEPTED:
        return None
    cause = find_cause(batch, schema, reason=reason)
    return cause if cause.column else None


def _in_answer(proposed: StepProposal, losses: Mapping[str, float]) -> Cause | None:
    """Returns the first task whose logits or loss are not finite."""
    logits = {task: values.numpy() for task, values in proposed.logits.items()}
    for task, values in logits.items():
        bad = np.flatnonzero(~np.isfinite(values))[:_NUM_ROWS]
        if len(bad):
            return Cause("logits", task, tuple(bad.tolist()))
    for task, loss in losses.items():
        if not math.isfinite(loss):
            largest = np.argsort(-np.abs(logits[task]), kind="stable")[:_NUM_ROWS]
            return Cause("loss", task, tuple(largest.tolist()))
    return None


def _in_changes(proposed: StepProposal) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Yields (stage, variable, rows) of each gradient, then update, that is not finite."""
    changes = proposed.transaction.changes
    stages = [("gradient", c, [c.gradient.values]) for c in changes]
    stages += [("update", c, [c.unclipped, c.after, *(v for _, v in c.slots)]) for c in changes]
    for stage, item, tensors in stages:
        bad = [_non_finite_rows(tensor.numpy()) for tensor in tensors]
        first = next((rows for rows in bad if len(rows)), None)
        if first is not None:
            ids = first if item.rows is None else item.rows.numpy()[first]
            yield stage, item.name, tuple(ids[:_NUM_ROWS].tolist())


def _non_finite_rows(values: np.ndarray) -> np.ndarray:
    bad = np.atleast_1d(~np.isfinite(values))
    return np.flatnonzero(bad.any(axis=tuple(range(1, bad.ndim))))


def _norms(proposed: StepProposal) -> Iterator[Norms]:
    for change in proposed.transaction.changes:
        before = change.after.numpy() + change.update.numpy()
        yield Norms(
            name=change.name,
            values=_norm(before),
            gradient=_norm(change.gradient.values.numpy()),
            update=_norm(change.update.numpy()),
            factor=float(change.factor),
        )


def _norm(values: np.ndarray) -> float:
    return float(np.sqrt(np.sum(np.square(values, dtype=np.float64))))
