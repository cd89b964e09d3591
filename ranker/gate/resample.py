"""Metrics of resampled rows: users are drawn with replacement, each with all of their rows.

Rows of one user are alike, so drawing rows would make intervals too narrow. A draw is a
number of times for each user; two models are measured on the same draws, which is what
makes their difference sharp.
Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapters 6 and 13; users
as clusters: Davison and Hinkley 1997, Bootstrap Methods, section 3.8.
"""

from collections.abc import Callable

import numpy as np

from ranker.gate.scored import Scored
from ranker.measure import auc_of_each_user

_CHUNK = 4_000_000  # numbers at a time: 32 MB


def draws(num_users: int, resamples: int, *, seed: int) -> np.ndarray:
    """Returns how often each of U users is drawn, in each of R resamples. [R, U]"""
    random = np.random.default_rng(seed)
    return random.multinomial(num_users, np.full(num_users, 1 / num_users), size=resamples)


def resampled(metric: str, rows: Scored, scores: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Returns a metric of each resample; NaN where a resample does not define it. [R]

    Args:
      metric: one of `METRICS`.
      scores: of the rows. [N]
      counts: as `draws` returns them. [R, U]

    Raises:
      ValueError: for an unknown metric.
    """
    if metric not in METRICS:
        raise ValueError(f"metric {metric!r} is none of {', '.join(METRICS)}")
    with np.errstate(invalid="ignore", divide="ignore"):
        return METRICS[metric](rows, np.asarray(scores, np.float64), counts)


def _auc(rows: Scored, scores: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Returns the chance that a positive scores above a negative, ties half. [R]"""
    order = np.argsort(scores, kind="stable")
    users, labels, weights = rows.users[order], rows.labels[order], rows.weights[order]
    starts = np.flatnonzero(np.append(True, np.diff(scores[order]) != 0))
    found = []
    size = max(1, _CHUNK // len(order))
    for chunk in np.array_split(counts, max(1, -(-len(counts) // size))):
        drawn = chunk[:, users] * weights
        positive = np.add.reduceat(drawn * labels, starts, axis=1)
        negative = np.add.reduceat(drawn * (1 - labels), starts, axis=1)
        below = np.cumsum(negative, axis=1) - negative / 2
        pairs = positive.sum(axis=1) * negative.sum(axis=1)
        found.append((positive * below).sum(axis=1) / pairs)
    return np.concatenate(found)


def _mean_of(
    loss: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> Callable[[Scored, np.ndarray, np.ndarray], np.ndarray]:
    """Returns what computes the weighted mean of `loss` in each resample. [R]"""

    def mean(rows: Scored, scores: np.ndarray, counts: np.ndarray) -> np.ndarray:
        each = rows.weights * loss(rows.labels, scores)
        return _ratio(rows, counts, each, rows.weights)

    return mean


def _ratio(rows: Scored, counts: np.ndarray, above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Returns the sum of `above` [N] over that of `below` [N] in each resample. [R]"""
    num_users = counts.shape[1]
    sums = [np.bincount(rows.users, each, minlength=num_users) for each in (above, below)]
    return (counts @ sums[0]) / (counts @ sums[1])


def _log_loss(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Returns the cross-entropy of each row, as `ranker.measure.log_loss` has it. [N]"""
    smallest = float(np.finfo(np.float32).eps)
    of_label = np.where(labels > 0, scores, 1 - scores)
    return -np.log(np.clip(of_label, smallest, 1 - smallest))


def _calibration(rows: Scored, scores: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Returns mean score over mean label in each resample. [R]"""
    return _ratio(rows, counts, rows.weights * scores, rows.weights * rows.labels)


def _gauc(rows: Scored, scores: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Returns the mean of users' own AUC, weighted by their rows, in each resample. [R]"""
    value = auc_of_each_user(rows.labels, scores, rows.weights, rows.users)
    weight = np.bincount(rows.users, rows.weights, minlength=len(value))
    weight, value = np.where(np.isnan(value), 0.0, weight), np.nan_to_num(value)
    return (counts @ (value * weight)) / (counts @ weight)


def _rmse(rows: Scored, scores: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Returns the root of the mean squared error in each resample. [R]"""
    return np.sqrt(_mean_of(lambda labels, said: (labels - said) ** 2)(rows, scores, counts))


METRICS: dict[str, Callable[[Scored, np.ndarray, np.ndarray], np.ndarray]] = {
    "auc": _auc,
    "gauc": _gauc,
    "log_loss": _mean_of(_log_loss),
    "calibration": _calibration,
    "rmse": _rmse,
    "mae": _mean_of(lambda labels, scores: np.abs(labels - scores)),
}
