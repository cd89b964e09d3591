"""Rows of MovieLens to Parquet."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from ranker.datasets.features import LIKED_STARS, Columns
from ranker.datasets.interactions import Events, Interactions
from ranker.datasets.negatives import Unrated
from ranker.datasets.options import Options
from ranker.datasets.writing import GROUP_ROWS, Writer
from ranker.schema import Task

LABELS = {
    "like": f"1 if the rating is at least {LIKED_STARS:g} stars, else 0",
    "rating": "stars",
    "watch": "1 for a rated row, 0 for an item sampled for it, which has no other label",
}


class Rows:
    """Makes the rows of the Parquet files from checked interactions."""

    def __init__(self, data: Interactions, options: Options, *, past: Interactions) -> None:
        """Sorts `past`, the ratings that features may know, if they are before their event.

        Args:
          options: has the history's length and how many rows to sample.
        """
        self._data = data
        self._options = options
        self._columns = Columns(past, history=options.history)
        self._unrated = Unrated(data) if options.negatives else None
        self.features = self._columns.features()

    def write(self, rows: np.ndarray, path: Path) -> None:
        """Writes the interactions of numbers `rows`, ascending, and what is sampled for them."""
        with Writer(path) as writer:
            for chunk in np.split(rows, range(GROUP_ROWS, len(rows), GROUP_ROWS)):
                writer.write(self._table(chunk))

    def _table(self, rows: np.ndarray) -> pa.Table:
        data = self._data
        events = Events(data.user[rows], data.item[rows], data.time[rows])
        rating = data.rating[rows]
        labels = {"like": (rating >= LIKED_STARS).astype(np.float32), "rating": rating}
        if self._unrated is not None:
            # A chunk is seeded by its first row: the same rows draw the same items.
            random = np.random.default_rng([self._options.seed, int(rows[0])])
            num_items = self._options.negatives
            events, origin = self._unrated.follow(events, num_items=num_items, random=random)
            is_rated = origin >= 0
            missing = np.float32(np.nan)
            labels = {k: np.where(is_rated, v[origin], missing) for k, v in labels.items()}
            labels["watch"] = is_rated.astype(np.float32)
        columns = self._columns.make(events)
        columns |= {name: pa.array(v, from_pandas=True) for name, v in labels.items()}
        return pa.table({**columns, "timestamp": pa.array(events.time)})


def tasks_of(data: Interactions, *, has_watch: bool) -> tuple[Task, ...]:
    """Returns the tasks; their training labels are not yet looked at."""
    stars = Task(name="rating", kind="regression", minimum=data.lowest, maximum=data.highest)
    like, watch = (
        Task(name=name, kind="binary", minimum=0.0, maximum=1.0) for name in ("like", "watch")
    )
    return (like, stars, watch) if has_watch else (like, stars)
