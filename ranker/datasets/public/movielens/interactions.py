"""What a reader returns: who rated what, how and when, and what is known of both."""

import dataclasses
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from ranker.datasets.past.forward import Events


@dataclasses.dataclass(frozen=True, kw_only=True)
class Entities:
    """Users or items, and what is known of them.

    Attributes:
      ids: int64 [N], ascending; an entity's number is its index here.
      columns: by feature name, an array [N] of strings, int64 or lists of strings.
    """

    ids: np.ndarray
    columns: Mapping[str, pa.Array]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tags:
    """Words given to items: `names[word[i]]` to item `item[i]` at `time[i]`; in no order."""

    item: np.ndarray
    word: np.ndarray
    time: np.ndarray
    names: pa.Array


@dataclasses.dataclass(frozen=True, kw_only=True)
class Interactions:
    """Checked rows in order of time, ties in file order.

    Attributes:
      user, item: int32 [N], numbers into `users` and `items`.
      rating: float32 [N], stars.
      time: int64 [N], Unix seconds.
      users, items, tags: what is known of them; None for a dataset without tags.
      lowest, highest, step: of the rating scale.
    """

    user: np.ndarray
    item: np.ndarray
    rating: np.ndarray
    time: np.ndarray
    users: Entities
    items: Entities
    tags: Tags | None
    lowest: float
    highest: float
    step: float

    def events(self, rows: slice) -> Events:
        """Returns who rated what when, of these rows."""
        return Events(self.user[rows], self.item[rows], self.time[rows])
