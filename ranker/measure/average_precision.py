"""Average precision: how many of the rows ranked above a positive are positive too."""

import numpy as np

from ranker.spec.metric import AveragePrecision


class AveragePrecisionMetric(AveragePrecision):
    """`ranker.spec.metric.AveragePrecision`: sum over thresholds of (R_n - R_n-1) * P_n.

    Source: scikit-learn's `average_precision_score`, without interpolation; rows of one score
    are one threshold.
    """

    def __call__(
        self, labels: np.ndarray, scores: np.ndarray, weights: np.ndarray, users: np.ndarray
    ) -> float | None:
        """Returns it over rows [N] in any order; None without a positive.

        Args:
          labels: 0 or 1.
          weights: above 0; sums must keep within float64.
        """
        del users
        order = np.argsort(-scores, kind="stable")
        labels, scores, weights = labels[order], scores[order], weights[order]
        ends = np.flatnonzero(np.append(np.diff(scores) != 0, True))
        positive = np.cumsum(labels * weights)[ends]
        if not positive[-1] > 0:
            return None
        precision = positive / np.cumsum(weights)[ends]
        return float(np.sum(np.diff(positive, prepend=0.0) / positive[-1] * precision))
