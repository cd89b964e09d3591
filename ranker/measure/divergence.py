"""Whether a run diverged: jumps of its training loss that went back, and one that did not.

The two symptoms are those of Tang et al. 2023 (arXiv:2302.09178, section 3.1): a
*micro-divergence* is a sudden jump of the training loss that returns to normal, a *full
divergence* one that does not, with every metric ruined. The paper gives no numbers, so
all constants here are ours but for the two that name their source.

Loss alone cannot tell a broken model from broken data: a fault that is injected into
the batches for long enough is seen as a jump too. One bad batch, or two, is not.
"""

from collections.abc import Mapping, Sequence
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
      jumps: the attempts, from 1, at which the loss jumped. The last may be neither micro
        nor full: one so near the run's end that nothing can be said.
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
    loss_before: float,
) -> Divergence:
    """Returns whether, when and how a run diverged.

    A jump is a loss above the median of the last 201 by 7 robust sigmas and by a tenth,
    in three of five attempts. It returned if within 201 attempts the median of five is
    back within a twentieth of the median before it. A run diverged fully if a jump did
    not return in time, or had not for 20 attempts at the end; if the guard halted it, an
    accepted loss is not finite or none of the last 20 is; if three quarters of the last
    20 losses are a tenth above the loss before training; or if at the last evaluation
    all binary tasks are at chance, AUC <= 0.52, after a sign of having been broken: a
    run that has learned nothing yet has not diverged.

    Refused attempts left the model as it was and are passed over. Multiplying all losses
    by a positive number changes nothing.

    Args:
      losses: total training loss of each attempt; may be NaN or infinite. [A]
      accepted: whether the attempt was committed. [A]
      halted: whether the guard ended the run.
      aucs: of each binary task, at each evaluation, the first before training; NaN where
        it is not defined.
      loss_before: the same loss before training; NaN if not known.

    Raises:
      ValueError: if losses and accepted are not two vectors of one length.
    """
    losses, accepted = np.asarray(losses, np.float64), np.asarray(accepted, bool)
    if losses.ndim != 1 or losses.shape != accepted.shape:
        raise ValueError(f"losses {losses.shape} and accepted {accepted.shape} are not both [A]")
    with np.errstate(over="ignore"):  # a loss near the largest float64: inf is right
        return _classify(losses, accepted, halted, aucs, loss_before)


class _Jumps(NamedTuple):
    """Where the loss jumped, the jumps that returned, and the last if it is still above; else 0."""

    starts: list[int]
    num_returned: int
    open_since: int


def _classify(
    losses: np.ndarray,
    accepted: np.ndarray,
    halted: bool,
    aucs: Mapping[str, Sequence[float]],
    loss_before: float,
) -> Divergence:
    attempts = np.flatnonzero(accepted) + 1
    is_finite = np.isfinite(losses[attempts - 1])
    num_finite = len(attempts) if is_finite.all() else int(is_finite.argmin())
    kept = losses[attempts[:num_finite] - 1]
    jumps = _find_jumps(attempts[:num_finite], kept)
    no_loss_since = _after_last(np.isfinite(losses))
    is_broken = jumps.starts or _has_learned_or_died(aucs) or _rose(kept, loss_before)
    signs = (  # of full divergence: the attempt since when, or 0
        int(attempts[num_finite]) if num_finite < len(attempts) else 0,
        _after_last(accepted) if halted else 0,
        no_loss_since if _stayed(no_loss_since, losses) else 0,
        jumps.open_since if _stayed(jumps.open_since, losses) else 0,
        _above_since(attempts, kept, loss_before),
        [len(losses), *jumps.starts][-1] if is_broken and _is_at_chance(aucs) else 0,
    )
    starts = tuple(jumps.starts)
    if any(signs):
        full_attempt = min(since for since in (*signs, jumps.open_since) if since)
        return Divergence("full", jumps.num_returned, full_attempt, starts)
    return Divergence("micro" if jumps.num_returned else "none", jumps.num_returned, -1, starts)


def _stayed(since: int, losses: np.ndarray) -> bool:
    """Returns whether what began at attempt `since` lasted for long enough at the run's end."""
    return len(losses) - since + 1 >= _MIN_STAY


def _find_jumps(attempts: np.ndarray, losses: np.ndarray) -> _Jumps:
    """Returns the jumps up to the first that lasts too long; all losses are finite."""
    starts, num_returned, level = [], 0, None
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
                starts.append(int(attempts[first]))
                is_normal[first : last + 1] = False
                level = median + _RETURN * abs(median)
        elif now <= level:
            num_returned, level = num_returned + 1, None
        elif attempts[last] - starts[-1] >= _MAX_RECOVERY:
            return _Jumps(starts, num_returned, starts[-1])
        else:
            is_normal[last] = False
    return _Jumps(starts, num_returned, 0 if level is None else starts[-1])


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


def _above_since(attempts: np.ndarray, losses: np.ndarray, loss_before: float) -> int:
    """Returns since when the loss stays above that before training; 0 if it does not."""
    limit = loss_before + _MARGIN * abs(loss_before)
    last = losses[-_MIN_STAY:]
    if len(last) < _MIN_STAY or not (last > limit).mean() >= 0.75:
        return 0
    below = np.flatnonzero(_medians(losses) <= limit)
    return int(attempts[below[-1] + _SMOOTHING - 1 if len(below) else 0])


def _rose(losses: np.ndarray, loss_before: float) -> bool:
    """Returns whether the loss was ever far above that before training."""
    return bool((_medians(losses) > loss_before + _RISE * abs(loss_before)).any())


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
