"""Of the training rows, and of an earlier folder: vocabularies and statistics.

The rows are gone through in pieces.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ranker.datasets.options import Night
from ranker.datasets.splits import NAMES
from ranker.datasets.write.earlier import LAST_SEEN, Earlier
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
    night: Night | None = None,
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
      night: what else counts, and after how many days a value of `earlier` loses its row.

    Returns:
      Of each vocabulary how many values it "kept" of `earlier`, how many are "new", and how many
      are "waiting", rarer than that; and how many are "forgotten", where values can be.

    Raises:
      DatasetError: if a column was another kind of column in `earlier`.
    """
    train = folder / "train.parquet"
    features = tuple(features)
    (folder / "vocabularies").mkdir()
    if night and night.forget_after_days:
        (folder / LAST_SEEN).mkdir()
    own = [feature for feature in features if feature.vocabulary == feature.name]
    minima = [max(minimum_count, minimum_counts.get(feature.name, 1)) for feature in own]
    write = partial(_write_vocabulary, folder=folder, earlier=earlier, night=night)
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
    feature: Feature,
    minimum_count: int,
    *,
    folder: Path,
    earlier: Earlier | None,
    night: Night | None,
) -> dict[str, int]:
    """Writes vocabularies/<name>.txt of `folder`, and returns the counts of its values.

    It holds the values of the training rows, most frequent first, equals in ascending order;
    before them those of `earlier`, as they were. One that several features share is that of the
    feature of its name.
    """
    beside = night.beside if night else ()
    found = _by_count(feature, [folder / "train.parquet", *beside])
    known = pa.array([], found["values"].type)
    if earlier:
        known = earlier.values(feature, known.type)
    num_known, dates = len(known), None
    if night and night.forget_after_days:
        known, dates = _remembered(feature, known, folder, earlier, night)
    found = found.filter(pc.invert(pc.is_in(found["values"], value_set=known)))
    new = found["values"].filter(pc.greater_equal(found["counts"], minimum_count))
    path = folder / "vocabularies" / f"{feature.name}.txt"
    _write_lines(path, [*known.to_pylist(), *new.to_pylist()])
    counts = {"kept": len(known), "new": len(new), "waiting": len(found) - len(new)}
    if night and dates is not None:
        lines = [*dates.to_pylist(), *[night.date] * len(new)]
        _write_lines(folder / LAST_SEEN / path.name, lines)
        counts["forgotten"] = num_known - len(known)
    return counts


def _remembered(
    feature: Feature, known: pa.Array, folder: Path, earlier: Earlier | None, night: Night
) -> tuple[pa.Array, pa.Array]:
    """Returns the values that keep their rows, and when each was last seen, text [V].

    Args:
      known: values of `earlier`. Where it does not say when they were seen, they count as seen now.
    """
    before = earlier.last_seen.get(feature.name) if earlier else None
    before = pa.array(before or [night.date] * len(known), pa.string())
    here = _by_count(feature, [folder / f"{split}.parquet" for split in NAMES])["values"]
    is_here = pc.is_in(known, value_set=here.combine_chunks())
    dates = pc.if_else(
        is_here, night.date, pa.array(before or [night.date] * len(known), pa.string())
    )
    since = date.fromisoformat(night.date) - timedelta(days=night.forget_after_days - 1)
    is_kept = pc.greater_equal(dates, since.isoformat())
    return known.filter(is_kept), dates.filter(is_kept)


def _write_lines(path: Path, values: Iterable[object]) -> None:
    path.write_text("".join(f"{value}\n" for value in values), encoding="utf-8")


def _by_count(feature: Feature, paths: Iterable[Path]) -> pa.Table:
    """Returns the "values" in files of rows and their "counts", the most frequent first."""
    counts: list[pa.Table] = []
    is_text = feature.dtype == "string"  # then words are counted by their numbers
    leaf = f"{feature.name}.list.element" if feature.is_multivalued else feature.name
    numbered = [leaf] if is_text else None
    for batch in chain.from_iterable(_batches(p, [feature.name], numbered=numbered) for p in paths):
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
