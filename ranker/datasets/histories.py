"""Histories as places in what users did, copied out only for the rows that are written."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from ranker.datasets.forward import Found


class Histories(NamedTuple):
    """Lists of ids that are not copied out yet: places in one array, the latest first.

    Attributes:
      ids: of all users of a window.
      starts, lengths: event i has ids[starts[i]:starts[i] + lengths[i]]. [M]
    """

    ids: pa.Array
    starts: np.ndarray
    lengths: np.ndarray

    def copied(self, places: np.ndarray) -> pa.Array:
        """Returns the lists of the events at these places."""
        lengths = self.lengths[places]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        chosen = np.repeat(self.starts[places].astype(np.int32) - offsets[:-1], lengths)
        chosen += np.arange(len(chosen), dtype=np.int32)
        return lists(self.ids.take(pa.array(chosen)), offsets)


def histories_of(found: Found, ids: np.ndarray) -> Histories:
    """Returns the found numbers as the ids that they are the numbers of."""
    latest_first = pa.array(ids[found.values[::-1]])
    return Histories(latest_first, len(found.values) - found.until, found.length)


def lists(values: pa.Array, offsets: np.ndarray) -> pa.Array:
    """Returns the lists of values that end where the next offset, int32, is."""
    return pa.ListArray.from_arrays(pa.array(offsets), values)
