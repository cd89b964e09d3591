"""Of the training rows, and of an earlier folder: vocabularies and statistics.

The rows are gone through in pieces.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ranker.datasets.write.earlier import Earlier
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
    minimum_count: int = 1,
    earlier: Earlier | None = None,
) -> dict[str, dict[str, int]]:
    """Writes what the training rows in `folder` say: vocabularies/ and schema.toml.

    Args:
      name: of the dataset.
      features, tasks: in the order of the columns; without statistics.
      roles: of the schema, such as "user", to the columns that have them.
      minimum_counts: by vocabulary, how often a value must be in the training rows to have a
        row of its own.
      minimum_count: the same of every vocabulary.
      earlier: whose values keep their rows, whatever these rows hold, and whose columns keep
        their statistics: what was trained on them counts from these.

    Returns:
      Of each vocabulary how many values it "kept" of `earlier`, how many are "new", and how many
      are "waiting", rarer than that.

    Raises:
      DatasetError: if a column was another kind of column in `earlier`.
    """
    train = folder / "train.parquet"
    features = tuple(features)
    (folder / "vocabularies").mkdir()
    own = [feature for feature in features if feature.vocabulary == feature.name]
    minima = [max(minimum_count, minimum_counts.get(feature.name, 1)) for feature in own]
    write = partial(_write_vocabulary, train=train, earlier=earlier)
    with ThreadPoolExecutor(max_workers=_SCANS) as pool:
        statistics = partial(_with_statistics, train=train, earlier=earlier)
        schema = Schema(
            dataset=name,
            features=tuple(pool.map(statistics, features)),
            tasks=tuple(pool.map(partial(_with_moments, train=train, earlier=earlier), tasks)),
            vocabularies={feature.name: 0 for feature in own},
            **roles,
        )
        counts = dict(zip(schema.vocabularies, pool.map(write, own, minima), strict=True))
    sizes = {vocabulary: of["kept"] + of["new"] for vocabulary, of in counts.items()}
    write_schema(dataclasses.replace(schema, vocabularies=sizes), folder / "schema.toml")
    return counts


def _write_vocabulary(
    feature: Feature, minimum_count: int, *, train: Path, earlier: Earlier | None
) -> dict[str, int]:
    """Writes vocabularies/<name>.txt beside `train`, and returns the counts of its values.

    It holds the values of the training rows, most frequent first, equals in ascending order;
    before them those of `earlier`, as they were. One that several features share is that of the
    feature of its name.
    """
    found = _by_count(feature, train)
    known = earlier.values(feature, found["values"].type) if earlier else None
    if known is not None:
        found = found.filter(pc.invert(pc.is_in(found["values"], value_set=known)))
    new = found["values"].filter(pc.greater_equal(found["counts"], minimum_count))
    values = [*(known.to_pylist() if known is not None else ()), *new.to_pylist()]
    text = "".join(f"{value}\n" for value in values)
    path = train.parent / "vocabularies" / f"{feature.name}.txt"
    path.write_text(text, encoding="utf-8")
    kept, num_new = len(values) - len(new), len(new)
    return {"kept": kept, "new": num_new, "waiting": len(found) - num_new}


def _by_count(feature: Feature, train: Path) -> pa.Table:
    """Returns the "values" in the training rows and their "counts", the most frequent first."""
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
    return _added(counts).sort_by(ordered)


def _added(counts: list[pa.Table]) -> pa.Table:
    table = pa.concat_tables(counts).group_by("values").aggregate([("counts", "sum")])
    return table.rename_columns({"counts_sum": "counts"})


def _with_statistics(feature: Feature, train: Path, earlier: Earlier | None) -> Feature:
    """Returns a numeric feature with mean and deviation: as they were, or of the training rows."""
    before = earlier.with_statistics(feature) if earlier else None
    if before is not None or feature.kind != "numeric":
        return before or feature
    mean, deviation = _moments(feature.name, train, log1p=feature.log1p)
    return dataclasses.replace(feature, mean=mean, standard_deviation=deviation or 1.0)


def _with_moments(task: Task, train: Path, earlier: Earlier | None) -> Task:
    if earlier and (before := earlier.with_statistics(task)):
        return before
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
