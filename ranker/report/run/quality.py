"""Metrics: the main ones beside the last run's, and all of them by segment."""

import math
from collections.abc import Mapping
from typing import Any

from ranker.measure import is_higher_better
from ranker.report import text
from ranker.report.run.record import Record
from ranker.report.run.series import mapping, number_in
from ranker.report.table import Field, Group, Table, name, table

_MAIN = ("auc", "gauc", "log_loss", "calibration", "rmse", "mae")
_COUNTS = ("rows", "gauc_users", "gauc_rows")
_LESSER = ("normalized_entropy", "ece")
_SEGMENTS = {
    "all": "all rows",
    "warm": "warm users",
    "cold": "cold users",
    "frozen": "all rows, frozen",
}


def main_metrics(metrics: Mapping[str, Any]) -> list[str]:
    """Returns which metrics of a task to show first: the known ones, then those of one's own."""
    present = [n for n, value in metrics.items() if isinstance(value, int | float | str)]
    own = [n for n in present if n not in (*_MAIN, *_COUNTS, *_LESSER, "note")]
    return [n for n in _MAIN if n in present] + own


def beside(record: Record, last: Record | None) -> Table:
    """Returns the main metrics on test, beside those of `last`; validation's without test's."""
    split = "test" if record.metrics("test") else "validation"
    before = last.metrics(split) if last else {}
    heads = ["metric", "this run", *([last.name, "difference"] if last else [])]
    groups = []
    for task, metrics in record.metrics(split).items():
        rows = []
        for metric in main_metrics(metrics):
            value, old = number_in(metrics, metric), number_in(mapping(before.get(task)), metric)
            fields = [name(metric), Field(text.measure(value))]
            if last:
                fields += [Field(text.measure(old)), difference(task, metric, value, old)]
            rows.append(tuple(fields))
        groups.append(Group(f"{task}, {split}", tuple(rows)))
    return Table(tuple(heads), tuple(group for group in groups if group.rows))


def difference(task: str, metric: str, value: float, old: float) -> Field:
    """Returns how far `value` is from `old`, and whether that is better."""
    change = value - old
    if not math.isfinite(change):
        return Field(text.DASH)
    if metric == "calibration":
        gain = abs(math.log(old)) - abs(math.log(value)) if old > 0 and value > 0 else math.nan
    else:
        gain = change if is_higher_better(f"{task}.{metric}") else -change
    if not gain or math.isnan(gain):
        return Field(text.signed(change), "the same" if not change else "")
    kind = "better" if gain > 0 else "worse"
    return Field(text.signed(change), kind, kind)


def segments(record: Record) -> dict[str, list[Table]]:
    """Returns all metrics by segment of the users: for each split a table a task."""
    found = {}
    for split in ("test", "validation"):
        tables = [_task(task, metrics) for task, metrics in record.metrics(split).items()]
        found[split] = [table for table in tables if table.groups]
    return {split: tables for split, tables in found.items() if tables}


def _task(task: str, metrics: Mapping[str, Any]) -> Table:
    of = {"all": metrics} | {s: mapping(metrics[s]) for s in _SEGMENTS if s in metrics}
    names = [
        n
        for n, value in metrics.items()
        if isinstance(value, int | float) and n not in ("gauc_users", "gauc_rows")
    ]
    rows = [
        (
            Field(_SEGMENTS[segment], str(values.get("note", "")), "name"),
            *(_value(values, n) for n in names),
        )
        for segment, values in of.items()
    ]
    return table((task, *names), rows)


def _value(values: Mapping[str, Any], metric: str) -> Field:
    value = number_in(values, metric)
    if metric == "rows" and value >= 0:
        return Field(f"{value:,.0f}")
    return Field(text.measure(value))
