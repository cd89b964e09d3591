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
    """

    refusals: tuple[Refusals, ...]
    labels: Mapping[str, str]
    absent: tuple[str, ...] = ()
    truth: Mapping[str, object] | None = None
