"""Whether a run diverged: jumps of a task's loss that went back, and one that did not.

The two symptoms are those of Tang et al. 2023 (arXiv:2302.09178, section 3.1): a
*micro-divergence* is a sudden jump of the training loss that returns to normal, a *full
divergence* one that does not, with every metric ruined. The paper gives no numbers, so
all constants here are ours but for the two that name their source.

Each task is judged by its own loss, over the attempts whose batch had its labels: the sum
over the tasks steps when one appears or vanishes, and no model is broken by that.

Loss alone cannot tell a broken model from broken data: a fault that is injected into
the batches for long enough is seen as a jump too. One bad batch, or two, is not.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

# The window and the rule "above its median" are the spike rate's (arXiv:2608.30320), whose
# margin is 0.1 at losses of about 1 to 2; as a share of the median it knows no unit.
_WINDOW = 201
_MARGIN = 0.1
_SIGMAS = 7  # OLMo 2's spike score, arXiv:2501.00656
# A jump must hold in 3 of 5 attempts: a heavy tail passes 7 sigma in 0.2% of batches
# (Student's t, 3 degrees of freedom), three of five so in less than one of 10^7.
_SMOOTHING = 5
_MIN_HISTORY = 30  # below that the spread is known to worse than about a quarter of itself
_RETURN = 0.05  # half the margin, so that what ends a jump cannot be what begins it
_MAX_RECOVERY = 201  # attempts; one window, after which the jump would be its own normal
_MIN_STAY = 20  # attempts; long enough that the run's end does not decide for a slow recovery
_CHANCE = 0.02  # AUC; three standard errors of it for 1,000 positives among 10,000 rows
_RISE = 0.5  # of the loss before training; the median of five healthy batches is not so far up
_TIED = 1e-6  # AUC; nearer to 0.5 than any ranking but that of equal scores


class Divergence(NamedTuple):
    """What became of a run.

    Attributes:
      kind: "none", "micro" (every jump returned, and there was one) or "full".
      num_micro: jumps that returned.
      full_attempt: the attempt, from 1, at which full divergence began; -1 if it did not.
      jumps: the attempts, from 1, at which a loss jumped; tasks that are up together are one
        jump. The last may be neither micro nor full: one so near the run's end that nothing
        can be said.
    """

    kind: str
    num_micro: int
    full_attempt: int
    jumps: tuple[int, ...]


def classify(
    losses: np.ndarray,
    accepted: np.ndarray,
    *,
    halted: bool,
    aucs: Mapping[str, Sequence[float]],
    losses_before: Sequence[float] | np.ndarray,
    has_recovered: bool = False,
) -> Divergence:
    """Returns whether, when and how a run diverged.

    A jump is a task's loss above the median of its last 201 by 7 robust sigmas and by a
    tenth, in three of five attempts. It returned if within 201 attempts the median of five
    is back within a twentieth of the median before it. A run diverged fully if a jump did
    not return in time, or had not for 20 attempts at the end; if the guard halted it, an
    accepted loss is not finite or none of the last 20 is; if three quarters of the last
    20 losses are a tenth above those before training, summed over the tasks in the batch;
    or if at the last evaluation all binary tasks are at chance, AUC <= 0.52, after a sign of
    having been broken: a run that has learned nothing yet has not diverged.

    Refused attempts left the model as it was and are passed over. A loss of exactly 0 is
    that of a batch without the task's labels: that attempt is none of the task's.
    Multiplying all losses by a positive number changes nothing.

    Args:
      losses: training loss of each attempt and task, as it counts in the objective; may be
        NaN or infinite. [A, T]
      accepted: whether the attempt was committed. [A]
      halted: whether the guard ended the run.
      aucs: of each binary task, at each evaluation, the first before training; NaN where
        it is not defined.
      losses_before: of each task before it was trained; NaN if not known. [T]
      has_recovered: whether the run ended as good as it ever was, see `recovered`. Then a jump
        that stayed is one that returned: the level was lower than the task ever is, as after
        one batch that was repeated, or the data were broken and the model was not.

    Raises:
      ValueError: if the shapes do not fit.
    """
    losses, accepted = np.asarray(losses, np.float64), np.asarray(accepted, bool)
    before = np.asarray(losses_before, np.float64)
    if losses.ndim != 2 or losses.shape != (*accepted.shape, *before.shape):
        raise ValueError(
            f"losses {losses.shape}, accepted {accepted.shape} and losses_before {before.shape} "
            "are not [A, T], [A] and [T]"
        )
    with np.errstate(over="ignore", invalid="ignore"):  # inf is right near the largest float64
        return _classify(losses, accepted, halted, aucs, before, has_recovered)


def recovered(evaluations: Sequence[Mapping[str, float]]) -> bool:
    """Returns whether a run ended as good on validation as it ever was, having learned something.

    Every AUC is at the end within 0.02 of its best, every RMSE within a twentieth, and at least
    one was at its best that far from where it began.

    Args:
      evaluations: values by "task.metric", the first before training.
    """
    if not evaluations:
        return False
    quality = [name for name in evaluations[-1] if name.endswith((".auc", ".rmse"))]
    has_learned = False
    for name in quality:
        values = np.array([e.get(name, np.nan) for e in evaluations], np.float64)
        if not np.isfinite(values[-1]):
            return False
        sign = 1 if name.endswith(".auc") else -1
        best = float(np.nanmax(sign * values)) * sign
        margin = _CHANCE if sign > 0 else _RETURN * best
        if sign * (values[-1] - best) < -margin:
            return False
        has_learned |= bool(sign * (best - values[0]) > margin)
    return has_learned


class _Jump(NamedTuple):
    """The attempts at which a task's loss jumped and was back; infinite if it is still up."""

    start: int
    end: float


