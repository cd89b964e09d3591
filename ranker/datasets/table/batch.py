"""Consecutive rows of one file, as they are read."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa


class Batch(NamedTuple):
    """Consecutive rows of one file.

    Attributes:
      columns: by name, [N], of the types of `types.canonical`.
      num_rows: N.
      location: where the first row stands, such as "row group 3, row " and 17.
      start: number of that row there, from 1.
      bad: by column, where its values are not what they should be, bool [N], and what they are.
      stored: the columns as the file has them, [N], but those of its folders.
    """

    columns: Mapping[str, pa.Array]
    num_rows: int
    location: str
    start: int
    bad: Mapping[str, tuple[np.ndarray, str]]
    stored: pa.Table


def spelt_out(column: Any) -> Any:
    """Returns a column, [N], without the dictionary that it may be of."""
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
