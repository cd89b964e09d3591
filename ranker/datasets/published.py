"""Datasets that come already split, in a training file and a test file, of any length.

The published training file trains; each row of the published test file goes, drawn by the
seed, to validation or test. None of these datasets says when a row was: `timestamp` is 0.
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from ranker.datasets import splits
from ranker.datasets.block import Block
from ranker.datasets.options import Options
from ranker.datasets.writing import Writer
from ranker.schema import Feature, Task

CLICK, BOTH = "click", "ctcvr"
LABELS = {CLICK: "1 if it was clicked", BOTH: "1 if it was clicked and then bought, over all rows"}


def write_parts(
    folder: Path, tables: Callable[[str], Iterator[pa.Table]], *, options: Options
) -> None:
    """Writes the three Parquet files, table by table.

    Args:
      tables: from "train" or "test" to the rows of that published file.

    Raises:
      DatasetError: if a part is left without rows.
    """
    sizes = [0, 0, 0]
    random = np.random.default_rng(options.seed)
    with contextlib.ExitStack() as stack:
        writers = [stack.enter_context(Writer(folder / f"{n}.parquet")) for n in splits.NAMES]
        for published in ("train", "test"):
            for table in tables(published):
                parts = np.zeros(len(table), np.int64)
                if published == "test":
                    parts += splits.VALIDATION + (random.random(len(table)) < 0.5)
                for number in np.unique(parts):
                    of_part = table.filter(pa.array(parts == number))
                    writers[number].write(of_part)
                    sizes[number] += len(of_part)
        splits.check_sizes(sizes, options)


def keep_labelled(block: Block, click: str, conversion: str) -> None:
    """Leaves the rows whose labels are 0 or 1, and bought only where they are clicked."""
    for column in (click, conversion):
        block.keep_between(column, 0, 1, reason="label")
    block.keep(
        block[click] >= block[conversion],
        "label",
        problem=lambda i: f"{conversion} is 1 and {click} 0",
    )


def labels(click: np.ndarray, conversion: np.ndarray) -> dict[str, pa.Array]:
    """Returns the columns of the two tasks; bought is what was clicked and bought."""
    both = (click == 1) & (conversion == 1)
    return {CLICK: pa.array(click.astype(np.float32)), BOTH: pa.array(both.astype(np.float32))}


def tasks() -> tuple[Task, ...]:
    """Returns the two tasks; statistics not yet."""
    return tuple(Task(name=name, kind="binary", minimum=0.0, maximum=1.0) for name in LABELS)


def categorical(name: str) -> Feature:
    """Returns a feature of whole numbers with a vocabulary of its own."""
    return Feature(name=name, kind="categorical", dtype="int64", vocabulary=name)
