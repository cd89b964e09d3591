"""MovieLens, every edition, from GroupLens' files; 100K also from RecBole's atomic files.

Source: Harper and Konstan 2015, "The MovieLens Datasets: History and Context",
https://doi.org/10.1145/2827872. What a person has to know is in data/README.md.
"""

from ranker.datasets.contract import Archive, Dataset
from ranker.datasets.public.movielens.editions import EDITIONS, WHEELS

_GROUPLENS = "https://files.grouplens.org/datasets/movielens/"

DATASETS = tuple(
    Dataset(
        name=name,
        load="ranker.datasets.public.movielens.examples:load",
        splits=("user-temporal", "global-temporal", "random", "window"),
        met=edition.met,
        num_rows=edition.num_ratings,
        is_logged=False,
        archive=Archive(_GROUPLENS + edition.archive, edition.md5, WHEELS.get(name)),
    )
    for name, edition in EDITIONS.items()
)
