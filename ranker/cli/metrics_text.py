"""Metrics, as RESULT.json holds them, for a terminal."""

from collections.abc import Mapping
from typing import Any

_GROUPS = ("warm", "cold", "frozen")
_LEGEND = (
    "all, warm, cold: live, a row's features know of the user's earlier rows.\n"
    "frozen: all rows, each user's features as they were at the user's first row of the split."
)


def lines(metrics: Mapping[str, Any]) -> list[str]:
    """Returns a task's metrics on a line, and on one more what is frozen if anything is."""
    groups = {"": metrics}
    if "frozen" in metrics:
        groups = {"live    ": metrics, "frozen  ": metrics["frozen"]}
    shown = []
    for name, group in groups.items():
        numbers = {metric: value for metric, value in group.items() if isinstance(value, float)}
        values = "  ".join(f"{metric} {value:.4f}" for metric, value in numbers.items())
        shown.append(f"{group['rows']:>7,} rows  {name}{values}")
    return shown


def tables(metrics: Mapping[str, Mapping[str, Any]]) -> str:
    """Returns a table for each task, and what its groups are."""
    found = [_table(task, of_task) for task, of_task in metrics.items()]
    has_frozen = any("frozen" in of_task for of_task in metrics.values())
    return "\n\n".join([*found, _LEGEND] if has_frozen else found)


def _table(task: str, metrics: Mapping[str, Any]) -> str:
    groups = {"all": metrics} | {name: metrics[name] for name in _GROUPS if name in metrics}
    names = [name for name, value in metrics.items() if isinstance(value, int | float)]
    rows = [[task, *names]]
    rows += [[g, *(_cell(values.get(name)) for name in names)] for g, values in groups.items()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    text = ["  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    notes = [f"{g}: {values['note']}" for g, values in groups.items() if "note" in values]
    return "\n".join([*text, *notes])


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"
