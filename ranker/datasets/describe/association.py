"""How well a column alone predicts a label: the area under the curve of its best single use."""

import numpy as np

from ranker.datasets.describe.column import LIST, TEXT, Column

LEAST = 20  # rows of each class, for less tells nothing
_BLOCKS = 16  # of rows, that the two halves have in turn
_MOST_VALUES = 0.2  # different values as a share of the rows: more are not learnt


def auc(scores: np.ndarray, is_positive: np.ndarray) -> float:
    """Returns the probability that a positive row's score is the larger, ties for a half.

    Args:
      scores: [N], NaN below all others.
      is_positive: bool [N].
    """
    _, index = np.unique(np.nan_to_num(scores, nan=-np.inf, neginf=-1e300), return_inverse=True)
    positives = np.bincount(index[is_positive], minlength=index.max() + 1)
    negatives = np.bincount(index[~is_positive], minlength=index.max() + 1)
    below = np.cumsum(negatives) - negatives
    pairs = positives.sum() * negatives.sum()
    return float((positives * (below + 0.5 * negatives)).sum() / pairs) if pairs else 0.5


def best_use_auc(column: Column, is_positive: np.ndarray, has_label: np.ndarray) -> float:
    """Returns the AUC, 0.5 to 1, of the best of three uses of a column: whether it is there, its
    size, and the rate of each of its values as the other half of the rows has it.

    Args:
      is_positive: of a label, bool [N].
      has_label: bool [N]; the other rows are not looked at.
    """
    positive = is_positive[has_label]
    if min(positive.sum(), (~positive).sum()) < LEAST:
        return 0.5
    missing = column.is_missing[has_label]
    found = [auc(missing.astype(float), positive)] if missing.any() else []
    if column.look not in (TEXT, LIST):
        found.append(auc(column.numbers[has_label], positive))
        there = ~missing
        if missing.any() and there.any():
            found.append(auc(column.numbers[has_label][there], positive[there]))
    found = [max(one, 1 - one) for one in found]
    if len(column.counts) <= _MOST_VALUES * len(column.values):
        found.append(_by_value(column.coded[0][has_label], positive))
    return max(found, default=0.5)


def _by_value(codes: np.ndarray, positive: np.ndarray) -> float:
    """Returns the AUC of the rates of values, each half of the rows scored with the other's."""
    half = np.arange(len(codes)) * _BLOCKS // len(codes) % 2  # rows of one request stay together
    scores = np.empty(len(codes))
    index, prior = codes + 1, positive.mean()
    for side in (0, 1):
        known = half != side
        sums = np.bincount(index[known], positive[known], index.max() + 1)
        counts = np.bincount(index[known], minlength=index.max() + 1)
        scores[half == side] = ((sums + prior) / (counts + 1))[index[half == side]]
    found = [
        auc(scores[half == side], positive[half == side])
        for side in (0, 1)
        if 0 < positive[half == side].sum() < (half == side).sum()
    ]
    return float(np.mean(found)) if found else 0.5
