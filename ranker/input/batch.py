"""Batches: what the input package makes and the model and the objective read."""

from typing import Any, NamedTuple

Array = Any  # a tf.Tensor inside the graph, an np.ndarray outside


class Batch(NamedTuple):
    """B examples, encoded.

    Attributes:
      features: by name: categorical as int32 row numbers of its table, [B], or
        [B, L] padded with -1 if multi-valued; numeric as float32 [B], raw.
      labels: by task, float32 [B]; 0 where the label is missing.
      weights: by task, float32 [B]; the sample weight, 0 where the label is missing.

    In a stack of batches every array has one more axis in front.
    """

    features: dict[str, Array]
    labels: dict[str, Array]
    weights: dict[str, Array]

    def at(self, index: int | slice) -> "Batch":
        """Returns every array at an index, or indices, of its first axis."""
        return Batch(*({name: a[index] for name, a in arrays.items()} for arrays in self))
