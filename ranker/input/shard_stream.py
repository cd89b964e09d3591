"""The training stream of a split that stays on disk.

The same batches, bit for bit, as `Stream` makes of the same rows in memory. Two buffers
are held at most: the one that batches are taken from, and the next, which a thread reads.
A batch is known by its number here too, so resuming costs the reading of one buffer.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from ranker.input.batch import Batch
from ranker.input.buffers import Blocks, Buffer, Epochs, Windows
from ranker.input.stored import StoredSplit
from ranker.input.stream import Reordering


class ShardStream:
    """Batches of a split on disk, in one of `Stream`'s orders but "shuffled"."""

    def __init__(
        self,
        split: StoredSplit,
        *,
        batch_size: int,
        seed: int,
        buffer_examples: int,
        order: str = "blocks",
        window_examples: int = 0,
        reordering: Reordering | None = None,
        part: slice = slice(None),
    ) -> None:
        """Makes the stream; reads nothing yet.

        Args:
          part: of every batch that is wanted, by position: a worker's, if several share it. All
            of the split is read nevertheless.
          buffer_examples: the most rows that are shuffled together; twice as many are held.
          reordering: of the indices in the stream, by which other rows come; None for none.

        Raises:
          ValueError: for another order; if a row group, or a window with order "window", is
            larger than the buffer; or if "time" or "window" is asked for of rows that do not lie
            in order of time.
        """
        self._split = split
        self._batch_size = batch_size
        windows = {"time": 1, "window": window_examples}
        self._epochs: Epochs
        if order == "blocks":
            self._epochs = Blocks(split.groups, buffer_examples=buffer_examples, seed=seed)
        elif order in windows:
            if not split.is_by_time:
                raise ValueError(
                    f"{split.path}: the rows do not lie in order of time, and order {order!r} "
                    'must read them so from disk: sort them, or set data.stream = "never"'
                )
            self._epochs = Windows(
                split.groups, window=windows[order], buffer_examples=buffer_examples, seed=seed
            )
        else:
            raise ValueError(f"order {order!r} is none of blocks, time, window: it needs all rows")
        self._reordering = reordering
        self._part = part
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="read-ahead")
        self._held: dict[tuple[int, int], Future[_Held]] = {}

    def stack(self, first: int, num_batches: int) -> Batch:
        """Returns batches [first, first + num_batches), stacked on a new first axis.

        Reads nothing if they are none.

        Raises:
          OSError, ValueError: naming the file, for what cannot be read.
        """
        start = first * self._batch_size
        indices = np.arange(start, start + num_batches * self._batch_size)
        if self._reordering is not None:
            indices = self._reordering.rows(indices, lambda indices: indices)
        indices = indices.reshape(num_batches, self._batch_size)[:, self._part]
        shape = indices.shape
        return _map(lambda a: a.reshape(*shape, *a.shape[1:]), self._examples(indices.ravel()))

    def _examples(self, indices: np.ndarray) -> Batch:
        """Returns the examples at `indices` [M] of the stream, in whatever order these are."""
        number, index = np.divmod(indices, len(self._split))
        pieces: list[tuple[np.ndarray, Batch]] = []
        for n in np.unique(number):
            buffers = self._epochs.buffers(int(n))
            starts = [buffer.start for buffer in buffers]
            which = np.searchsorted(starts, index, side="right") - 1
            for i in np.unique(which[number == n]):
                mask = (number == n) & (which == i)
                pieces.append((mask, self._taken(int(n), int(i), index[mask] - starts[i])))
        return _merged(pieces) if pieces else self._split.none()

    def _taken(self, number: int, index: int, indices: np.ndarray) -> Batch:
        """Returns the examples at `indices` of a buffer; starts to read the next one."""
        key, ahead = (number, index), (number, index + 1)
        if ahead[1] == len(self._epochs.buffers(number)):
            ahead = (number + 1, 0)
        for gone in self._held.keys() - {key, ahead}:  # let go before another is read
            self._held.pop(gone).cancel()
        for wanted in (key, ahead):
            if wanted not in self._held:
                buffer = self._epochs.buffers(wanted[0])[wanted[1]]
                self._held[wanted] = self._reader.submit(_Held, self._split, buffer)
        return self._held[key].result().take(indices)


class _Held:
    """The rows of one buffer in memory."""

    def __init__(self, split: StoredSplit, buffer: Buffer) -> None:
        self._rows = split.read(buffer)
        self._order = buffer.order()

    def take(self, indices: np.ndarray) -> Batch:
        """Returns the rows at `indices` [M]."""
        rows = self._order[indices]
        return _map(lambda a: a[rows], self._rows)


def _map(change: Callable[[np.ndarray], np.ndarray], rows: Batch) -> Batch:
    return Batch(*({name: change(a) for name, a in arrays.items()} for arrays in rows))


def _merged(pieces: list[tuple[np.ndarray, Batch]]) -> Batch:
    """Returns the pieces put where their masks [M] are true."""
    (mask, rows), *others = pieces
    if not others:
        return rows
    whole = _map(lambda a: np.empty((len(mask), *a.shape[1:]), a.dtype), rows)
    for mask, rows in pieces:
        for target, source in zip(whole, rows, strict=True):
            for name, array in target.items():
                array[mask] = source[name]
    return whole
