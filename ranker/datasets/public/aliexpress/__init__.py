"""AliExpress' search logs of five countries: click, and click and purchase."""

from ranker.datasets.contract import Dataset

DATASETS = tuple(
    Dataset(
        name=f"aliexpress-{country}",
        load="ranker.datasets.public.aliexpress.examples:load",
        splits=("published",),
        met="120 rows of one country in the joined layout, none in the published one",
    )
    for country in ("nl", "es", "fr", "us", "ru")
)
