"""Metrics of binary tasks: how well scores rank, and how true they are as probabilities.

Every function takes labels (0 or 1), scores and weights (> 0), float64 [N] with N >= 1,
all finite, and returns None where the rows do not define the metric. Rows may come in any
order; those that sort are several times faster on rows already in the order of the scores.
"""

from typing import NamedTuple

import numpy as np

_EPSILON = float(np.finfo(np.float32).eps)  # a float32 sigmoid reaches 0 and 1 exactly
_NUM_BINS = 15


class AucByUser(NamedTuple):
    """The mean over users, and the users and rows it stands on."""

    value: float
    users: int
    rows: int


def auc(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float | None:
    """Returns the chance that a positive row scores above a negative one, ties half.

    Exact over all pairs, each counted with the product of its weights. None if there
    is one class only.
    """
    won, pairs, *_ = _pairs(labels, scores, weights, np.zeros(len(labels), np.int64))
    return float(won[0] / pairs[0]) if pairs[0] > 0 else None


def auc_by_user(
    labels: np.ndarray, scores: np.ndarray, weights: np.ndarray, users: np.ndarray
) -> AucByUser | None:
    """Returns the mean of each user's own AUC, weighted by the user's rows.

    Users with one class are left out; None if that leaves nobody.

    Args:
      users: whose row it is, an integer. [N]

    Source: Zhu et al. 2017, arXiv:1703.02091 ("group AUC").
    """
    won, pairs, weight, rows = _pairs(labels, scores, weights, users)
    is_ranked = pairs > 0
    if not is_ranked.any():
        return None
    value = np.average(won[is_ranked] / pairs[is_ranked], weights=weight[is_ranked])
    return AucByUser(float(value), int(is_ranked.sum()), int(rows[is_ranked].sum()))


def log_loss(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float:
    """Returns the mean cross-entropy in nats; scores are kept 1.2e-7 away from 0 and 1."""
    of_label = np.where(labels > 0, scores, 1 - scores)
    return float(-np.average(np.log(np.clip(of_label, _EPSILON, 1 - _EPSILON)), weights=weights))


def normalized_entropy(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float | None:
    """Returns the log loss over that of always predicting these rows' own base rate.

    Below 1 is better than the base rate. None if there is one class only.

    Source: He et al. 2014, "Practical Lessons from Predicting Clicks on Ads at Facebook".
    """
    rate = np.average(labels, weights=weights)
    if not 0 < rate < 1:
        return None
    entropy = -(rate * np.log(rate) + (1 - rate) * np.log1p(-rate))
    return log_loss(labels, scores, weights) / float(entropy)


def calibration_error(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float:
    """Returns the expected calibration error over 15 bins of equal mass.

    That is the mean over rows of |mean score - mean label| of the row's bin. Bins of
    equal width say little where all scores are small. Equal scores share a bin, so the
    order of the rows changes nothing.

    Source: Guo et al. 2017, arXiv:1706.04599; equal mass as Nixon et al. 2019,
    arXiv:1904.01685.
    """
    shares = np.arange(1, _NUM_BINS) / _NUM_BINS
    edges = np.quantile(scores, shares, method="inverted_cdf")
    bins = np.searchsorted(edges, scores, side="left")
    return float(np.abs(np.bincount(bins, weights * (scores - labels))).sum() / weights.sum())


def calibration_ratio(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float | None:
    """Returns mean score over mean label; above 1 promises too much. None without positives."""
    positives = np.dot(labels, weights)
    return float(np.dot(scores, weights) / positives) if positives > 0 else None


def _pairs(
    labels: np.ndarray, scores: np.ndarray, weights: np.ndarray, groups: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Returns of each group: pairs won, all pairs of a positive and a negative, weight, rows.

    `groups` are integers. One sort, then sums over blocks of ties.
    """
    order = np.lexsort((scores, groups))
    groups, scores = groups[order], scores[order]
    is_new_group = np.append(True, groups[1:] != groups[:-1])
    starts = np.flatnonzero(is_new_group | np.append(True, scores[1:] != scores[:-1]))
    positive = np.add.reduceat((weights * labels)[order], starts)
    negative = np.add.reduceat((weights * (1 - labels))[order], starts)
    firsts = np.flatnonzero(is_new_group[starts])  # the first block of ties of each group
    below = np.cumsum(negative) - negative
    below -= np.repeat(below[firsts], np.diff(firsts, append=len(starts)))
    won = np.add.reduceat(positive * (below + negative / 2), firsts)
    positives, negatives = (np.add.reduceat(each, firsts) for each in (positive, negative))
    rows = np.diff(starts[firsts], append=len(order))
    return won, positives * negatives, positives + negatives, rows
