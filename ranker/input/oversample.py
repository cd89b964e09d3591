"""Rows with a rare positive label, several times an epoch, and weighed so that losses stay."""

import dataclasses

import numpy as np

from ranker.input.batch import Batch


@dataclasses.dataclass(frozen=True)
class Oversampling:
    """Repeats the rows whose label of a binary task is positive and counts.

    Every copy has the row's weights divided by the number of copies, of all tasks: each sum of
    weighted losses over an epoch is what it was, and so is what a score is calibrated to.

    Attributes:
      task: whose positive labels are rare.
      factor: how many copies, with the row itself; >= 2.
    """

    task: str
    factor: int

    def counts(self, labels: dict[str, np.ndarray], weights: dict[str, np.ndarray]) -> np.ndarray:
        """Returns how often each row comes in an epoch, int64 [N].

        Args:
          labels, weights: by task, [N].
        """
        is_positive = (labels[self.task] > 0) & (weights[self.task] > 0)
        return np.where(is_positive, self.factor, 1)

    def weighed(self, rows: Batch) -> Batch:
        """Returns copies [N] of rows, with the weights that each of them has."""
        counts = self.counts(rows.labels, rows.weights).astype(np.float32)
        return rows._replace(weights={name: w / counts for name, w in rows.weights.items()})
