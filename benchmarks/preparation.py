"""How fast made rows are prepared, and in how much memory: ratings, or impressions of a table.

  python -m benchmarks.preparation --rows=25000000
  python -m benchmarks.preparation --rows=1000000,5000000 --split=global-temporal
  python -m benchmarks.preparation --rows=25000000 --dataset=table

Each size is written, as MovieLens-25M's files by `benchmarks.raw_ratings`, or as Parquet with a
spec by `benchmarks.impressions`: 12 columns, three features of the past and two histories. It is
read by pyarrow alone, with its defaults, and prepared; a table is described before: each in a
process of its own, one after the other. Prints each
stage's rows a second and processor seconds beside pyarrow's, and the peak of resident memory
up to its end, interpreter and all. Seconds are of the clock: on a machine that others use too
look at those of the processor. What it writes, it deletes.
"""

import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

from absl import flags

from benchmarks import impressions, raw_ratings, timings
from ranker import datasets
from ranker.cli import program
from ranker.datasets.progress import Progress

_ROWS = flags.DEFINE_list("rows", ["1000000"], "Ratings to prepare; several sizes are compared.")
_FOLDER = flags.DEFINE_string("folder", None, "Where to write; the system's own place if not.")
_SPLIT = flags.DEFINE_enum("split", None, datasets.SPLITS, "Which split; the dataset's if not.")
_TABLE, _RATINGS = "table", "movielens-25m"
_DATASET = flags.DEFINE_enum("dataset", _RATINGS, [_RATINGS, _TABLE], "What is prepared.")
_MB_IN_KIB = 1024 / 1e6
_TICK = 0.01  # seconds: less is none
_HEAD = (
    f"{'stage':<14}{'seconds':>9}{'rows/s':>12}{'to pyarrow':>12}"
    f"{'processor s':>12}{'to pyarrow':>12}{'peak MB':>11}"
)


class Cost(NamedTuple):
    """What a stage took: seconds, those of the processor, and the peak memory so far in MB."""

    seconds: float
    processor: float
    peak: float


class Watch(Progress):
    """Remembers what each stage took.

    Attributes:
      costs: by stage, of those that are done.
    """

    def __init__(self) -> None:
        """Shows bars, as the program does."""
        super().__init__(is_shown=True)
        self.costs: dict[str, Cost] = {}
        self._name = ""
        self._began = (0.0, 0.0)

    def stage(self, name: str) -> None:
        """Begins a stage; the one before it is done."""
        self.end()
        super().stage(name)
        self._name, self._began = name, (time.perf_counter(), time.process_time())

    def end(self) -> None:
        """Ends the stage that was begun, if any."""
        if self._name:
            seconds, processor = self._began
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MB_IN_KIB
            self.costs[self._name] = Cost(
                time.perf_counter() - seconds, time.process_time() - processor, peak
            )
        self._name = ""


def read_alone(folder: Path) -> dict[str, Cost]:
    """Reads the rows with pyarrow and drops them."""
    from pyarrow import csv, parquet

    watch = Watch()
    watch.stage("pyarrow alone")
    if (folder / impressions.SPEC_FILE).exists():
        parquet.read_table(sorted(folder.glob("*.parquet")))
    else:
        csv.read_csv(folder / "ratings.csv")
    watch.end()
    return watch.costs


def describe(folder: Path) -> dict[str, Cost]:
    """Describes the table, as `ranker describe` does."""
    from ranker.datasets.describe.description import Asked
    from ranker.datasets.describe.description import describe as described
    from ranker.datasets.describe.writing import spec_of

    watch = Watch()
    watch.stage("described")
    spec_of(described([str(folder / "*.parquet")], Asked()))
    watch.end()
    return watch.costs


def prepare(folder: Path, dataset: str, split: str) -> dict[str, Cost]:
    """Prepares the files into a folder within theirs."""
    from ranker.datasets import preparation
    from ranker.datasets.catalogue import dataset_of

    watch = Watch()
    options = datasets.Options(source=folder, split=split)
    if dataset == _TABLE:
        options = datasets.Options(spec=folder / impressions.SPEC_FILE, split=split)
    destination = folder / "prepared"
    preparation.run(dataset_of(dataset), destination, options=options, progress=watch)
    watch.end()
    return watch.costs


def measure(raw: Path, num_rows: int) -> tuple[Cost, dict[str, Cost], dict[str, Cost]]:
    """Writes the rows; returns what pyarrow alone costs, what a look, and what each stage."""
    looked = {}
    if _DATASET.value == _TABLE:
        impressions.write(raw, num_rows)
        looked = measured(describe, raw)
    else:
        raw_ratings.write(raw, num_rows=num_rows, seed=0, shows_progress=True)
    (plain,) = measured(read_alone, raw).values()
    return plain, looked, measured(prepare, raw, _DATASET.value, _SPLIT.value or "")


def measured(work: Callable[..., dict[str, Cost]], *arguments: object) -> dict[str, Cost]:
    """Returns what the work costs in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def lines(
    num_rows: int, plain: Cost, looked: dict[str, Cost], stages: dict[str, Cost]
) -> Iterator[str]:
    """Yields the table of one size; `plain` is what pyarrow alone took, `looked` a look at it."""
    seconds, processor, peaks = zip(*stages.values(), strict=True)
    whole = Cost(sum(seconds), sum(processor), max(peaks))
    yield f"{num_rows:,} rows of {_DATASET.value}, {len(os.sched_getaffinity(0))} cores"
    yield _HEAD
    for stage, cost in {"pyarrow alone": plain, **looked, **stages, "prepared": whole}.items():
        yield (
            f"{stage:<14}{cost.seconds:>9.1f}{num_rows / cost.seconds:>12,.0f}"
            f"{plain.seconds / cost.seconds:>12.3f}{cost.processor:>12.1f}"
            f"{plain.processor / max(cost.processor, _TICK):>12.3f}{cost.peak:>11,.0f}"
        )
    yield f"rows a processor second: {num_rows / whole.processor:,.0f}"
    yield f"peak memory a million rows: {whole.peak / num_rows * 1e6:,.1f} MB"


def main(argv: Sequence[str]) -> int:
    """Measures each size and prints its table; returns 2 if that cannot be done."""
    if not all(text.isdigit() and int(text) for text in _ROWS.value):
        return program.refuse(f"rows must be whole numbers > 0, got {','.join(_ROWS.value)}")
    sizes, peaks = [int(text) for text in _ROWS.value], []
    for num_rows in sizes:
        try:
            with tempfile.TemporaryDirectory(dir=_FOLDER.value) as folder:
                raw = Path(folder) / "raw"
                plain, looked, stages = measure(raw, num_rows)
        except (datasets.DatasetError, OSError) as error:
            return program.refuse(error)
        print(*lines(num_rows, plain, looked, stages), sep="\n", flush=True)
        of = f"{num_rows} rows of {_DATASET.value}"
        for name, cost in {"pyarrow alone": plain, **looked, **stages}.items():
            timings.keep(of, {name: [cost.seconds]})
            timings.keep(of, {name: [cost.peak]}, "peak memory, MB")
        peaks.append(max(cost.peak for cost in stages.values()))
    if len(set(sizes)) > 1:
        growth = (peaks[-1] - peaks[0]) / (sizes[-1] - sizes[0]) * 1e6
        print(f"from {sizes[0]:,} to {sizes[-1]:,} rows: {growth:,.1f} MB more a million rows")
    return 0


if __name__ == "__main__":
    program.run(main)
