"""An external sort: records kept on disk by the hour, read back in order of time."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

_HOUR_MS = 3_600_000


class ExternalSort:
    """Records with a field `time`, in milliseconds, gone through hour by hour.

    An hour is what memory must hold: of 322 million rows in a month, about a million.
    """

    def __init__(self, folder: Path, kind: np.dtype, *, same: tuple[str, ...]) -> None:
        """Keeps its files in `folder`, which must exist and be empty.

        Args:
          kind: of a record; a structure with a field `time`, int64.
          same: the fields, `time` among them, by which records are of one event.
        """
        self._folder = folder
        self._kind = kind
        self._same = same
        self._hours: set[int] = set()

    def add(self, records: np.ndarray) -> None:
        """Takes records, [N], in any order of time."""
        hours = records["time"] // _HOUR_MS
        order = np.argsort(hours, kind="stable")
        numbers, starts = np.unique(hours[order], return_index=True)
        ends = [*starts[1:], len(order)]
        for number, start, end in zip(numbers.tolist(), starts, ends, strict=False):
            group = order[start:end]
            self._hours.add(number)
            with self._path(number).open("ab") as file:
                file.write(records[group].tobytes())

    def finish(self, on_repeats: Callable[[np.ndarray], None]) -> "Ordered":
        """Returns the records in order of time, ties in the order they came, each event once.

        Args:
          on_repeats: is given, hour by hour, the records, [R], R >= 0, of an event that an
            earlier one is of.
        """
        path = self._folder / "ordered"
        ends = [0]
        with path.open("wb") as file:
            for number in sorted(self._hours):
                records = np.fromfile(self._path(number), self._kind)
                self._path(number).unlink()
                is_repeat = _are_repeats(records, self._same)
                on_repeats(records[is_repeat])
                records = records[~is_repeat]
                records = records[np.argsort(records["time"], kind="stable")]
                file.write(records.tobytes())
                ends.append(ends[-1] + len(records))
        return Ordered(np.memmap(path, self._kind, mode="r"), ends)

    def _path(self, hour: int) -> Path:
        return self._folder / f"hour-{hour}"


class Ordered:
    """Records in order of time, on disk.

    Attributes:
      records: all of them, [N], mapped into memory.
    """

    def __init__(self, records: np.ndarray, ends: list[int]) -> None:
        """Takes the records, and where each hour ends, from 0 on."""
        self.records = records
        self._ends = ends

    def hours(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Yields, hour by hour, where it stands among all records, and a copy of its own, [H]."""
        for start, stop in zip(self._ends[:-1], self._ends[1:], strict=True):
            where = slice(start, stop)
            yield where, np.array(self.records[where])


def _are_repeats(records: np.ndarray, same: tuple[str, ...]) -> np.ndarray:
    order = np.lexsort([records[name] for name in same])  # stable: as they came
    is_repeat = np.zeros(len(records), bool)
    equal = [records[name][order[1:]] == records[name][order[:-1]] for name in same]
    is_repeat[order[1:]] = np.logical_and.reduce(equal)
    return is_repeat
