"""ByteDance's short videos (ICME 2019 challenge, track 2): watched to the end, liked."""

from ranker.datasets.contract import Dataset

DATASETS = (
    Dataset(
        name="byterec",
        load="ranker.datasets.public.byterec.examples:load",
        splits=("random", "global-temporal"),
        met="a sample of 200 rows",
    ),
)
