"""How fast made ratings in MovieLens-25M's files are prepared, and in how much memory.

  python -m benchmarks.preparation --rows=25000000
  python -m benchmarks.preparation --rows=1000000,5000000 --split=global-temporal

Each size is written by `benchmarks.raw_ratings`, read by pyarrow alone (`read_csv` with its
defaults), and prepared: each in a process of its own, one after the other. Prints each
stage's rows a second beside pyarrow's, the processor time, and the peak of resident
memory, interpreter and all. What it writes, it deletes.
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

from benchmarks import raw_ratings
from pipelines import program
from ranker import datasets

_ROWS = flags.DEFINE_list("rows", ["1000000"], "Ratings to prepare; several sizes are compared.")
_FOLDER = flags.DEFINE_string("folder", None, "Where to write; the system's own place if not.")
_SPLIT = flags.DEFINE_enum("split", "user-temporal", datasets.SPLITS, "Which split.")
_DATASET = "movielens-25m"
_MB = 1 << 20


class Cost(NamedTuple):
    """What a process took: seconds by stage, processor seconds, and its peak memory in MB."""

    stages: dict[str, float]
    processor: float
    peak: float


def read_alone(folder: Path) -> dict[str, float]:
    """Reads the ratings with pyarrow and drops them; returns the seconds."""
    from pyarrow import csv

    began = time.perf_counter()
    csv.read_csv(folder / "ratings.csv")
    return {"pyarrow alone": time.perf_counter() - began}


def prepare(folder: Path, split: str) -> dict[str, float]:
    """Prepares the files into a folder beside them; returns the seconds by stage."""
    from ranker.datasets import preparation
    from ranker.datasets.progress import Progress

    progress = Progress(is_shown=True)
    options = datasets.Options(source=folder, split=split)
    preparation.run(_DATASET, folder / "prepared", options=options, progress=progress)
    return progress.seconds


def measured(work: Callable[..., dict[str, float]], *arguments: object) -> Cost:
    """Returns what the work costs in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_measure, work, *arguments).result()


def _measure(work: Callable[..., dict[str, float]], *arguments: object) -> Cost:
    before = time.process_time()
    stages = work(*arguments)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / _MB
    return Cost(stages, time.process_time() - before, peak)


def lines(num_rows: int, alone: Cost, prepared: Cost) -> Iterator[str]:
    """Yields the table of one size."""
    (plain,) = alone.stages.values()
    whole = sum(prepared.stages.values())
    yield f"{num_rows:,} ratings, {len(os.sched_getaffinity(0))} cores"
    yield f"{'stage':<22}{'seconds':>9}{'rows/s':>12}{'to pyarrow':>12}"
    for stage, seconds in {**alone.stages, **prepared.stages, "prepared": whole}.items():
        rate, ratio = num_rows / seconds, plain / seconds
        yield f"{stage:<22}{seconds:>9.1f}{rate:>12,.0f}{ratio:>12.3f}"
    millions = num_rows / 1e6
    per_row = prepared.processor / millions
    yield f"processor: {prepared.processor:.1f} s, {per_row:.2f} us a row"
    yield f"peak memory: {prepared.peak:,.0f} MB, {prepared.peak / millions:,.1f} MB a million rows"
    yield f"peak memory of pyarrow alone: {alone.peak:,.0f} MB"


def main(argv: Sequence[str]) -> int:
    """Measures each size and prints its table; returns 2 if that cannot be done."""
    if not all(text.isdigit() and int(text) for text in _ROWS.value):
        return program.refuse(f"rows must be whole numbers > 0, got {','.join(_ROWS.value)}")
    sizes, peaks = [int(text) for text in _ROWS.value], []
    for num_rows in sizes:
        try:
            with tempfile.TemporaryDirectory(dir=_FOLDER.value) as folder:
                raw = Path(folder) / "raw"
                raw_ratings.write(raw, num_rows=num_rows, seed=0, shows_progress=True)
                alone = measured(read_alone, raw)
                prepared = measured(prepare, raw, _SPLIT.value)
        except (datasets.DatasetError, OSError) as error:
            return program.refuse(error)
        print(*lines(num_rows, alone, prepared), sep="\n", flush=True)
        peaks.append(prepared.peak)
    if len(set(sizes)) > 1:
        growth = (peaks[-1] - peaks[0]) / (sizes[-1] - sizes[0]) * 1e6
        print(f"from {sizes[0]:,} to {sizes[-1]:,} rows: {growth:,.1f} MB more a million rows")
    return 0


if __name__ == "__main__":
    program.run(main)
