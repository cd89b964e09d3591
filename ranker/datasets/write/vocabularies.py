"""From the training rows alone: vocabularies and statistics, gone through in pieces."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ranker.schema import Feature, Schema, Task, write_schema

_SCAN_ROWS = 1 << 20
_SCANS = 2  # columns that are gone through at once


def write_schema_and_vocabularies(
    folder: Path,
    name: str,
    *,
    features: Iterable[Feature],
    tasks: Iterable[Task],
    roles: Mapping[str, str],
    minimum_counts: Mapping[str, int],
) -> None:
    """Writes what the training rows in `folder` say: vocabularies/ and schema.toml.

    Args:
      name: of the dataset.
      features, tasks: in the order of the columns; without statistics.
      roles: of the schema, such as "user", to the columns that have them.
      minimum_counts: by vocabulary, how often a value must be there to be in it.
    """
    train = folder / "train.parquet"
    features = tuple(features)
    (folder / "vocabularies").mkdir()
    with ThreadPoolExecutor(max_workers=_SCANS) as pool:
        schema = Schema(
            dataset=name,
            features=tuple(pool.map(partial(_with_statistics, train=train), features)),
            tasks=tuple(pool.map(partial(_with_moments, train=train), tasks)),
            vocabularies=_write_vocabularies(features, train, minimum_counts, pool=pool),
            **roles,
        )
    write_schema(schema, folder / "schema.toml")


def _write_vocabularies(
    features: Iterable[Feature],
    train: Path,
    minimum_counts: Mapping[str, int],
    *,
    pool: ThreadPoolExecutor,
) -> dict[str, int]:
    """Writes vocabularies/<name>.txt beside `train` of each, and returns their sizes.

    A vocabulary holds the values of the training rows, most frequent first, equals
    in ascending order. One that several features share is that of the feature of
    its name.
    """
    own = [feature for feature in features if feature.vocabulary == feature.name]
    minima = [minimum_counts.get(feature.name, 1) for feature in own]
    sizes = pool.map(partial(_write_vocabulary, train=train), own, minima)
    return {feature.name: size for feature, size in zip(own, sizes, strict=True)}


def _write_vocabulary(feature: Feature, minimum_count: int, train: Path) -> int:
    values = _values_by_count(feature, train, minimum_count)
    text = "".join(f"{value}\n" for value in values.to_pylist())
    path = train.parent / "vocabularies" / f"{feature.name}.txt"
    path.write_text(text, encoding="utf-8")
    return len(values)


def _values_by_count(feature: Feature, train: Path, minimum_count: int) -> pa.ChunkedArray:
    counts: list[pa.Table] = []
    is_text = feature.dtype == "string"  # then words are counted by their numbers
    leaf = f"{feature.name}.list.element" if feature.is_multivalued else feature.name
    for batch in _batches(train, [feature.name], numbered=[leaf] if is_text else None):
        column = batch.column(0)
        values = column.flatten() if feature.is_multivalued else column
        counted = pc.value_counts(values)
        words, number = counted.field("values"), counted.field("counts")
        words = words.dictionary_decode() if is_text else words
        counts.append(pa.table({"values": words, "counts": number}))
        if sum(map(len, counts)) > _SCAN_ROWS:
            counts = [_added(counts)]
    ordered = [("counts", "descending"), ("values", "ascending")]
    added = _added(counts)
    if minimum_count > 1:
        added = added.filter(pc.greater_equal(added["counts"], minimum_count))
    return added.sort_by(ordered)["values"]


def _added(counts: list[pa.Table]) -> pa.Table:
    table = pa.concat_tables(counts).group_by("values").aggregate([("counts", "sum")])
    return table.rename_columns({"counts_sum": "counts"})


def _with_statistics(feature: Feature, train: Path) -> Feature:
    """Returns a numeric feature with the mean and standard deviation of the training rows."""
    if feature.kind != "numeric":
        return feature
    mean, deviation = _moments(feature.name, train, log1p=feature.log1p)
    return dataclasses.replace(feature, mean=mean, standard_deviation=deviation or 1.0)


def _with_moments(task: Task, train: Path) -> Task:
    mean, deviation = _moments(task.name, train, log1p=False)
    return dataclasses.replace(task, mean=mean, standard_deviation=deviation)


def summary(path: Path, labels: Iterable[str]) -> dict[str, float]:
    """Returns the number of rows of a Parquet file, and the mean of each of its labels."""
    names = list(labels)
    num_rows, totals, counts = 0, dict.fromkeys(names, 0.0), dict.fromkeys(names, 0)
    for batch in _batches(path, names):
        num_rows += len(batch)
        for name in names:
            column = batch.column(name).drop_null()
            totals[name] += pc.sum(column).as_py() or 0.0
            counts[name] += len(column)
    means = {f"mean_{n}": round(totals[n] / counts[n], 6) for n in names if counts[n]}
    return {"rows": num_rows, **means}


def _moments(column: str, path: Path, *, log1p: bool) -> tuple[float, float]:
    """Returns mean and standard deviation of a numeric column, nulls apart.

    Batches are joined by the formula of Chan, Golub and LeVeque 1979, exact but for
    rounding; one batch alone is NumPy's own mean and deviation. A column of one value
    has deviation 0, not what rounding leaves of it: features are divided by it.
    """
    count, mean, variance, lowest, highest = 0, 0.0, 0.0, np.inf, -np.inf
    for batch in _batches(path, [column]):
        values = batch.column(0).drop_null().to_numpy(zero_copy_only=False)
        values = np.log1p(values, dtype=np.float64) if log1p else values.astype(np.float64)
        if len(values):
            share, apart = len(values) / (count + len(values)), float(values.mean()) - mean
            variance += share * (float(values.var()) - variance + (1 - share) * apart * apart)
            mean += share * apart
            count += len(values)
            lowest, highest = min(lowest, values.min()), max(highest, values.max())
    return (mean, variance**0.5) if lowest < highest else (mean, 0.0)


def _batches(
    path: Path, columns: list[str], *, numbered: list[str] | None = None
) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path, read_dictionary=numbered) as file:
        if not numbered:
            yield from file.iter_batches(_SCAN_ROWS, columns=columns)
            return
        for group in range(file.num_row_groups):  # lists of numbers are not joined across them
            yield from file.read_row_group(group, columns=columns).to_batches()
