"""What the gate looks at: labels and scores of one task, and what is known of an export."""

from typing import NamedTuple

import numpy as np


class Scored(NamedTuple):
    """The rows of one task that have its label, and what two models say of them.

    Attributes:
      name: of the task.
      kind: "binary" or "regression".
      labels: [N].
      weights: above 0. [N]
      users: whose rows they are: integers in [0, U), each with a row. [N]
      candidate: scores as served. [N]
      served: those of the model that is served now; None if there is none. [N]
    """

    name: str
    kind: str
    labels: np.ndarray
    weights: np.ndarray
    users: np.ndarray
    candidate: np.ndarray
    served: np.ndarray | None


class Export(NamedTuple):
    """What is measured of an export; None for what was not.

    Attributes:
      megabytes: all of its files, in 10^6 bytes.
      milliseconds: median time of a request of 1,000 rows.
    """

    megabytes: float | None = None
    milliseconds: float | None = None