def _classify(
    losses: np.ndarray,
    accepted: np.ndarray,
    halted: bool,
    aucs: Mapping[str, Sequence[float]],
    before: np.ndarray,
    has_recovered: bool,
) -> Divergence:
    attempts = np.flatnonzero(accepted) + 1
    is_finite = np.asarray(np.isfinite(losses).all(axis=1))
    is_kept = is_finite[attempts - 1]
    num_finite = len(attempts) if is_kept.all() else int(is_kept.argmin())
    kept = attempts[:num_finite]
    of_tasks = [_task_jumps(kept, of_task) for of_task in losses.T]
    jumps = _merged(jump for jumps, _ in of_tasks for jump in jumps)
    stayed = [jumps[-1].start for jumps, has_stayed in of_tasks if has_stayed]
    still_up = [j.start for jumps, _ in of_tasks for j in jumps if j.end == np.inf]
    if has_recovered:
        stayed, still_up = [], []
    no_loss_since = _after_last(is_finite)
    is_broken = jumps or _has_learned_or_died(aucs) or _rose(losses[kept - 1], before)
    signs = (  # of full divergence: the attempt since when, or 0
        int(attempts[num_finite]) if num_finite < len(attempts) else 0,
        _after_last(accepted) if halted else 0,
        no_loss_since if len(losses) - no_loss_since + 1 >= _MIN_STAY else 0,
        min(stayed, default=0),
        _above_since(kept, losses[kept - 1], before),
        [len(losses), *(j.start for j in jumps)][-1] if is_broken and _is_at_chance(aucs) else 0,
    )
    starts = tuple(jump.start for jump in jumps)
    num_returned = sum(jump.end < np.inf or has_recovered for jump in jumps)
    if any(signs):
        full_attempt = min(since for since in (*signs, *still_up) if since)
        return Divergence("full", num_returned, full_attempt, starts)
    return Divergence("micro" if num_returned else "none", num_returned, -1, starts)


def _task_jumps(attempts: np.ndarray, losses: np.ndarray) -> tuple[list[_Jump], bool]:
    """Returns the jumps of a task, and whether the last lasts for long enough.

    Args:
      attempts: accepted ones, whose losses are finite.
      losses: of the task, in all attempts. [A]
    """
    attempts = attempts[losses[attempts - 1] != 0]
    jumps = _find_jumps(attempts, losses[attempts - 1])
    if not jumps or jumps[-1].end < np.inf:
        return jumps, False
    num_since = np.count_nonzero(losses[jumps[-1].start - 1 :])  # refused ones, too
    return jumps, bool(num_since >= _MIN_STAY)


