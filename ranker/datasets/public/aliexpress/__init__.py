"""AliExpress' search logs of five countries: click, and click and purchase."""

from ranker.datasets.contract import Dataset

DATASETS = tuple(
    Dataset(
        name=f"aliexpress-{country}",
        load="ranker.datasets.public.aliexpress.examples:load",
        splits=("published",),
        met="a sample of 120 rows of the joined layout, none of the published one",
    )
    for country in ("nl", "es", "fr", "us", "ru")
)
