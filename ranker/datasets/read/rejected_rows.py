"""Rows that are not what they should be: rejected, counted by reason, up to a share."""

import collections

from ranker.datasets.errors import DatasetError


class RejectedRows:
    """Counts the rows of one file: read, and rejected by reason.

    Attributes:
      file: the file's name, as messages give it.
      num_read: rows read so far, header apart.
      first: by reason, a sentence on the first row rejected for it.
      num_repeats: rows that repeat an earlier one, and are left out.
        They are counted apart: nothing is lost with them, so no share bounds them.
    """

    def __init__(self, file: str, *, max_share: float) -> None:
        self.file = file
        self.num_read = 0
        self.counts: collections.Counter[str] = collections.Counter()
        self.first: dict[str, str] = {}
        self.num_repeats = 0
        self._first_repeat = ""
        self._max_share = max_share

    def add(
        self, reason: str, *, line: int, problem: str, count: int = 1, location: str = ""
    ) -> None:
        """Counts `count` rows rejected for `reason`, the first at `line`, or at `location`."""
        self.counts[reason] += count
        self.first.setdefault(reason, f"{self.file}, {location or f'line {line}'}: {problem}")

    def add_repeats(self, count: int, *, line: int, problem: str) -> None:
        """Counts `count` rows that repeat an earlier one, the first of them at `line`."""
        if count:
            self.num_repeats += count
            self._first_repeat = self._first_repeat or f"{self.file}, line {line}: {problem}"

    def check(self, *, may_be_empty: bool = False) -> None:
        """Raises DatasetError if nothing was read, or more was rejected than may be."""
        if not self.num_read and not may_be_empty:
            raise DatasetError(f"{self.file}: empty file: it holds no rows")
        rejected = self.counts.total()
        if rejected > self._max_share * self.num_read:
            reasons = "; ".join(
                f"{count} for {reason} ({self.first[reason]})"
                for reason, count in self.counts.most_common()
            )
            raise DatasetError(
                f"{self.file}: {rejected} of {self.num_read} rows rejected, more than "
                f"max_rejected_rows = {self._max_share} allows: {reasons}"
            )

    def report(self) -> dict[str, object]:
        """Returns the counts for a manifest."""
        rejected = {
            reason: {"rows": count, "first": self.first[reason]}
            for reason, count in self.counts.most_common()
        }
        report: dict[str, object] = {
            "read": self.num_read,
            "kept": self.num_read - self.counts.total() - self.num_repeats,
            "rejected": rejected,
        }
        if self.num_repeats:
            report["repeated"] = {"rows": self.num_repeats, "first": self._first_repeat}
        return report
