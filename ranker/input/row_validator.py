"""The door: every value of a prepared row is checked before a batch is made of it.

What is wrong with the whole file - no such column, another type - is an error at once.
A row with a value that cannot be is bad: it is counted and left out, up to a share.
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
class Finding:
    """What was bad in one column: in how many rows, and the first of them.

    Attributes:
      column, value, must: which, what stood there, and what it must be.
      row_group, row: where: both counted from 0, the row from the file's first.
      num_rows: how many rows were bad in this column.
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
        place = f"row {self.row} of {self.file or 'the file'}, in row group {self.row_group}"
        return f"{self.num_rows} in {self.column} ({place}: {self.value} {self.must})"


@dataclasses.dataclass(frozen=True, kw_only=True)
class BadRows:
    """The rows of a split that were left out, and why.

    Attributes:
      path: its file, or the folder of its files.
      num_read, num_bad: rows in it, and those left out.
      findings: by column, in the order they were met; a row may be in several.
    """

    path: Path
    num_read: int = 0
    num_bad: int = 0
    findings: tuple[Finding, ...] = ()

    def __str__(self) -> str:
        what = "; ".join(map(str, self.findings))
        are = "is" if self.num_bad == 1 else "are"
        return f"{self.path}: {self.num_bad} of {self.num_read} rows {are} bad: {what}"

    def as_json(self) -> dict[str, object]:
        """Returns the account for an event."""
        findings = [dataclasses.asdict(finding) for finding in self.findings]
        for finding in findings:
            if not finding["file"]:
                del finding["file"]
        return {"num_rows": self.num_read, "num_bad": self.num_bad, "findings": findings}

    def check(self, *, max_bad_rows: float) -> Self:
        """Returns the account, if no more rows are bad than may be.

        Args:
          max_bad_rows: the largest share of the rows that may be bad.

        Raises:
          ValueError: with the account, if there are no rows, or more of them are bad.
        """
        if not self.num_read:
            raise ValueError(f"{self.path}: no rows")
        if self.num_bad > max_bad_rows * self.num_read:
            raise ValueError(
                f"{self}; at most a share of {max_bad_rows:g} may be: mend the data, or allow "
                'more with data.max_bad_rows and data.bad_rows = "refuse"'
            )
        return self


def joined(path: Path, accounts: Sequence[BadRows]) -> BadRows:
    """Returns the accounts of the files in the folder `path` as one."""
    findings: dict[str, Finding] = {}
    for account in accounts:
        for found in account.findings:
            first = findings.get(found.column)
            findings[found.column] = (
                dataclasses.replace(first, num_rows=first.num_rows + found.num_rows)
                if first
                else dataclasses.replace(found, file=account.path.name)
            )
    return BadRows(
        path=path,
        num_read=sum(account.num_read for account in accounts),
        num_bad=sum(account.num_bad for account in accounts),
        findings=tuple(findings.values()),
    )


class Door:
    """Lets the good rows of one file through, and keeps account of the others.

    Attributes:
      columns: those that it looks at and lets through.
      num_good: rows it let through, by row group.
    """

    def __init__(self, path: Path, columns: pa.Schema, rules: list[Rule]) -> None:
        """Holds the file's columns against the rules.

        Raises:
          ValueError: naming the file and the column that is missing or of another type.
        """
        self._path = path
        self._rules = rules
        self.columns = [rule.column for rule in rules]
        self._findings: dict[str, Finding] = {}
        self._num_read = self._num_bad = 0
        self.num_good: Counter[int] = Counter()
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

    def admit(self, batch: pa.RecordBatch, *, row_group: int) -> pa.Table:
        """Returns the good rows, [M], of `batch`, [N]: the columns of the rules in their types."""
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
            self._num_bad += int(is_bad.sum())
            table = table.filter(pa.array(~is_bad))
        self.num_good[row_group] += len(table)
        return table

    def account(self) -> BadRows:
        """Returns what was bad in the rows that have been through."""
        return BadRows(
            path=self._path,
            num_read=self._num_read,
            num_bad=self._num_bad,
            findings=tuple(self._findings.values()),
        )

    def _note(self, rule: Rule, mask: np.ndarray, *, value: str, row_group: int) -> None:
        first = self._findings.get(rule.column) or Finding(
            column=rule.column,
            value=value,
            must=rule.must,
            row_group=row_group,
            row=self._num_read + int(mask.argmax()),
            num_rows=0,
        )
        total = first.num_rows + int(mask.sum())
        self._findings[rule.column] = dataclasses.replace(first, num_rows=total)
