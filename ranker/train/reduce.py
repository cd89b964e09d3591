"""What several workers have of one batch, put together: the seam of training on more than one."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

import tensorflow as tf

Part = TypeVar("Part", bound=tf.Tensor | tf.IndexedSlices | None)


class Reduce(Protocol):
    """Sums over the workers that share a batch.

    The step asks for the sums of the tasks' weights, then of the losses, each divided by those;
    then of the gradients. A mean of the workers' means would be another number wherever they
    have different numbers of labels.
    """

    def __call__(self, parts: Sequence[Part]) -> list[Part]:
        """Returns the sum of each part over all workers, the same on each of them.

        Args:
          parts: tensors of the same shapes on all workers, or slices, whose ids may differ and
            repeat; None stays None.
        """
        ...


class Alone:
    """One worker, which has the whole batch."""

    def __call__(self, parts: Sequence[Part]) -> list[Part]:
        """Returns the parts as they are."""
        return list(parts)
