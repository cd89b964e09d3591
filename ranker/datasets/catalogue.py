"""Which datasets there are, and what may be asked of each."""

import dataclasses

from ranker.datasets.editions import EDITIONS
from ranker.datasets.errors import DatasetError

ALICCP = "ali-ccp"
ALIEXPRESS = "aliexpress"
BYTEREC = "byterec"
CENSUS = "census"
KUAIRAND = "kuairand"
MOVIELENS = "movielens"
SIMULATED = "simulated"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Dataset:
    """One dataset that can be prepared.

    Attributes:
      name: as on the command line.
      family: whose loader it has.
      splits: those it allows, its own choice first.
      num_rows: of its published files, as its authors state them; 0 where they change, or
        nobody counted.
      is_logged: whether its rows are what users were shown, so that none is sampled.
    """

    name: str
    family: str
    splits: tuple[str, ...]
    num_rows: int = 0
    is_logged: bool = True


_BY_TIME = ("global-temporal", "user-temporal", "random", "window")
_ALL = (
    *(
        Dataset(
            name=name,
            family=MOVIELENS,
            splits=("user-temporal", "global-temporal", "random", "window"),
            num_rows=edition.num_ratings,
            is_logged=False,
        )
        for name, edition in EDITIONS.items()
    ),
    *(
        Dataset(name=f"kuairand-{size}", family=KUAIRAND, splits=_BY_TIME, num_rows=num_rows)
        for size, num_rows in (("pure", 1_436_609), ("1k", 11_713_045), ("27k", 322_278_385))
    ),
    Dataset(name="census-income", family=CENSUS, splits=("published",), num_rows=199_523 + 99_762),
    *(
        Dataset(name=f"aliexpress-{country}", family=ALIEXPRESS, splits=("published",))
        for country in ("nl", "es", "fr", "us", "ru")
    ),
    Dataset(name="ali-ccp", family=ALICCP, splits=("published",)),
    Dataset(name="byterec", family=BYTEREC, splits=("random", "global-temporal")),
    Dataset(name="movielens-like", family=SIMULATED, splits=("global-temporal", "window")),
)

DATASETS = {dataset.name: dataset for dataset in _ALL}


def dataset_of(name: str) -> Dataset:
    """Returns the dataset of that name; DatasetError naming all of them if there is none."""
    if name not in DATASETS:
        raise DatasetError(f"no dataset {name!r}; there are: {', '.join(DATASETS)}")
    return DATASETS[name]
