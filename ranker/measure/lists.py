"""Rows as lists to rank: sorted once, and what every metric of lists needs counted.

Rows of one score in a list are a tie. Which of them a user would see first is chance, so a
metric's value is its expected one over all orders of each tie, each as likely: exact, and no
accident of how the rows were stored.
"""

from typing import NamedTuple

import numpy as np


class Lists(NamedTuple):
    """L lists of rows, with the ties [B] that they fall into from the top.

    Attributes:
      rows, positives: of each list. [L]
      list_of: each tie's list. [B]
      above: rows of the list that score higher than the tie. [B]
      size: rows in the tie, 1 for a score of its own. [B]
      hits: positives in it. [B]
      hits_above: positives of the list that score higher. [B]
    """

    rows: np.ndarray
    positives: np.ndarray
    list_of: np.ndarray
    above: np.ndarray
    size: np.ndarray
    hits: np.ndarray
    hits_above: np.ndarray

    @classmethod
    def of(cls, labels: np.ndarray, scores: np.ndarray, groups: np.ndarray) -> "Lists":
        """Returns the rows [N], N >= 1, in any order, as lists, one for each of `groups` [N].

        Args:
          labels: 0 or 1.
          scores: finite.
        """
        order = np.lexsort((-scores, groups))
        labels, scores, groups = labels[order], scores[order], groups[order]
        is_list = np.append(True, groups[1:] != groups[:-1])
        is_tie = is_list | np.append(True, scores[1:] != scores[:-1])
        ties, firsts = np.flatnonzero(is_tie), np.flatnonzero(is_list)
        list_of = np.cumsum(is_list)[ties] - 1
        hits = np.add.reduceat(labels, ties)
        positives = np.add.reduceat(labels, firsts)
        before = np.cumsum(positives) - positives  # of the lists before
        return cls(
            rows=np.diff(firsts, append=len(labels)),
            positives=positives,
            list_of=list_of,
            above=ties - firsts[list_of],
            size=np.diff(ties, append=len(labels)),
            hits=hits,
            hits_above=np.cumsum(hits) - hits - before[list_of],
        )

    def mean(self, values: np.ndarray) -> float | None:
        """Returns the mean of `values` [L] over the lists with a positive; None without one."""
        is_ranked = self.positives > 0
        return float(values[is_ranked].mean()) if is_ranked.any() else None

    def total(self, of_ties: np.ndarray) -> np.ndarray:
        """Returns by list [L] the sum of what its ties [B] add."""
        return np.bincount(self.list_of, of_ties, minlength=len(self.rows))

    def within(self, k: int) -> np.ndarray:
        """Returns how many rows of each tie are among the first `k` of the list, 0 for all. [B]"""
        return np.clip(k - self.above, 0, self.size) if k else self.size
