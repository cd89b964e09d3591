"""Census-Income (KDD), from the UCI repository's two files: income and marital status."""

from ranker.datasets.contract import Dataset

DATASETS = (
    Dataset(
        name="census-income",
        load="ranker.datasets.public.census.examples:load",
        splits=("published",),
        met="a sample of 200 rows, of a copy whose lines had numbers; not the two published files",
        num_rows=199_523 + 99_762,
    ),
)
