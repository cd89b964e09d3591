"""KuaiRand, its three sizes, from the files of its authors.

Source: Gao et al. 2022, "KuaiRand: An Unbiased Sequential Recommendation Dataset with
Randomly Exposed Videos", CIKM '22, https://doi.org/10.1145/3511808.3557624; the columns
as the dataset's own README describes them. What a person has to know is in data/README.md.
"""

from ranker.datasets.kuairand.write import write

__all__ = ["write"]
