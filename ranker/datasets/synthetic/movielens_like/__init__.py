"""A synthetic dataset of any size, whose best possible AUC and RMSE are known."""

from ranker.datasets.contract import Dataset

DATASETS = (
    Dataset(
        name="movielens-like",
        load="ranker.datasets.synthetic.movielens_like.examples:load",
        splits=("global-temporal", "window"),
        met="",
        is_synthetic=True,
    ),
)
