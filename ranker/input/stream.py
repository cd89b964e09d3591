"""The order of the examples: one endless stream, cut into batches.

Batch n is examples [n * B, (n + 1) * B) of the stream, whatever came before, so a
run resumes at a batch by knowing its number and nothing else. A batch may span the
end of an epoch: every batch has B examples and no example is dropped.
"""

import contextlib
import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from ranker.input.batch import Batch
from ranker.input.buffers import Blocks, by_windows
from ranker.input.shards import RowGroup
from ranker.input.split import Split

ORDERS = ("shuffled", "blocks", "time", "window")


class Batches(Protocol):
    """What makes batches by their numbers."""

    def stack(self, first: int, num_batches: int) -> Batch:
        """Returns batches [first, first + num_batches), stacked on a new first axis.

        Of none it returns arrays without an element, and reads nothing.
        """
        ...


class Reordering(Protocol):
    """Puts other rows in the place of those that a stream would have."""

    def rows(self, indices: np.ndarray, regular: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Returns the rows at `indices` [M] of the stream; `regular` gives its own at any."""
        ...


class Stream:
    """Batches of a split that fits in memory, in a stated order.

    Orders: "shuffled" draws a new permutation for every epoch; "blocks" does so for the
    row groups and then within buffers of `buffer_examples` rows, as a stream from disk
    does (`ranker.input.buffers`); "time" repeats the rows from old to new; "window" goes
    so too and shuffles inside windows of `window_examples` rows, as the sequential
    training of arXiv:2302.09178, section 5.1, samples inside a moving window.
    """

    def __init__(
        self,
        split: Split,
        *,
        batch_size: int,
        seed: int,
        order: str = "shuffled",
        window_examples: int = 0,
        buffer_examples: int = 0,
        reordering: Reordering | None = None,
        part: slice = slice(None),
    ) -> None:
        """Makes the stream; reads nothing yet.

        Args:
          part: of every batch that is wanted, by position: a worker's, if several share it.
          reordering: of the rows, by their indices in the stream; None for none.

        Raises:
          ValueError: for an unknown order, a window below 1 with order "window", or a buffer
            smaller than a row group with order "blocks".
        """
        if order not in ORDERS:
            raise ValueError(f"order {order!r} is none of {', '.join(ORDERS)}")
        if order == "window" and window_examples < 1:
            raise ValueError(f"window_examples must be >= 1, got {window_examples}")
        self._split = split
        self._batch_size = batch_size
        self._seed = seed
        self._order = order
        self._by_time = np.argsort(split.times, kind="stable")
        self._window = window_examples if order == "window" else len(split)
        self._groups = split.groups or (RowGroup(Path("-"), 0, len(split)),)
        self._blocks = Blocks(
            self._groups if order == "blocks" else (), buffer_examples=buffer_examples, seed=seed
        )
        self._epochs: dict[int, np.ndarray] = {}
        self._reordering = reordering
        self._part = part

    def stack(self, first: int, num_batches: int) -> Batch:
        """Returns batches [first, first + num_batches), stacked on a new first axis."""
        start = first * self._batch_size
        indices = np.arange(start, start + num_batches * self._batch_size)
        if self._reordering is None:
            rows = self._rows(indices)
        else:
            rows = self._reordering.rows(indices, self._rows)
        return self._split.take(rows.reshape(num_batches, self._batch_size)[:, self._part])

    def _rows(self, indices: np.ndarray) -> np.ndarray:
        number, index = np.divmod(indices, len(self._split))
        rows = np.empty_like(indices)
        for n in np.unique(number):
            rows[number == n] = self._positions(n)[index[number == n]]
        self._epochs = {n: p for n, p in self._epochs.items() if n >= number.max(initial=0)}
        return rows

    def _positions(self, number: int) -> np.ndarray:
        if self._order == "time":
            return self._by_time
        if number not in self._epochs:
            is_blocks = self._order == "blocks"
            self._epochs[number] = self._blocked(number) if is_blocks else self._shuffle(number)
        return self._epochs[number]

    def _blocked(self, number: int) -> np.ndarray:
        ends = np.cumsum([group.num_rows for group in self._groups])
        rows = np.split(np.arange(len(self._split)), ends[:-1])
        return np.concatenate(
            [
                np.concatenate([rows[group] for group in buffer.groups])[buffer.order()]
                for buffer in self._blocks.buffers(number)
            ]
        )

    def _shuffle(self, number: int) -> np.ndarray:
        generator = np.random.default_rng((self._seed, number))
        if self._order == "shuffled":
            return generator.permutation(len(self._split))
        return self._by_time[by_windows(generator, len(self._split), self._window)]


@contextlib.contextmanager
def prefetch(
    stream: Batches, calls: Iterable[tuple[int, int]], *, depth: int = 2
) -> Generator[Iterator[Batch]]:
    """Gives an iterator of `stream.stack(first, num)` for each of `calls`, made ahead by a thread.

    `calls` is gone through twice. The thread starts at once and ends with the context. An error in
    it is raised by the iterator.
    """
    ready: queue.Queue[Batch | BaseException] = queue.Queue(depth)
    is_closed = threading.Event()

    def put(item: Batch | BaseException) -> None:
        while not is_closed.is_set():
            try:
                return ready.put(item, timeout=0.1)
            except queue.Full:
                continue
        return None

    def fill() -> None:
        try:
            for first, num in calls:
                if is_closed.is_set():
                    return
                put(stream.stack(first, num))
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised there
            put(error)

    def take() -> Iterator[Batch]:
        for _ in calls:
            item = ready.get()
            if isinstance(item, BaseException):
                raise item
            yield item

    thread = threading.Thread(target=fill, name="prefetch", daemon=True)
    thread.start()
    try:
        yield take()
    finally:
        is_closed.set()
        thread.join()
