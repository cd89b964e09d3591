"""Metrics of lists: how high each user's, or request's, positive rows stand among its own.

Each is the mean over lists with a positive; a list without one has no order that is better.
Weights are not read, except that a row of weight 0 is in no list. Ties count as `Lists` says.
"""

import numpy as np

from ranker.measure.lists import Lists
from ranker.spec import metric


class _OfLists:
    """What each has beside `of`."""

    def __call__(
        self, labels: np.ndarray, scores: np.ndarray, weights: np.ndarray, users: np.ndarray
    ) -> float | None:
        """Returns it over rows [N] in any order; None without a positive.

        Args:
          users: whose list the row is in.
        """
        del weights
        return self.of(Lists.of(labels, scores, users))

    def of(self, lists: Lists) -> float | None:
        raise NotImplementedError(f"{type(self).__name__}.of")


class NdcgMetric(_OfLists, metric.Ndcg):
    """`ranker.spec.metric.Ndcg`: sum of 1 / log2(rank + 1) over positives, over its largest.

    Source: Järvelin and Kekäläinen 2002, doi:10.1145/582415.582418; of labels 0 or 1 that of
    scikit-learn's `ndcg_score`, ties too (McSherry and Najork 2008).
    """

    def of(self, lists: Lists) -> float | None:
        """Returns the mean over lists; None without a positive."""
        discounts = 1 / np.log2(np.arange(lists.rows.max()) + 2)
        shares = lists.hits / lists.size
        found = lists.total(shares * _sums(discounts, lists, self.k))
        most = np.minimum(lists.positives, self.k) if self.k else lists.positives
        best = np.append(0.0, np.cumsum(discounts))[most.astype(np.int64)]
        with np.errstate(invalid="ignore"):  # of a list without a positive
            return lists.mean(found / best)


class MapMetric(_OfLists, metric.Map):
    """`ranker.spec.metric.Map`: sum over positives of the precision at their rank, over their
    number, or over `k` if there are more.

    Source: of ties McSherry and Najork 2008, "Computing Information Retrieval Performance
    Measures Efficiently in the Presence of Tied Scores", ECIR.
    """

    def of(self, lists: Lists) -> float | None:
        """Returns the mean over lists; None without a positive."""
        # A positive at place j of a tie has hits_above + (j - 1) * rise others above it, expected.
        rise = (lists.hits - 1) / np.maximum(lists.size - 1, 1) * (lists.size > 1)
        ranks = _sums(1 / (np.arange(lists.rows.max()) + 1.0), lists, self.k)
        expected = rise * lists.within(self.k)
        expected += (lists.hits_above + 1 - rise * (lists.above + 1)) * ranks
        found = lists.total(lists.hits / lists.size * expected)
        most = np.minimum(lists.positives, self.k) if self.k else lists.positives
        with np.errstate(invalid="ignore"):  # of a list without a positive
            return lists.mean(found / most)


class MrrMetric(_OfLists, metric.Mrr):
    """`ranker.spec.metric.Mrr`: of a tie that holds the first positive, the expected value.

    Source: Voorhees 1999, "The TREC-8 Question Answering Track Report"; of ties McSherry and
    Najork 2008.
    """

    def of(self, lists: Lists) -> float | None:
        """Returns the mean over lists; None without a positive."""
        first = np.flatnonzero((lists.hits > 0) & (lists.hits_above == 0))
        size, hits, above = (each[first] for each in (lists.size, lists.hits, lists.above))
        positions = size - hits.astype(np.int64) + 1  # of the tie, that its first positive may have
        begins = np.cumsum(positions) - positions
        tie = np.repeat(np.arange(len(first)), positions)
        offset = np.arange(len(tie)) - begins[tie]  # from 0
        left = size[tie] - offset
        # The chance that all places before are negatives, as a sum of logarithms.
        logs = np.log1p(-hits[tie] / np.maximum(left, hits[tie] + 1))
        sums = np.cumsum(logs) - logs
        missed = np.exp(sums - sums[begins][tie])
        rank = above[tie] + offset + 1.0
        counts = rank <= self.k if self.k else np.ones(len(rank), bool)
        found = np.bincount(tie, missed * hits[tie] / left / rank * counts, minlength=len(first))
        values = np.zeros(len(lists.rows))
        values[lists.list_of[first]] = found
        return lists.mean(values)


class RecallMetric(_OfLists, metric.Recall):
    """`ranker.spec.metric.Recall`."""

    def of(self, lists: Lists) -> float | None:
        """Returns the mean over lists; None without a positive."""
        with np.errstate(invalid="ignore"):  # of a list without a positive
            return lists.mean(_hits(lists, self.k) / lists.positives)


class PrecisionMetric(_OfLists, metric.Precision):
    """`ranker.spec.metric.Precision`."""

    def of(self, lists: Lists) -> float | None:
        """Returns the mean over lists; None without a positive."""
        return lists.mean(_hits(lists, self.k) / self.k)


def _hits(lists: Lists, k: int) -> np.ndarray:
    """Returns the positives expected among the first `k` rows of each list. [L]"""
    return lists.total(lists.hits * lists.within(k) / lists.size)


def _sums(values: np.ndarray, lists: Lists, k: int) -> np.ndarray:
    """Returns for each tie the sum of `values`, by rank from 0, over its places within `k`. [B]"""
    within = lists.within(k)
    sums = np.append(0.0, np.cumsum(values))
    several = sums[lists.above + within] - sums[lists.above]
    return np.where(within == 1, values[np.minimum(lists.above, len(values) - 1)], several)