def _find_jumps(attempts: np.ndarray, losses: np.ndarray) -> list[_Jump]:
    """Returns the jumps up to the first that lasts too long; all losses are finite."""
    jumps, level = list[_Jump](), None
    is_normal = np.ones(len(losses), bool)
    smooth = _medians(losses)
    for k, now in enumerate(smooth):  # of attempts k to k + 4
        last = k + _SMOOTHING - 1
        if level is None:
            history = losses[:k][is_normal[:k]][-_WINDOW:]
            if len(history) < _MIN_HISTORY:
                continue
            median = _median(history)
            limit = median + max(_SIGMAS * _spread(history), _MARGIN * abs(median))
            if now > limit:
                first = k + int(np.argmax(losses[k : last + 1] > limit))
                jumps.append(_Jump(int(attempts[first]), np.inf))
                is_normal[first : last + 1] = False
                level = median + _RETURN * abs(median)
        elif now <= level:
            jumps[-1], level = jumps[-1]._replace(end=int(attempts[last])), None
        elif attempts[last] - jumps[-1].start >= _MAX_RECOVERY:
            return jumps
        else:
            is_normal[last] = False
    return jumps


def _merged(jumps: Iterable[_Jump]) -> list[_Jump]:
    """Returns the stretches in which at least one task was up, in order."""
    found = list[_Jump]()
    for jump in sorted(jumps):
        if found and jump.start <= found[-1].end:
            found[-1] = found[-1]._replace(end=max(found[-1].end, jump.end))
        else:
            found.append(jump)
    return found


def _medians(losses: np.ndarray) -> np.ndarray:
    """Returns the medians of all neighbouring fives; none if there are fewer losses."""
    if len(losses) < _SMOOTHING:
        return np.zeros(0)
    return np.median(np.lib.stride_tricks.sliding_window_view(losses, _SMOOTHING), axis=1)


def _median(values: np.ndarray) -> float:
    """Returns the median, the upper of two; `np.median` takes most of a scan's time."""
    return float(np.partition(values, len(values) // 2)[len(values) // 2])


def _spread(losses: np.ndarray) -> float:
    """Returns a robust sigma of the noise: from neighbours' differences, so blind to a trend."""
    return 1.4826 / np.sqrt(2) * _median(np.abs(np.diff(losses)))  # 1 for Gaussian noise


def _after_last(is_good: np.ndarray) -> int:
    """Returns the first attempt, from 1, after the last good one."""
    good = np.flatnonzero(is_good)
    return int(good[-1]) + 2 if len(good) else 1


def _above_since(attempts: np.ndarray, losses: np.ndarray, before: np.ndarray) -> int:
    """Returns since when the loss stays above that before training; 0 if it does not."""
    has_labels = (losses != 0).any(axis=1)
    attempts, above = attempts[has_labels], _above(losses[has_labels], before, margin=_MARGIN)
    last = above[-_MIN_STAY:]
    if len(last) < _MIN_STAY or not (last > 0).mean() >= 0.75:
        return 0
    below = np.flatnonzero(_medians(above) <= 0)
    return int(attempts[below[-1] + _SMOOTHING - 1 if len(below) else 0])


def _rose(losses: np.ndarray, before: np.ndarray) -> bool:
    """Returns whether the loss was ever far above that before training."""
    return bool((_medians(_above(losses, before, margin=_RISE)) > 0).any())


def _above(losses: np.ndarray, before: np.ndarray, *, margin: float) -> np.ndarray:
    """Returns how far the sum is above that before training of the same tasks, and a margin."""
    sum_before = np.where(losses != 0, before, 0).sum(axis=1)
    return losses.sum(axis=1) - (sum_before + margin * np.abs(sum_before))


def _is_at_chance(aucs: Mapping[str, Sequence[float]]) -> bool:
    last = [value for value in map(_last_auc, aucs.values()) if not np.isnan(value)]
    return bool(last) and max(last) <= 0.5 + _CHANCE


def _has_learned_or_died(aucs: Mapping[str, Sequence[float]]) -> bool:
    """Returns whether a task ranked well after training began, or all scores are now equal."""
    has_learned = any(auc > 0.5 + 2 * _CHANCE for values in aucs.values() for auc in values[1:])
    return has_learned or all(not abs(_last_auc(values) - 0.5) > _TIED for values in aucs.values())


def _last_auc(values: Sequence[float]) -> float:
    """Returns the last AUC; 0.5 if only an earlier one is defined: the scores are not finite."""
    if len(values) == 0 or (np.isnan(values[-1]) and np.isnan(values).all()):
        return np.nan
    return 0.5 if np.isnan(values[-1]) else float(values[-1])
