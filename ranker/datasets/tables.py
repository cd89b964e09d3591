"""Rows of MovieLens to Parquet, going forward in time window by window."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from ranker.datasets import splits
from ranker.datasets.features import LIKED_STARS, Columns, Moments
from ranker.datasets.interactions import Events, Interactions
from ranker.datasets.negatives import Sampled
from ranker.datasets.options import Options
from ranker.datasets.past_numbers import FROZEN
from ranker.datasets.progress import Progress
from ranker.datasets.writing import ThreadedWriter
from ranker.schema import Task

LABELS = {
    "like": f"1 if the rating is at least {LIKED_STARS:g} stars, else 0",
    "rating": "stars",
    "watch": "1 for a rated row, 0 for an item sampled for it, which has no other label",
}
WINDOW_ROWS = 1 << 17


class Batch(NamedTuple):
    """The events of a window in order of time, rated and sampled ones.

    Attributes:
      events, rating: [M]; 0 stars where `is_rated` is False.
      is_rated: whether it took place. [M]
      parts: by part of the split, the places of its events. [3] of [M of the part]
    """

    events: Events
    rating: np.ndarray
    is_rated: np.ndarray
    parts: list[np.ndarray]


class Rows:
    """Makes the rows of the Parquet files from checked interactions."""

    def __init__(self, data: Interactions, parts: np.ndarray, options: Options) -> None:
        """Reads nothing yet.

        Args:
          parts: of the split, of each interaction. [N]
          options: has the history's length, how many rows to sample, and whose ratings
            features may know.
        """
        self._data = data
        self._parts = parts
        self._options = options
        self._columns = Columns(data, history=options.history, began=_began(data, parts))
        self._sampled = Sampled(data, parts, options) if options.negatives else None
        self.features = self._columns.features()

    def write(self, folder: Path, *, progress: Progress) -> None:
        """Writes {train,validation,test}.parquet into `folder`."""
        with contextlib.ExitStack() as stack:
            writers = [
                stack.enter_context(ThreadedWriter(folder / f"{name}.parquet"))
                for name in splits.NAMES
            ]
            bar = stack.enter_context(progress.rows(len(self._data.time)))
            for window in windows(self._data.time, WINDOW_ROWS):
                self._write_window(self._batch(window), writers)
                bar.update(window.stop - window.start)

    def _write_window(self, batch: Batch, writers: list[ThreadedWriter]) -> None:
        is_known = batch.is_rated
        if self._options.past == "train":
            is_known = np.zeros(len(is_known), bool)
            is_known[batch.parts[splits.TRAIN]] = True
            is_known &= batch.is_rated
        part = np.empty(len(is_known), np.int8)
        for number, places in enumerate(batch.parts):
            part[places] = number
        moments = self._columns.advance(batch.events, batch.rating, is_known=is_known, part=part)
        for number, (places, writer) in enumerate(zip(batch.parts, writers, strict=True)):
            if len(places):
                table = self._table(moments, batch, places, is_held_out=number != splits.TRAIN)
                writer.write(table)

    def _batch(self, window: slice) -> Batch:
        data = self._data
        events = Events(data.user[window], data.item[window], data.time[window])
        rating, parts = data.rating[window], self._parts[window]
        is_rated = np.ones(len(parts), bool)
        if self._sampled is not None:
            events, owner, is_rated = self._sampled.join(events, start=window.start)
            rating, parts = np.where(is_rated, rating[owner], np.float32(0)), parts[owner]
        places = [np.flatnonzero(parts == part) for part in range(len(splits.NAMES))]
        return Batch(events, rating, is_rated, places)

    def _table(
        self, moments: Moments, batch: Batch, places: np.ndarray, *, is_held_out: bool
    ) -> pa.Table:
        """Returns the rows at `places`; of the held-out ones also what is frozen, last."""
        rating = batch.rating[places]
        labels = {"like": (rating >= LIKED_STARS).astype(np.float32), "rating": rating}
        if self._sampled is not None:
            is_rated = batch.is_rated[places]
            missing = np.float32(np.nan)
            labels = {name: np.where(is_rated, v, missing) for name, v in labels.items()}
            labels["watch"] = is_rated.astype(np.float32)
        columns = self._columns.make(moments, places)
        frozen = columns.pop(FROZEN)
        columns |= {name: pa.array(v, from_pandas=True) for name, v in labels.items()}
        columns["timestamp"] = pa.array(batch.events.time[places])
        return pa.table(columns | ({FROZEN: frozen} if is_held_out else {}))


def _began(data: Interactions, parts: np.ndarray) -> np.ndarray:
    """Returns when each user's first event of each part is; the last second without one."""
    began = np.full((len(splits.NAMES), len(data.users.ids)), np.iinfo(np.int64).max)
    np.minimum.at(began, (parts, data.user), data.time)
    return began


def windows(time: np.ndarray, num_rows: int) -> Iterator[slice]:
    """Yields the rows, [N] in order of time, by some `num_rows`, dividing no second."""
    start = 0
    while start < len(time):
        last = time[min(start + num_rows, len(time)) - 1]
        end = int(np.searchsorted(time, last, side="right"))
        yield slice(start, end)
        start = end


def tasks_of(data: Interactions, *, has_watch: bool) -> tuple[Task, ...]:
    """Returns the tasks; their training labels are not yet looked at."""
    stars = Task(name="rating", kind="regression", minimum=data.lowest, maximum=data.highest)
    like, watch = (
        Task(name=name, kind="binary", minimum=0.0, maximum=1.0) for name in ("like", "watch")
    )
    return (like, stars, watch) if has_watch else (like, stars)
