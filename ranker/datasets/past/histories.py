"""Histories as indices in what users did, copied out only for the rows that are written."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from ranker.datasets.past.forward import Events, Found, Tails, Window


class Lists(NamedTuple):
    """Lists that are not copied out yet: indices in one array, the latest first.

    Attributes:
      values: those of all groups of a window; of a dictionary where they are dear to copy. [V]
      starts, lengths: event i has values[starts[i]:starts[i] + lengths[i]]. [M]
    """

    values: pa.Array
    starts: np.ndarray
    lengths: np.ndarray

    def at(self, indices: np.ndarray) -> "Lists":
        """Returns the lists of the events at these indices, int [P], or where true, bool [M]."""
        return self._replace(starts=self.starts[indices], lengths=self.lengths[indices])

    def copied(self, indices: np.ndarray) -> pa.Array:
        """Returns the lists, [P], of the events at these indices, int [P], of words or numbers."""
        starts, lengths = self.starts[indices], self.lengths[indices]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        chosen = np.repeat(starts.astype(np.int32) - offsets[:-1], lengths)
        chosen += np.arange(len(chosen), dtype=np.int32)
        values = self.values.take(pa.array(chosen))
        if pa.types.is_dictionary(values.type) and len(values) < len(values.dictionary):
            values = values.dictionary_decode().dictionary_encode()  # of these words alone
        return pa.ListArray.from_arrays(pa.array(offsets), values)


def spelt_out(lists: pa.Array) -> pa.Array:
    """Returns lists, [P], without the dictionary that they may be of."""
    if not pa.types.is_dictionary(lists.type.value_type):
        return lists
    return pa.ListArray.from_arrays(lists.offsets, lists.values.dictionary_decode())


def lists_of(found: Found, names: pa.Array) -> Lists:
    """Returns the found numbers, of M events, as what they are the indices of in `names`, [I]."""
    latest_first = pa.array(found.values[::-1])
    if pa.types.is_string(names.type):  # copied once, not twice
        latest_first = pa.DictionaryArray.from_arrays(latest_first, names)
    else:
        latest_first = names.take(latest_first)
    return Lists(latest_first, len(found.values) - found.until, found.length)


class Histories:
    """The last items of each user, by what became of them, going forward in time."""

    def __init__(
        self, max_lengths: Mapping[str, int], *, num_users: int, item_ids: np.ndarray
    ) -> None:
        """Remembers nothing yet.

        Args:
          max_lengths: by the name of a history, the most items that a list of it has.
          item_ids: by the number of an item. [I]
        """
        self._tails = {
            name: Tails(num_users, max_length=length) for name, length in max_lengths.items()
        }
        self._item_ids = pa.array(item_ids)

    def advance(
        self, events: Events, *, is_known: np.ndarray, are_meant: Mapping[str, np.ndarray]
    ) -> dict[str, Lists]:
        """Returns the histories of the next M events, by name, then remembers those known.

        Args:
          events: in order of time, no second divided between two calls.
          is_known: which events those after them may know of. [M]
          are_meant: by name, which of those this history holds. [M]
        """
        if not self._tails:
            return {}
        by_user = Window(events.user, events.time, is_known=is_known)
        return {
            name: lists_of(tail.advance(by_user.only(are_meant[name]), events.item), self._item_ids)
            for name, tail in self._tails.items()
        }
