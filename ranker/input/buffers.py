"""The orders in which a split can be read that is larger than memory: buffer by buffer.

An epoch is a list of buffers, each some rows of some row groups and the order in which they
come. It depends on the seed, the number of the epoch and the groups' sizes, and on nothing
else: whoever knows those knows the row at any index of the stream.
"""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from ranker.input.shards import RowGroup


class Buffer(NamedTuple):
    """Rows that come together.

    Attributes:
      start: index of its first row in the epoch.
      groups: that are joined, in this order.
      offset: how many of the joined rows are before the buffer's.
      num_rows: of the buffer.
      order: returns which of its rows [num_rows] comes at each of its indices.
    """

    start: int
    groups: tuple[int, ...]
    offset: int
    num_rows: int
    order: Callable[[], np.ndarray]


class Epochs(Protocol):
    """The buffers of every epoch."""

    def buffers(self, number: int) -> list[Buffer]:
        """Returns the buffers of an epoch, in order; none is empty."""
        ...


class Blocks:
    """The order "blocks": row groups in a drawn order, as many to a buffer as fit whole, and
    the rows of a buffer in a drawn order.

    Source: Xu et al. 2022, arXiv:2206.05830 (CorgiPile): blocks without replacement into a
    buffer, then its tuples.
    """

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
        self._epochs: dict[int, list[Buffer]] = {}
        for path, number, size in groups:
            if size > buffer_examples:
                raise ValueError(
                    f"{path}: row group {number} has {size:,} rows, and data.buffer_examples is "
                    f"{buffer_examples:,}: raise it, or write smaller row groups"
                )

    def buffers(self, number: int) -> list[Buffer]:
        """Returns the buffers of an epoch, in order; none is empty."""
        if number not in self._epochs:
            self._epochs = {n: p for n, p in self._epochs.items() if abs(n - number) == 1}
            self._epochs[number] = self._filled(number)
        return self._epochs[number]

    def _filled(self, number: int) -> list[Buffer]:
        found: list[Buffer] = []
        gathered: list[int] = []
        start = num_rows = 0
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
        self, number: int, index: int, start: int, groups: list[int], num_rows: int
    ) -> Buffer:
        # Counted from 1: NumPy takes (seed, number) and (seed, number, 0) for the same.
        entropy = (self._seed, number, index + 1)
        order = functools.partial(_permutation, entropy, num_rows)
        return Buffer(start, tuple(groups), 0, num_rows, order)


class Windows:
    """The orders "time", with windows of 1, and "window", of rows that lie in order of time."""

    def __init__(
        self, groups: Sequence[RowGroup], *, window: int, buffer_examples: int, seed: int
    ) -> None:
        """Takes the groups, of which only the sizes count.

        Args:
          window: rows that are shuffled together.
          buffer_examples: the most rows of a buffer, which holds whole windows.

        Raises:
          ValueError: if a window is larger than a buffer.
        """
        if window > buffer_examples:
            raise ValueError(
                f"data.window_examples is {window:,}, more than the {buffer_examples:,} of "
                "data.buffer_examples: lower the one or raise the other"
            )
        self._ends = np.cumsum([0, *(group.num_rows for group in groups)])
        self._window = window
        self._size = buffer_examples // window * window
        self._seed = seed

    def buffers(self, number: int) -> list[Buffer]:
        """Returns the buffers of an epoch, in order; none is empty."""
        num_rows = int(self._ends[-1])
        return [
            self._buffer(number, start, min(start + self._size, num_rows))
            for start in range(0, num_rows, self._size)
        ]

    def _buffer(self, number: int, start: int, stop: int) -> Buffer:
        first = int(np.searchsorted(self._ends, start, side="right")) - 1
        last = int(np.searchsorted(self._ends, stop, side="left"))
        entropy = (self._seed, number)
        order = functools.partial(_windowed, entropy, start, stop - start, self._window)
        offset = start - int(self._ends[first])
        return Buffer(start, tuple(range(first, last)), offset, stop - start, order)


def _permutation(entropy: tuple[int, ...], num_rows: int) -> np.ndarray:
    return np.random.default_rng(entropy).permutation(num_rows)


def _windowed(entropy: tuple[int, ...], start: int, num_rows: int, window: int) -> np.ndarray:
    """Returns what `by_windows` has of the rows [start, start + num_rows), `start` taken off."""
    if window == 1:
        return np.arange(num_rows)
    generator = np.random.default_rng(entropy)
    generator.bit_generator.advance(start)  # a number for each row before  # type: ignore
    return by_windows(generator, num_rows, window)


def by_windows(generator: np.random.Generator, num_rows: int, window: int) -> np.ndarray:
    """Returns the N = `num_rows` rows, int64 [N], shuffled inside windows; one draw for each."""
    windows = np.arange(num_rows) // window
    return np.lexsort((generator.random(num_rows), windows))
