"""Faults of the data's order, on the host: which rows a batch is made of."""

import functools
from collections.abc import Callable, Sequence
from typing import ClassVar

import numpy as np

from ranker.inject.injector import RangedFault
from ranker.spec import inject, inject_training
from ranker.spec.part import act

Rows = Callable[[np.ndarray], np.ndarray]


class Ages:
    """The orders of a split's rows by age, each made when it is first asked for."""

    def __init__(self, times: np.ndarray, items: np.ndarray) -> None:
        """Takes, of each row [N], when it came, and its item as any integer."""
        self._times = times
        self._items = items

    def order(self, by: str) -> np.ndarray:
        """Returns the rows [N] by "time" or "item_age"."""
        return self._by_time if by == "time" else self._by_item_age

    @functools.cached_property
    def _by_time(self) -> np.ndarray:
        return np.argsort(self._times, kind="stable")

    @functools.cached_property
    def _by_item_age(self) -> np.ndarray:
        """The rows by the time since their item's first row."""
        _, item = np.unique(self._items, return_inverse=True)
        first = np.full(len(self._items), np.iinfo(np.int64).max)
        np.minimum.at(first, item, self._times)
        return np.argsort(self._times - first[item], kind="stable")


class OrderFault(RangedFault):
    """A fault of which rows the batches [start, stop) hold.

    Attributes:
      needs_all_rows: whether it looks at rows beside those that its batches would have held.
    """

    needs_all_rows: ClassVar[bool] = False

    def rows(
        self, indices: np.ndarray, batch_size: int, *, regular: Rows, ages: Ages
    ) -> np.ndarray:
        """Returns the rows at `indices` of the stream, all inside the range.

        Args:
          indices: int64 [M]; batch n is indices [n * batch_size, (n + 1) * batch_size).
          regular: the rows that would be at indices.
          ages: of all rows.
        """
        del batch_size, ages
        return regular(indices)


class OrderShiftInjector(inject_training.OrderShift, OrderFault):
    """`ranker.spec.inject_training.OrderShift`.

    Source: Tang et al. 2023, arXiv:2302.09178, on why recommenders diverge: sequential
    training meets sudden changes of the distribution.
    """

    needs_all_rows: ClassVar[bool] = True

    def rows(
        self, indices: np.ndarray, batch_size: int, *, regular: Rows, ages: Ages
    ) -> np.ndarray:
        """Returns the rows [M] of the other order."""
        del regular
        order = ages.order(self.order)
        return order[(indices - self.start * batch_size) % len(order)]


class RepeatedShardInjector(inject_training.RepeatedShard, OrderFault):
    """`ranker.spec.inject_training.RepeatedShard`."""

    def rows(
        self, indices: np.ndarray, batch_size: int, *, regular: Rows, ages: Ages
    ) -> np.ndarray:
        """Returns the rows [M] of the batches before the range."""
        del ages
        start, length = int(self.start) * batch_size, self.batches * batch_size
        return regular(start - length + (indices - start) % length)


class RepeatedRowInjector(inject_training.RepeatedRow, OrderFault):
    """`ranker.spec.inject_training.RepeatedRow`."""

    def rows(
        self, indices: np.ndarray, batch_size: int, *, regular: Rows, ages: Ages
    ) -> np.ndarray:
        """Returns one row, as often as `indices` [M] asks."""
        del ages
        return regular(np.full_like(indices, int(self.start) * batch_size))


class Reordering:
    """What a stream asks for the rows at its indices: order faults applied to its own."""

    def __init__(
        self, injectors: Sequence[inject.Injector], *, batch_size: int, ages: Ages
    ) -> None:
        """Takes the faults of the order among `injectors`; a later one reads what those
        before it leave."""
        acting = [act(injector) for injector in injectors]
        self._faults = [fault for fault in acting if isinstance(fault, OrderFault)]
        self._batch_size = batch_size
        self._ages = ages

    def rows(self, indices: np.ndarray, regular: Rows) -> np.ndarray:
        """Returns the rows at `indices` [M] of the stream; `regular` gives its own at any."""
        rows = regular
        for fault in self._faults:
            rows = self._corrupted(fault, rows)
        return rows(indices)

    def _corrupted(self, fault: OrderFault, regular: Rows) -> Rows:
        def rows(indices: np.ndarray) -> np.ndarray:
            number = indices // self._batch_size
            is_inside = (number >= fault.start) & (number < fault.stop)
            found = np.empty_like(indices)
            found[~is_inside] = regular(indices[~is_inside])
            if is_inside.any():
                found[is_inside] = fault.rows(
                    indices[is_inside], self._batch_size, regular=regular, ages=self._ages
                )
            return found

        return rows
