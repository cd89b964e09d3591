"""Every value of a prepared row is checked before a batch is made of it.

What is wrong with the whole file - no such column, another type - is an error at once.
A row with a value that cannot be is rejected: counted and left out, up to a share.
"""

import dataclasses
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa

from ranker.input.rule import Rule, fits, named, shown
from ranker.wording import listed


@dataclasses.dataclass(frozen=True, kw_only=True)
class Violation:
    """What was wrong in one column: in how many rows, and the first of them.

    Attributes:
      column, value, must: which, what stood there, and what it must be.
      row_group, row: where: both counted from 0, the row from the file's first.
      num_rows: how many rows were rejected for this column.
      file: the name of the file, if the split has several; else "".
    """

    column: str
    value: str
    must: str
    row_group: int
    row: int
    num_rows: int
    file: str = ""

    def __str__(self) -> str:
        location = f"row {self.row} of {self.file or 'the file'}, in row group {self.row_group}"
        return f"{self.num_rows} in {self.column} ({location}: {self.value} {self.must})"


@dataclasses.dataclass(frozen=True, kw_only=True)
class SplitAccount:
    """The rows of a split that were left out, and why.

    Attributes:
      path: its file, or the folder of its files.
      num_read, num_rejected: rows in it, and those left out.
      violations: by column, in the order they were met; a row may be in several.
    """

    path: Path
    num_read: int = 0
    num_rejected: int = 0
    violations: tuple[Violation, ...] = ()

    def __str__(self) -> str:
        what = "; ".join(map(str, self.violations))
        are = "is" if self.num_rejected == 1 else "are"
        return f"{self.path}: {self.num_rejected} of {self.num_read} rows {are} rejected: {what}"

    def as_json(self) -> dict[str, object]:
        """Returns the account for an event."""
        violations = [dataclasses.asdict(violation) for violation in self.violations]
        for violation in violations:
            if not violation["file"]:
                del violation["file"]
        return {
            "num_rows": self.num_read,
            "num_rejected": self.num_rejected,
            "violations": violations,
        }

    def check(self, *, max_rejected_rows: float) -> Self:
        """Returns the account, if no more rows are rejected than may be.

        Args:
          max_rejected_rows: the largest share of the rows that may be.

        Raises:
          ValueError: with the account, if there are no rows, or more of them are rejected.
        """
        if not self.num_read:
            raise ValueError(f"{self.path}: no rows")
        if self.num_rejected > max_rejected_rows * self.num_read:
            raise ValueError(
                f"{self}; at most a share of {max_rejected_rows:g} may be: fix the data, or allow "
                'more with data.max_rejected_rows and data.rejected_rows = "refuse"'
            )
        return self


def joined(path: Path, accounts: Sequence[SplitAccount]) -> SplitAccount:
    """Returns the accounts of the files in the folder `path` as one."""
    violations: dict[str, Violation] = {}
    for account in accounts:
        for found in account.violations:
            first = violations.get(found.column)
            violations[found.column] = (
                dataclasses.replace(first, num_rows=first.num_rows + found.num_rows)
                if first
                else dataclasses.replace(found, file=account.path.name)
            )
    return SplitAccount(
        path=path,
        num_read=sum(account.num_read for account in accounts),
        num_rejected=sum(account.num_rejected for account in accounts),
        violations=tuple(violations.values()),
    )


class RowValidator:
    """Filters the valid rows of one file, and keeps account of the others.

    Attributes:
      columns: those that it checks and returns.
      num_valid: valid rows, by row group.
    """

    def __init__(self, path: Path, columns: pa.Schema, rules: list[Rule]) -> None:
        """Holds the file's columns against the rules.

        Raises:
          ValueError: naming the file and the column that is missing or of another type.
        """
        self._path = path
        self._rules = rules
        self.columns = [rule.column for rule in rules]
        self._violations: dict[str, Violation] = {}
        self._num_read = self._num_rejected = 0
        self.num_valid: Counter[int] = Counter()
        missing = [rule.column for rule in rules if rule.column not in columns.names]
        if missing:
            raise ValueError(
                f"{path}: no column {', '.join(missing)}; it has: {listed(columns.names)}"
            )
        for rule in rules:
            found = columns.field(rule.column).type
            if not fits(found, rule.kind):
                raise ValueError(
                    f"{path}: column {rule.column} holds {found}, and must hold {named(rule.kind)}"
                )

    def filter_valid(self, batch: pa.RecordBatch, *, row_group: int) -> pa.Table:
        """Returns the valid rows, [M], of `batch`, [N]: the columns of the rules in their types."""
        # Not safe: an integer becomes the nearest float32, and one too large for it infinite.
        columns = {r.column: batch.column(r.column).cast(r.kind, safe=False) for r in self._rules}
        is_bad = None
        for rule in self._rules:
            mask = rule.is_bad(columns[rule.column])
            if mask is not None:
                value = batch.column(rule.column)[int(mask.argmax())]
                self._note(rule, mask, value=shown(value), row_group=row_group)
                is_bad = mask if is_bad is None else is_bad | mask
        self._num_read += len(batch)
        table = pa.table(columns)
        if is_bad is not None:
            self._num_rejected += int(is_bad.sum())
            table = table.filter(pa.array(~is_bad))
        self.num_valid[row_group] += len(table)
        return table

    def account(self) -> SplitAccount:
        """Returns what was wrong in the rows so far."""
        return SplitAccount(
            path=self._path,
            num_read=self._num_read,
            num_rejected=self._num_rejected,
            violations=tuple(self._violations.values()),
        )

    def _note(self, rule: Rule, mask: np.ndarray, *, value: str, row_group: int) -> None:
        first = self._violations.get(rule.column) or Violation(
            column=rule.column,
            value=value,
            must=rule.must,
            row_group=row_group,
            row=self._num_read + int(mask.argmax()),
            num_rows=0,
        )
        total = first.num_rows + int(mask.sum())
        self._violations[rule.column] = dataclasses.replace(first, num_rows=total)
