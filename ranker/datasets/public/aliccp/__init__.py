"""Ali-CCP (Alibaba Click and Conversion Prediction): click, and click and purchase."""

from ranker.datasets.contract import Dataset

DATASETS = (
    Dataset(
        name="ali-ccp",
        load="ranker.datasets.public.aliccp.examples:load",
        splits=("published",),
        met="",
    ),
)
