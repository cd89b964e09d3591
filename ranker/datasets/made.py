"""What a loader hands back, once its rows are written."""

from collections.abc import Mapping
from typing import NamedTuple

from ranker.datasets.refusals import Refusals


class Made(NamedTuple):
    """Of a dataset whose Parquet files, vocabularies and schema are written.

    Attributes:
      refusals: of each file that was read.
      labels: by task, in the order of the columns, what the label is, in words.
      absent: files of the published dataset that were not there, and not needed.
      truth: of rows that were made up, what the best possible scores come to.
      num_read: rows of the files that hold examples, to be held against how many were
        published; 0 if that is not known.
    """

    refusals: tuple[Refusals, ...]
    labels: Mapping[str, str]
    absent: tuple[str, ...] = ()
    truth: Mapping[str, object] | None = None
    num_read: int = 0
