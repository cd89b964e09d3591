"""A metric: of the rows that each user would be shown first, how many the user likes.

[[metrics]]
kind = "precision_at"
num_rows = 5
"""

import numpy as np

from ranker.spec.metric import Metric
from ranker.spec.part import AtLeastOne, register


@register("precision_at")
class PrecisionAt(Metric):
    """Precision among each user's first rows, the mean over users with as many.

    Attributes:
      num_rows: that a user is shown.
    """

    num_rows: AtLeastOne = 5

    def __call__(
        self, labels: np.ndarray, scores: np.ndarray, weights: np.ndarray, users: np.ndarray
    ) -> float | None:
        """Returns it over rows [N]; None if no user has as many. Weights are not read."""
        order = np.lexsort((-scores, users))
        starts = np.flatnonzero(np.append(True, np.diff(users[order]) != 0))
        lengths = np.diff(np.append(starts, len(users)))
        starts = starts[lengths >= self.num_rows]
        if not len(starts):
            return None
        shown = starts[:, np.newaxis] + np.arange(self.num_rows)
        return float(labels[order][shown].mean())
