"""The door: every value of a prepared row is checked before a batch is made of it.

What is wrong with the whole file - no such column, another type - is an error at once.
A row with a value that cannot be is bad: it is counted and left out, up to a share.
"""

import dataclasses
from pathlib import Path

import numpy as np
import pyarrow as pa

from ranker.input.rules import Rule, fits, named, shown


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """What was bad in one column: in how many rows, and the first of them.

    Attributes:
      column, value, must: which, what stood there, and what it must be.
      row_group, row: where: both counted from 0, the row from the file's first.
      num_rows: how many rows were bad in this column.
    """

    column: str
    value: str
    must: str
    row_group: int
    row: int
    num_rows: int

    def __str__(self) -> str:
        place = f"row {self.row} of row group {self.row_group}"
        return f"{self.num_rows} in {self.column} ({place}: {self.value} {self.must})"


@dataclasses.dataclass(frozen=True, kw_only=True)
class BadRows:
    """The rows of one file that were left out, and why.

    Attributes:
      path: the file.
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
        return {"num_rows": self.num_read, "num_bad": self.num_bad, "findings": findings}


class Door:
    """Lets the good rows of one file through, and keeps account of the others.

    Attributes:
      columns: those that it looks at and lets through.
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
        missing = [rule.column for rule in rules if rule.column not in columns.names]
        if missing:
            raise ValueError(
                f"{path}: no column {', '.join(missing)}; it has: {', '.join(columns.names):.300}"
            )
        for rule in rules:
            found = columns.field(rule.column).type
            if not fits(found, rule.kind):
                raise ValueError(
                    f"{path}: column {rule.column} holds {found}, and must hold {named(rule.kind)}"
                )

    def admit(self, batch: pa.RecordBatch, *, row_group: int) -> pa.Table:
        """Returns the good rows of `batch`, with the columns of the rules in their types."""
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
        if is_bad is None:
            return table
        self._num_bad += int(is_bad.sum())
        return table.filter(pa.array(~is_bad))

    def close(self, *, max_bad_rows: float) -> BadRows:
        """Returns the account, once every row has been through.

        Args:
          max_bad_rows: the largest share of the file's rows that may be bad.

        Raises:
          ValueError: with the account, if there are no rows, or more of them are bad.
        """
        if not self._num_read:
            raise ValueError(f"{self._path}: no rows")
        account = BadRows(
            path=self._path,
            num_read=self._num_read,
            num_bad=self._num_bad,
            findings=tuple(self._findings.values()),
        )
        if self._num_bad > max_bad_rows * self._num_read:
            raise ValueError(
                f"{account}; at most a share of {max_bad_rows:g} may be: mend the data, or allow "
                'more with data.max_bad_rows and data.bad_rows = "refuse"'
            )
        return account

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
