"""KuaiRand, its three sizes, from the files of its authors.

Source: Gao et al. 2022, "KuaiRand: An Unbiased Sequential Recommendation Dataset with
Randomly Exposed Videos", CIKM '22, https://doi.org/10.1145/3511808.3557624; the columns
as the dataset's own README describes them. What a person has to know is in data/README.md.
"""

from ranker.datasets.contract import Dataset

_SIZES = {
    "pure": (1_436_609, "one of its two logs, 222,444 rows, and both tables"),
    "1k": (11_713_045, ""),
    "27k": (322_278_385, ""),
}

DATASETS = tuple(
    Dataset(
        name=f"kuairand-{size}",
        load="ranker.datasets.public.kuairand.examples:load",
        splits=("global-temporal", "user-temporal", "random", "window"),
        met=met,
        num_rows=num_rows,
    )
    for size, (num_rows, met) in _SIZES.items()
)
