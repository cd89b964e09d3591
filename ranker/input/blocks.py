"""The order "blocks": what is shuffled without holding more than a buffer of it.

A pass takes the row groups in a drawn order and fills buffers with them, as many whole
groups as fit; the rows of a buffer come in a drawn order of their own. What is drawn
depends on the seed, the number of the pass and the groups' sizes, and on nothing else:
whoever knows those knows the row at any place of the stream.

Source: Xu et al. 2022, arXiv:2206.05830 (CorgiPile): blocks without replacement into a
buffer, then its tuples.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ranker.input.shards import RowGroup


class Buffer(NamedTuple):
    """Row groups whose rows come together.

    Attributes:
      start: place of its first row in the pass.
      num_rows: in all its groups.
      groups: in the order in which they are joined.
      entropy: what its order is drawn from.
    """

    start: int
    num_rows: int
    groups: tuple[int, ...]
    entropy: tuple[int, ...]

    def order(self) -> np.ndarray:
        """Returns which of its joined rows [num_rows] comes at each of its places."""
        return np.random.default_rng(self.entropy).permutation(self.num_rows)


class Blocks:
    """The buffers of every pass over some row groups."""

    def __init__(self, groups: Sequence[RowGroup], *, buffer_examples: int, seed: int) -> None:
        """Takes the groups, of which only the sizes count.

        Args:
          buffer_examples: the most rows of a buffer, >= 1.

        Raises:
          ValueError: if a row group alone is larger than a buffer.
        """
        self._sizes = [group.num_rows for group in groups]
        self._limit = buffer_examples
        self._seed = seed
        self._passes: dict[int, list[Buffer]] = {}
        for path, number, size in groups:
            if size > buffer_examples:
                raise ValueError(
                    f"{path}: row group {number} has {size:,} rows, and data.buffer_examples is "
                    f"{buffer_examples:,}: raise it, or write smaller row groups"
                )

    def buffers(self, number: int) -> list[Buffer]:
        """Returns the buffers of a pass, in order; none is empty."""
        if number not in self._passes:
            self._passes = {n: p for n, p in self._passes.items() if abs(n - number) == 1}
            self._passes[number] = self._filled(number)
        return self._passes[number]

    def _filled(self, number: int) -> list[Buffer]:
        found: list[Buffer] = []
        start, gathered, num_rows = 0, [], 0
        for group in np.random.default_rng((self._seed, number)).permutation(len(self._sizes)):
            size = self._sizes[group]
            if num_rows + size > self._limit:
                found.append(self._buffer(number, len(found), start, gathered, num_rows))
                start, gathered, num_rows = start + num_rows, [], 0
            gathered.append(int(group))
            num_rows += size
        if num_rows:
            found.append(self._buffer(number, len(found), start, gathered, num_rows))
        return found

    def _buffer(
        self, number: int, place: int, start: int, groups: list[int], num_rows: int
    ) -> Buffer:
        # Counted from 1: NumPy takes (seed, number) and (seed, number, 0) for the same.
        return Buffer(start, num_rows, tuple(groups), (self._seed, number, place + 1))
