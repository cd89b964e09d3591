"""What a table of one's own says: where its rows are, and what each column is to the ranker.

`--dataset=table --spec=FILE` reads one of these. Features are in `ranker.spec.table_features`,
those of the past in `ranker.spec.table_past`.
"""

import dataclasses
from typing import Any, Literal

from ranker.spec.part import Count, NonNegative, Part, Positive, declared, register
from ranker.spec.table_features import TableFeature
from ranker.spec.table_past import Past

__all__ = ["BinaryTask", "RegressionTask", "SourceSpec", "SplitSpec", "TableSpec", "TableTask"]

TimeUnit = Literal["s", "ms", "us", "ns"]


@declared
class SourceSpec(Part):
    """The files of rows.

    All of them have the same columns. Files whose names begin with `_` or `.` are left out, as
    Spark's `_SUCCESS` is; a folder `day=2026-11-28` in a path is a column `day`.

    Attributes:
      files: paths of files or folders, or patterns such as `logs/**/*.parquet`; from the working
        directory, or from `--source` where that is given.
      format: of the files; "auto" goes by their names.
      delimiter: of CSV, one letter; empty for a comma, or for TSV a tab.
      encoding: of CSV and TSV.
      columns: names of the columns, where CSV or TSV has no header.
      types: by column, what its text is read as: "int", "float", "bool", "text" or "time". CSV
        and TSV are text, so that 000001 stays, unless said here or needed as a number.
    """

    files: tuple[str, ...]
    format: Literal["auto", "parquet", "csv", "tsv", "jsonl"] = "auto"
    delimiter: str = ""
    encoding: str = "utf-8"
    columns: tuple[str, ...] = ()
    types: dict[str, str] = dataclasses.field(default_factory=dict)

    def check(self) -> None:
        """Raises ValueError for no files, a delimiter that is none, or an unknown type."""
        if not self.files:
            raise ValueError(f"files must name at least one file or pattern, got {self.files}")
        if len(self.delimiter) > 1:
            raise ValueError(f"delimiter must be one letter, got {self.delimiter!r}")
        for column, kind in self.types.items():
            if kind not in COLUMN_TYPES:
                raise ValueError(
                    f"types.{column} {kind!r:.80} is none of {', '.join(COLUMN_TYPES)}"
                )


COLUMN_TYPES = ("int", "float", "bool", "text", "time")


@declared
class TableTask(Part):
    """A task: its label is an expression over the columns, such as `watch_ms >= 0.8 * length_ms`.

    Expressions have columns (in backquotes where a name is no word), numbers, 'text', + - * /,
    comparisons, `in ('a', 'b')`, and, or, not, and the functions abs, log1p, min, max,
    is_null(x) and if_null(x, y). What is computed of a null is null, and a null label masks the
    task for that row.

    Attributes:
      label: expression; the task's name if empty.
      where: condition; rows where it does not hold have no label.
      weight: of the task's loss, where `objective.task_weights` does not name the task.
    """

    label: str = ""
    where: str = ""
    weight: NonNegative = 1.0


@register("binary")
class BinaryTask(TableTask):
    """Whether something happens: the label is a condition, or 0 and 1."""


@register("regression")
class RegressionTask(TableTask):
    """How much: the label is a number.

    Attributes:
      minimum: least label; rows with less are rejected. None for only what is absurdly far below
        all labels.
      maximum: largest label; rows with more are rejected. None for only what is absurdly far
        above all labels.
    """

    minimum: float | None = None
    maximum: float | None = None


@declared
class SplitSpec(Part):
    """Which rows train, validate and test.

    Attributes:
      by: "time" (two moments), "window" (the last days), "user_time" (the last tenths of each
        user's rows), "user" (a tenth of the users each, drawn) or "random" (a tenth of the rows
        each, drawn). A table without time has "random" or "user".
      boundaries: of "time": where validation and test begin, each a share of the rows in (0, 1)
        or a date YYYY-MM-DD, UTC.
      window_days: of "window": days of validation, and of test.
      seed: of what is drawn.
      past: whose rows a feature of the past may know: "all" before it, or those of "train" alone.
    """

    by: Literal["time", "window", "user_time", "user", "random"] = "time"
    boundaries: tuple[str, ...] = ("0.8", "0.9")
    window_days: Positive = 7.0
    seed: Count = 0
    past: Literal["all", "train"] = "all"

    def check(self) -> None:
        """Raises ValueError unless there are two boundaries."""
        if len(self.boundaries) != 2:
            raise ValueError(
                f"boundaries must be two, of validation and test, got {list(self.boundaries)}"
            )


@declared
class TableSpec(Part):
    """A table of one's own.

    Attributes:
      name: of the dataset, and of its folder in data/ where no other is given.
      user: feature, of kind "id", that says whom a row is of; empty where there is none.
      item: feature, of kind "id", that says what was shown; empty where there is none.
      time: column of the moment of a row; empty where there is none. Then nothing is of the past.
      time_unit: of `time`, where it is a whole number since 1970-01-01 UTC.
      request: column of the request that rows were shown in answer to; empty where there is none.
      where: condition; only rows where it holds are read.
      weight: expression of the weight of a row in training, >= 0; empty for 1.
      keep: columns that are written beside, for people to read.
      source: the files.
      split: of the rows.
      features: by name, what the model sees of a row.
      past: by name, features of what was before the row.
      tasks: by name, what is predicted.
    """

    name: str = "table"
    user: str = ""
    item: str = ""
    time: str = ""
    time_unit: TimeUnit = "s"
    request: str = ""
    where: str = ""
    weight: str = ""
    keep: tuple[str, ...] = ()
    source: SourceSpec
    split: SplitSpec = SplitSpec()
    features: dict[str, TableFeature]
    past: dict[str, Past] = dataclasses.field(default_factory=dict)
    tasks: dict[str, TableTask]

    def check(self) -> None:
        """Raises ValueError for no feature, or no task."""
        for name in ("features", "tasks"):
            found: dict[str, Any] = getattr(self, name)
            if not found:
                raise ValueError(f"{name} must name at least one, got {found}")
