"""Datasets to checked rows: raw files in; Parquet, vocabularies and schema out.

Importing this package loads neither pandas nor pyarrow, so that a program can
name the datasets in its `--help` at once; `prepare` loads what it needs.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ranker.datasets.catalogue import dataset_of, listing, names, register
from ranker.datasets.contract import Dataset
from ranker.datasets.errors import DatasetError, UnreachableError
from ranker.datasets.options import PASTS, SPLITS, Night, Options, Simulation, expanded

__all__ = [
    "PASTS",
    "SPLITS",
    "Dataset",
    "DatasetError",
    "Night",
    "Options",
    "Simulation",
    "UnreachableError",
    "expanded",
    "listing",
    "names",
    "prepare",
    "register",
    "title",
]


def title(name: str, options: Options) -> str:
    """Returns what dataset `name` is called once it is prepared: a table as its spec says.

    Raises:
      DatasetError: for a name that there is none of, or a spec that is none.
    """
    return dataset_of(name).adapted(options)[0].name


def prepare(
    name: str, destination: Path, *, options: Options | None = None, shows_progress: bool = False
) -> Mapping[str, Any]:
    """Prepares dataset `name` into the folder `destination` and returns its manifest.

    The folder is complete or not there: it is written beside `destination` and
    renamed, and what was there before stays until then.

    Args:
      name: one of `names()`.
      destination: the folder to write: {train,validation,test}.parquet, schema.toml,
        vocabularies/ and manifest.json.
      options: where from, how split, which features; the defaults if None.
      shows_progress: whether to say on the terminal what is being done.

    Raises:
      DatasetError: one sentence with file, line and value, for data that is not
        what it should be; with the options' names, for options that do not fit it; with the
        nearest, for a name that there is none of.
    """
    from ranker.datasets import preparation  # loads pyarrow
    from ranker.datasets.progress import Progress

    progress = Progress(is_shown=shows_progress)
    return preparation.run(
        dataset_of(name), destination, options=options or Options(), progress=progress
    )
