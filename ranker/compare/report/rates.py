"""Curves of a measure by learning rate, a line a safeguard: all runs, and beside it the living."""

import math
from collections.abc import Callable, Mapping, Sequence

from markupsafe import Markup

from ranker.compare.report.chosen import drawn
from ranker.compare.report.text import label, percents, with_bounds
from ranker.compare.summary import Cell, Interval, Summary, Workload
from ranker.report.figures import Axis, Line, Style, chart, fit
from ranker.report.panel import Panel
from ranker.report.text import number

LOSS = "loss"
_TESTED = ("auc", "rmse")  # as the paired tests: one metric of each kind of task
_FEW = 6  # workloads of which every measure is drawn; of more the first two
_TICKS = 8  # rates that can be written below a panel


def measures(summary: Summary) -> list[str]:
    """Returns what is drawn by rate: the primary metric first, the loss, then what is tested."""
    found = dict.fromkeys(name for cell in summary.cells for name in cell.metrics)
    tested = [name for name in found if name.rpartition(".")[2] in _TESTED]
    every = list(dict.fromkeys([summary.primary, LOSS, *tested]))
    return every if len({cell.workload for cell in summary.cells}) <= _FEW else every[:2]


def panels(summary: Summary, styles: Mapping[str, Style]) -> list[Panel]:
    """Returns two panels for each measure and workload: all runs, and only the living.

    None for a comparison of one rate: there is nothing to draw it by.
    """
    if len({cell.rate for cell in summary.cells}) < 2:
        return []
    workloads = drawn(summary)
    return [
        curves(summary, workload, measure, styles, is_zoom=is_zoom)
        for measure in measures(summary)
        for workload in workloads
        for is_zoom in (False, True)
    ]


def curves(
    summary: Summary,
    workload: Workload,
    measure: str,
    styles: Mapping[str, Style],
    *,
    is_zoom: bool,
) -> Panel:
    """Returns a measure on validation by rate, with intervals, for one workload.

    Args:
      is_zoom: whether only what no run diverged of is drawn, on an axis that fits it.
    """
    read = _reader(measure)
    cells = [cell for cell in summary.cells if cell.workload == workload]
    shown = [cell for cell in cells if not is_zoom or (cell.tried and not cell.diverged)]
    values = [read(cell) for cell in shown]
    ends = [v for each in values for v in (each.value, each.low, each.high)]
    what = "only where no run diverged" if is_zoom else "all runs"
    title = f"{label(workload)}: {measure}, {what}"
    keys = {"measure": measure}
    if not any(map(math.isfinite, ends)):
        return Panel(title=title, figure=Markup(""), keys=keys, note="There is nothing to draw.")
    name = "final loss, validation" if measure == LOSS else f"{measure}, validation"
    lines = [
        _line(name, [cell for cell in shown if cell.safeguard == name], read, styles[name])
        for name in styles
    ]
    figure = chart(
        [line for line in lines if line.x],
        x=_rates([cell.rate for cell in cells]),
        y=fit(name, ends),
        label=title,
        height=240,
    )
    return Panel(title=title, figure=figure, keys=keys)


def _rates(rates: Sequence[float]) -> Axis:
    """Returns the axis of rates, with a little room at both ends."""
    known = sorted(set(rates))
    room = (known[-1] / known[0]) ** 0.04 if len(known) > 1 else 2.0
    every = math.ceil(len(known) / _TICKS)
    ticks = tuple((rate, number(rate, 2)) for rate in known[::every])
    return Axis(
        title="learning rate", low=known[0] / room, high=known[-1] * room, is_log=True, ticks=ticks
    )


def _reader(measure: str) -> Callable[[Cell], Interval]:
    if measure == LOSS:
        return lambda cell: cell.loss
    return lambda cell: cell.metrics.get(measure, Interval(math.nan))


def _line(name: str, cells: Sequence[Cell], read: Callable[[Cell], Interval], look: Style) -> Line:
    cells = sorted(cells, key=lambda cell: cell.rate)
    values = [read(cell) for cell in cells]
    return Line(
        name=name,
        x=[cell.rate for cell in cells],
        y=[value.value for value in values],
        look=look,
        low=[value.low for value in values],
        high=[value.high for value in values],
        symbols=["cross" if cell.diverged else "dot" for cell in cells],
        said=[_said(name, cell, value) for cell, value in zip(cells, values, strict=True)],
    )


def _said(name: str, cell: Cell, value: Interval) -> str:
    ratio = f"{cell.diverged} of {cell.tried} diverged ({percents(cell.ratio)})"
    return f"{name}, rate {number(cell.rate)}: {with_bounds(value)}; {ratio}"
