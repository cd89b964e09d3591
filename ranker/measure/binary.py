"""Metrics of binary tasks: how well scores rank, and how true they are as probabilities.

Every function takes labels (0 or 1), scores and weights, float64 [N] with N >= 1, and
returns None where the rows do not define the metric, or float64 cannot hold it. Whatever
the weights are, from 5e-324 to 1.8e308, none overflows or vanishes. ValueError, saying
which, for a value that is not finite or a weight that is not above 0. Rows may come in any
order; those that sort are several times faster on rows already in the order of the scores.
"""

from typing import NamedTuple

import numpy as np

from ranker.measure.weights import check_rows, mean, scaled, total

_EPSILON = float(np.finfo(np.float32).eps)  # a float32 sigmoid reaches 0 and 1 exactly
_NUM_BINS = 15


class _Pairs(NamedTuple):
    """Of each of G groups, what its rows are in pairs of a positive and a negative.

    Attributes:
      won, all: the pairs that the positive wins, ties half, and all of them: both in the
        same unit, which is the group's own. [G]
      weight, exponent: of its rows: `weight` * 2 ** `exponent`. [G]
      rows: their number. [G]
    """

    won: np.ndarray
    all: np.ndarray
    weight: np.ndarray
    exponent: np.ndarray
    rows: np.ndarray


class AucByUser(NamedTuple):
    """The mean over users, and the users and rows it stands on."""

    value: float
    users: int
    rows: int


def auc(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float | None:
    """Returns the chance that a positive row scores above a negative one, ties half.

    Of rows [N]; exact over all pairs, each counted with the product of its weights. None if
    there is one class only.
    """
    pairs = _pairs(labels, scores, weights, np.zeros(len(labels), np.int64))
    return float(pairs.won[0] / pairs.all[0]) if pairs.all[0] > 0 else None


def auc_by_user(
    labels: np.ndarray, scores: np.ndarray, weights: np.ndarray, users: np.ndarray
) -> AucByUser | None:
    """Returns the mean of each user's own AUC, weighted by the user's rows.

    Users with one class are left out; None if that leaves nobody. It is biased where the
    scores follow a user's labels from row to row: see docs/measures.md.

    Args:
      users: whose row it is, an integer. [N]

    Source: Zhu et al. 2017, arXiv:1703.02091 ("group AUC").
    """
    pairs = _pairs(labels, scores, weights, users)
    is_ranked = pairs.all > 0
    if not is_ranked.any():
        return None
    won, pairs_of, weight, exponent, rows = (each[is_ranked] for each in pairs)
    with np.errstate(under="ignore"):  # a user of no weight beside another's
        weight = np.ldexp(weight, exponent - exponent.max())
    value = np.average(won / pairs_of, weights=weight)
    return AucByUser(float(value), len(rows), int(rows.sum()))


def auc_of_each_user(
    labels: np.ndarray, scores: np.ndarray, weights: np.ndarray, users: np.ndarray
) -> np.ndarray:
    """Returns each user's own AUC over rows [N], in rising order of the users; NaN of one class.

    Args:
      users: whose row it is, an integer. [N]
    """
    pairs = _pairs(labels, scores, weights, users)
    with np.errstate(invalid="ignore"):
        return pairs.won / pairs.all


def log_loss(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float:
    """Returns the mean cross-entropy of rows [N] in nats, scores kept 1.2e-7 from 0 and 1."""
    check_rows(labels, scores, weights)
    of_label = np.where(labels > 0, scores, 1 - scores)
    return mean(-np.log(np.clip(of_label, _EPSILON, 1 - _EPSILON)), weights)


def normalized_entropy(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float | None:
    """Returns the log loss of rows [N] over that of always predicting their own base rate.

    Below 1 is better than the base rate. None if there is one class only, or one class
    weighs so little beside the other that the ratio is above 1.8e308.

    Source: He et al. 2014, "Practical Lessons from Predicting Clicks on Ads at Facebook".
    """
    check_rows(labels, scores, weights)
    is_positive = labels > 0
    if is_positive.all() or not is_positive.any():
        return None
    positive, negative = total(weights[is_positive]), total(weights[~is_positive])
    # Of each class its share, the smaller to all its digits.
    shares = [
        1 / (1 + other.over(own)) for own, other in ((positive, negative), (negative, positive))
    ]
    smaller, larger = min(shares), max(shares)
    entropy = -(smaller * np.log(smaller) + larger * np.log1p(-smaller)) if smaller > 0 else 0.0
    if not entropy > 0:
        return None
    with np.errstate(over="ignore"):
        value = float(log_loss(labels, scores, weights) / entropy)
    return value if np.isfinite(value) else None


def calibration_error(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float:
    """Returns the expected calibration error of rows [N] over 15 bins of equal mass.

    That is the mean over rows of |mean score - mean label| of the row's bin. Bins of
    equal width say little where all scores are small. Equal scores share a bin, so the
    order of the rows changes nothing.

    Source: Guo et al. 2017, arXiv:1706.04599; equal mass as Nixon et al. 2019,
    arXiv:1904.01685.
    """
    check_rows(labels, scores, weights)
    shares = np.arange(1, _NUM_BINS) / _NUM_BINS
    edges = np.quantile(scores, shares, method="inverted_cdf")
    bins = np.searchsorted(edges, scores, side="left")
    weights, _ = scaled(weights)
    return float(np.abs(np.bincount(bins, weights * (scores - labels))).sum() / weights.sum())


def calibration_ratio(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float | None:
    """Returns mean score over mean label of rows [N]; above 1 promises too much.

    None without positives, or if they weigh so little that the ratio is above 1.8e308.
    """
    check_rows(labels, scores, weights)
    is_positive = labels > 0
    if not is_positive.any():
        return None
    ratio = total(weights, scores).over(total(weights[is_positive]))
    return ratio if np.isfinite(ratio) else None


def _pairs(
    labels: np.ndarray, scores: np.ndarray, weights: np.ndarray, groups: np.ndarray
) -> _Pairs:
    """Returns the pairs of each group; `groups` are integers.

    One sort, then sums over blocks of ties. Each class of each group has its weights scaled
    by itself, so that a group is exact however little it weighs beside another.
    """
    check_rows(labels, scores, weights)
    order = np.lexsort((scores, groups))
    groups, scores = groups[order], scores[order]
    is_new_group = np.append(True, groups[1:] != groups[:-1])
    starts = np.flatnonzero(is_new_group | np.append(True, scores[1:] != scores[:-1]))
    begins, firsts = np.flatnonzero(is_new_group), np.flatnonzero(is_new_group[starts])
    rows = np.diff(begins, append=len(order))
    sides, exponents = [], []
    for side in (weights * labels, weights * (1 - labels)):
        side = side[order]
        exponent = np.frexp(np.maximum.reduceat(side, begins))[1]
        with np.errstate(under="ignore"):
            sides.append(np.add.reduceat(np.ldexp(side, -np.repeat(exponent, rows)), starts))
        exponents.append(exponent)
    positive, negative = sides
    below = np.cumsum(negative) - negative
    below -= np.repeat(below[firsts], np.diff(firsts, append=len(starts)))
    won = np.add.reduceat(positive * (below + negative / 2), firsts)
    positives, negatives = (np.add.reduceat(each, firsts) for each in sides)
    exponent = np.maximum(*exponents)
    with np.errstate(under="ignore"):
        weight = np.ldexp(positives, exponents[0] - exponent)
        weight += np.ldexp(negatives, exponents[1] - exponent)
    return _Pairs(won, positives * negatives, weight, exponent, rows)
