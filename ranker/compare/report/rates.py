"""Curves of a measure by learning rate, a line a safeguard and a panel a workload."""

import math
from collections.abc import Callable, Mapping, Sequence

from ranker.compare.report.palette import Style
from ranker.compare.report.panel import Figure, Panel, axis, escaped, figure, numbers
from ranker.compare.report.text import label, number, percents, with_bounds
from ranker.compare.summary import Cell, Interval, Summary, Workload

LOSS = "loss"
_SHIFT = 0.12  # of the gap between two rates: all lines at one rate share this much of it


def measures(summary: Summary) -> list[str]:
    """Returns what can be drawn by rate: the primary metric first, the loss, then the others."""
    found = dict.fromkeys(name for cell in summary.cells for name in cell.metrics)
    return list(dict.fromkeys([summary.primary, LOSS, *found]))


def panels(summary: Summary, styles: Mapping[str, Style]) -> list[Panel]:
    """Returns a panel for each measure and workload."""
    workloads = list(dict.fromkeys(cell.workload for cell in summary.cells))
    return [
        Panel(
            title=label(workload),
            keys={"measure": measure},
            figure=curves(summary, workload, measure, styles),
        )
        for measure in measures(summary)
        for workload in workloads
    ]


def curves(
    summary: Summary, workload: Workload, measure: str, styles: Mapping[str, Style]
) -> Figure:
    """Returns a measure on validation by rate, with intervals, for one workload."""
    cells = [cell for cell in summary.cells if cell.workload == workload]
    rates = sorted({cell.rate for cell in cells})
    read = _reader(measure)
    step = math.log(rates[-1] / rates[0]) / max(1, len(rates) - 1)
    traces = [
        _trace(
            [cell for cell in cells if cell.safeguard == name], read, styles[name],
            math.exp(step * _SHIFT * (i - (len(styles) - 1) / 2)),
        )
        for i, name in enumerate(styles)
    ]  # fmt: skip
    ticks = {"type": "log", "tickvals": rates, "ticktext": [number(rate, 2) for rate in rates]}
    title = "final loss, validation" if measure == LOSS else f"{measure}, validation"
    return figure(
        [trace for trace in traces if trace["x"]],
        xaxis=axis("learning rate", **ticks),
        yaxis=axis(title),
    )


def _reader(measure: str) -> Callable[[Cell], Interval]:
    if measure == LOSS:
        return lambda cell: cell.loss
    return lambda cell: cell.metrics.get(measure, Interval(math.nan))


def _trace(
    cells: Sequence[Cell], read: Callable[[Cell], Interval], style: Style, shift: float
) -> Figure:
    cells = sorted(cells, key=lambda cell: cell.rate)
    values = [read(cell) for cell in cells]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": escaped(cells[0].safeguard) if cells else "",
        "x": numbers([cell.rate * shift for cell in cells]),
        "y": numbers([value.value for value in values]),
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": numbers([value.high - value.value for value in values]),
            "arrayminus": numbers([value.value - value.low for value in values]),
            "thickness": 1.2,
            "width": 0,
        },
        "line": {"color": style.colour, "width": 2, "dash": style.dash},
        "marker": {
            "color": style.colour,
            "size": 8,
            "symbol": ["x" if cell.diverged else "circle" for cell in cells],
        },
        "text": [_hover(cell, value) for cell, value in zip(cells, values, strict=True)],
        "hovertemplate": "%{text}",
    }


def _hover(cell: Cell, value: Interval) -> str:
    ratio = f"{cell.diverged} of {cell.tried} diverged ({percents(cell.ratio)})"
    return f"rate {number(cell.rate)}: {with_bounds(value)}<br>{ratio}"
