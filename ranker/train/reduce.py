"""What several workers have of one batch, put together: the seam of training on more than one."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeVar

import tensorflow as tf

from ranker.input.batch import Batch

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

    def gather(self, columns: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Returns columns of the whole batch, [B], of each worker's, [B / N]; float32."""
        ...


class Alone:
    """One worker, which has the whole batch."""

    def __call__(self, parts: Sequence[Part]) -> list[Part]:
        """Returns the parts as they are."""
        return list(parts)

    def gather(self, columns: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Returns the columns, [B], as they are."""
        return list(columns)


class Share(NamedTuple):
    """A part of every batch that one of several workers has.

    Attributes:
      size: N, how many workers share a batch, >= 2.
      rank: of this one, in [0, N): it has the examples from B / N * rank on.
      reduce: sums and gathers over all of them.
    """

    size: int
    rank: int
    reduce: Reduce

    def first(self, batch: Batch) -> tf.Tensor:
        """Returns which row of the whole batch is the first of this part, an int32 scalar."""
        return self.rank * tf.shape(next(iter(batch.labels.values())))[0]

    def refuse_counts(self, table: str) -> None:
        """Raises ValueError: a part of a batch does not say how often all of it reads a row."""
        raise ValueError(
            f"{table}: a clipper counts how often a batch reads each row, and each of {self.size} "
            "workers sees its own part of a batch: take another clipper, or one worker"
        )
