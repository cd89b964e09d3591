"""A table of one's own: files of rows, and a spec that says what their columns are.

`ranker.spec.table` declares the spec.
"""

from ranker.datasets.contract import Dataset

DATASETS = (
    Dataset(
        name="table",
        load="ranker.datasets.table.examples:load",
        splits=("global-temporal", "window", "user-temporal", "random-user", "random"),
        met="whatever its spec names",
        adapt="ranker.datasets.table.specs:adapt",
    ),
)
