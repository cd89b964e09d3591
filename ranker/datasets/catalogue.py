"""Which datasets there are: a line for each folder that declares some."""

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
)

DATASETS: dict[str, Dataset] = {
    dataset.name: dataset
    for folder in _FOLDERS
    for dataset in import_module(f"ranker.datasets.{folder}").DATASETS
}


def dataset_of(name: str) -> Dataset:
    """Returns the dataset of that name; DatasetError naming all of them if there is none."""
    if name not in DATASETS:
        raise DatasetError(f"no dataset {name!r}; there are: {', '.join(DATASETS)}")
    return DATASETS[name]


def listing() -> Iterator[str]:
    """Yields a line a dataset: its name, which real files its loader ever met, its splits."""
    for dataset in DATASETS.values():
        met = f"met real files: {dataset.met}" if dataset.met else "NEVER MET REAL FILES"
        met = "synthetic" if dataset.is_synthetic else met
        yield f"{dataset.name:<23} {met}; splits: {', '.join(dataset.splits)}"
