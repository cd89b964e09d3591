"""Which datasets there are: a line for each folder that declares some, and people's own."""

import difflib
from collections.abc import Iterator
from importlib import import_module

from ranker.datasets.contract import Dataset
from ranker.datasets.errors import DatasetError

_FOLDERS = (
    "public.movielens",
    "public.kuairand",
    "public.census",
    "public.aliexpress",
    "public.aliccp",
    "public.byterec",
    "synthetic.movielens_like",
    "table",
)

DATASETS: dict[str, Dataset] = {
    dataset.name: dataset
    for folder in _FOLDERS
    for dataset in import_module(f"ranker.datasets.{folder}").DATASETS
}


def register(dataset: Dataset) -> None:
    """Adds a dataset of one's own, for as long as the process lives.

    Raises:
      DatasetError: if another has its name.
    """
    before = DATASETS.setdefault(dataset.name, dataset)
    if before != dataset:
        raise DatasetError(
            f"dataset {dataset.name!r} is that of {before.load} already; that of {dataset.load} "
            "needs another name"
        )


def names() -> tuple[str, ...]:
    """Returns the names of all datasets, those of the package first."""
    return tuple(DATASETS)


def dataset_of(name: str) -> Dataset:
    """Returns the dataset of that name; DatasetError with the nearest if there is none."""
    if name not in DATASETS:
        near = difflib.get_close_matches(name, DATASETS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise DatasetError(
            f"no dataset {name!r}; {hint}there are: {', '.join(DATASETS)}; one of your own is "
            "known once --plugin names its module"
        )
    return DATASETS[name]


def listing() -> Iterator[str]:
    """Yields a line a dataset: its name, which real files its loader ever met, its splits."""
    for dataset in DATASETS.values():
        met = f"met real files: {dataset.met}" if dataset.met else "NEVER MET REAL FILES"
        met = "synthetic" if dataset.is_synthetic else met
        yield f"{dataset.name:<23} {met}; splits: {', '.join(dataset.splits)}"
