"""Rows to Parquet, and from the training rows alone: vocabularies and statistics."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ranker.datasets.features import LIKED_STARS, Columns
from ranker.datasets.interactions import Interactions
from ranker.datasets.negatives import Unrated
from ranker.schema import Feature, Schema, Task

_CHUNK_ROWS = 65_536  # rated rows at a time: bounds the memory
_SCAN_ROWS = 1 << 20


class Rows:
    """Makes the rows of the Parquet files from checked interactions."""

    def __init__(self, data: Interactions, *, history: int, negatives: int, seed: int) -> None:
        self._data = data
        self._columns = Columns(data, history=history)
        self._unrated = Unrated(data) if negatives else None
        self._num_negatives = negatives
        self._seed = seed
        self.features = self._columns.features()

    def write(self, rows: np.ndarray, path: Path) -> None:
        """Writes the interactions of numbers `rows`, ascending, and what is sampled for them."""
        writer = None
        for start in range(0, len(rows), _CHUNK_ROWS):
            chunk = rows[start : start + _CHUNK_ROWS]
            table = self._table(chunk)
            if writer is None:
                writer = pq.ParquetWriter(path, table.schema, compression="zstd")
            writer.write_table(table)
        if writer is not None:
            writer.close()

    def _table(self, rows: np.ndarray) -> pa.Table:
        data = self._data
        user, item, time = data.user[rows], data.item[rows], data.time[rows]
        rating, watched = data.rating[rows], np.ones(len(rows), np.float32)
        labels = {"like": (rating >= LIKED_STARS).astype(np.float32), "rating": rating}
        if self._unrated is not None:
            # A row's own number seeds its chunk: the same rows draw the same items.
            random = np.random.default_rng([self._seed, int(rows[0])])
            sampled, origin = self._unrated.sample(
                user, time, num_items=self._num_negatives, random=random
            )
            order = np.argsort(np.concatenate([np.arange(len(rows)), origin]), kind="stable")
            user = np.concatenate([user, user[origin]])[order]
            time = np.concatenate([time, time[origin]])[order]
            item = np.concatenate([item, sampled])[order]
            missing = np.full(len(sampled), np.nan, np.float32)
            labels = {k: np.concatenate([v, missing])[order] for k, v in labels.items()}
            labels["watch"] = np.concatenate([watched, np.zeros_like(missing)])[order]
        columns = self._columns.make(user, item, time)
        columns |= {name: pa.array(v, from_pandas=True) for name, v in labels.items()}
        return pa.table({**columns, "timestamp": pa.array(time)})


def write_vocabularies(
    features: tuple[Feature, ...], train: Path, folder: Path
) -> Mapping[str, int]:
    """Writes `folder`/<name>.txt of each vocabulary and returns their sizes.

    A vocabulary holds the values of the training rows, most frequent first, equals
    in ascending order. One that several features share is that of the feature of
    its name.
    """
    folder.mkdir()
    sizes = {}
    for feature in features:
        if feature.vocabulary == feature.name:
            values = _values_by_count(train, feature)
            text = "".join(f"{value}\n" for value in values)
            (folder / f"{feature.name}.txt").write_text(text, encoding="utf-8")
            sizes[feature.name] = len(values)
    return sizes


def _values_by_count(train: Path, feature: Feature) -> list[object]:
    counts = []
    for batch in pq.ParquetFile(train).iter_batches(_SCAN_ROWS, columns=[feature.name]):
        column = batch.column(0)
        if feature.is_multivalued:
            column = column.flatten()
        counts.append(pa.Table.from_struct_array(pc.value_counts(column)))
    table = pa.concat_tables(counts).group_by("values").aggregate([("counts", "sum")])
    table = table.sort_by([("counts_sum", "descending"), ("values", "ascending")])
    return table["values"].to_pylist()


def with_statistics(feature: Feature, train: Path) -> Feature:
    """Returns a numeric feature with the mean and standard deviation of the training rows."""
    if feature.kind != "numeric":
        return feature
    mean, deviation = _moments(train, feature.name, log1p=feature.log1p)
    return dataclasses.replace(feature, mean=mean, standard_deviation=deviation or 1.0)


def tasks_of(data: Interactions, train: Path, *, has_watch: bool) -> tuple[Task, ...]:
    """Returns the tasks, with the mean and standard deviation of their training labels."""
    ranges = {"like": ("binary", 0.0, 1.0), "rating": ("regression", data.lowest, data.highest)}
    if has_watch:
        ranges["watch"] = ("binary", 0.0, 1.0)
    tasks = []
    for name, (kind, lowest, highest) in ranges.items():
        mean, deviation = _moments(train, name, log1p=False)
        tasks.append(
            Task(
                name=name,
                kind=kind,
                minimum=lowest,
                maximum=highest,
                mean=mean,
                standard_deviation=deviation,
            )
        )
    return tuple(tasks)


def _moments(path: Path, column: str, *, log1p: bool) -> tuple[float, float]:
    """Returns mean and standard deviation of a numeric column, nulls apart."""
    values = pq.read_table(path, columns=[column])[column].drop_null().to_numpy()
    values = np.log1p(values, dtype=np.float64) if log1p else values.astype(np.float64)
    return float(values.mean()), float(values.std())


def schema_of(
    name: str, data: Interactions, rows: Rows, *, folder: Path, has_watch: bool
) -> Schema:
    """Returns the schema of the prepared `folder`, whose vocabularies it writes there."""
    train = folder / "train.parquet"
    sizes = write_vocabularies(rows.features, train, folder / "vocabularies")
    return Schema(
        dataset=name,
        features=tuple(with_statistics(feature, train) for feature in rows.features),
        tasks=tasks_of(data, train, has_watch=has_watch),
        vocabularies=sizes,
    )
