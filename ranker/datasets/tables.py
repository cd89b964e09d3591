"""Rows to Parquet, and from the training rows alone: vocabularies and statistics."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ranker.datasets.features import LIKED_STARS, Columns
from ranker.datasets.interactions import Events, Interactions
from ranker.datasets.negatives import Unrated
from ranker.datasets.options import Options
from ranker.schema import Feature, Task

LABELS = {
    "like": f"1 if the rating is at least {LIKED_STARS:g} stars, else 0",
    "rating": "stars",
    "watch": "1 for a rated row, 0 for an item sampled for it, which has no other label",
}
_CHUNK_ROWS = 65_536  # rated rows at a time: bounds the memory
_SCAN_ROWS = 1 << 20


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
        first, *rest = np.split(rows, range(_CHUNK_ROWS, len(rows), _CHUNK_ROWS))
        table = self._table(first)
        options: dict[str, Any] = {"compression": "zstd", "write_page_checksum": True}
        with pq.ParquetWriter(path, table.schema, **options) as writer:
            writer.write_table(table)
            for chunk in rest:
                writer.write_table(self._table(chunk))

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


def write_vocabularies(
    features: tuple[Feature, ...], train: Path, *, folder: Path
) -> dict[str, int]:
    """Writes `folder`/<name>.txt of each vocabulary and returns their sizes.

    A vocabulary holds the values of the training rows, most frequent first, equals
    in ascending order. One that several features share is that of the feature of
    its name.
    """
    folder.mkdir()
    sizes = {}
    for feature in features:
        if feature.vocabulary == feature.name:
            values = _values_by_count(feature, train)
            text = "".join(f"{value}\n" for value in values)
            (folder / f"{feature.name}.txt").write_text(text, encoding="utf-8")
            sizes[feature.name] = len(values)
    return sizes


def _values_by_count(feature: Feature, train: Path) -> list[object]:
    counts = []
    with pq.ParquetFile(train) as file:
        for batch in file.iter_batches(_SCAN_ROWS, columns=[feature.name]):
            column = batch.column(0)
            values = column.flatten() if feature.is_multivalued else column
            counts.append(pa.Table.from_struct_array(pc.value_counts(values)))
    table = pa.concat_tables(counts).group_by("values").aggregate([("counts", "sum")])
    table = table.sort_by([("counts_sum", "descending"), ("values", "ascending")])
    return table["values"].to_pylist()


def with_statistics(feature: Feature, train: Path) -> Feature:
    """Returns a numeric feature with the mean and standard deviation of the training rows."""
    if feature.kind != "numeric":
        return feature
    mean, deviation = _moments(feature.name, train, log1p=feature.log1p)
    return dataclasses.replace(feature, mean=mean, standard_deviation=deviation or 1.0)


def tasks_of(data: Interactions, train: Path, *, has_watch: bool) -> tuple[Task, ...]:
    """Returns the tasks, with the mean and standard deviation of their training labels."""
    stars = Task(name="rating", kind="regression", minimum=data.lowest, maximum=data.highest)
    names = ("like", "rating", "watch") if has_watch else ("like", "rating")
    tasks = []
    for name in names:
        plain = Task(name=name, kind="binary", minimum=0.0, maximum=1.0)
        mean, deviation = _moments(name, train, log1p=False)
        task = stars if name == "rating" else plain
        tasks.append(dataclasses.replace(task, mean=mean, standard_deviation=deviation))
    return tuple(tasks)


def summary(path: Path) -> dict[str, float]:
    """Returns the number of rows of a Parquet file, and the mean of each of its labels."""
    with pq.ParquetFile(path) as file:
        labels = [name for name in LABELS if name in file.schema_arrow.names]
        table = file.read(columns=labels)
    means = {f"mean_{name}": round(pc.mean(table[name]).as_py(), 6) for name in labels}
    return {"rows": table.num_rows, **means}


def _moments(column: str, path: Path, *, log1p: bool) -> tuple[float, float]:
    """Returns mean and standard deviation of a numeric column, nulls apart."""
    values = pq.read_table(path, columns=[column])[column].drop_null().to_numpy()
    values = np.log1p(values, dtype=np.float64) if log1p else values.astype(np.float64)
    return float(values.mean()), float(values.std())
