"""Heat maps of the mean clip factor, by layer and attempt."""

import math
from collections.abc import Mapping

import pandas as pd

from ranker.compare.report.chosen import Run, representatives, telling_rate
from ranker.compare.report.panel import Figure, Panel, axis, escaped, figure, numbers
from ranker.compare.report.tables import Field, Group, Table
from ranker.compare.report.text import label, number
from ranker.compare.summary import Summary

# One hue, darker for a smaller factor; its stops are equally far apart in the page's key.
SCALE = (
    (0.0, "#08204a"),
    (0.001, "#08519c"),
    (0.01, "#4292c6"),
    (0.1, "#9ecae1"),
    (1.0, "#eef1f4"),
)
_NAME = 30  # letters of a layer's name that fit beside the map


def panels(summary: Summary, results: pd.DataFrame) -> list[Panel]:
    """Returns a panel for each workload and safeguard, of the runs of the training curves."""
    return [
        _panel(label(workload), name, telling_rate(summary, workload), run)
        for workload in dict.fromkeys(cell.workload for cell in summary.cells)
        for name, run in representatives(summary, results, workload).items()
    ]


def by_layer(summary: Summary, results: pd.DataFrame) -> Table:
    """Returns the mean clip factor of each layer that is clipped at all, over the same runs."""
    names = list(dict.fromkeys(cell.safeguard for cell in summary.cells))
    groups = []
    for workload in dict.fromkeys(cell.workload for cell in summary.cells):
        runs = representatives(summary, results, workload)
        means = {name: _means(run) for name, run in runs.items() if run is not None}
        layers = dict.fromkeys(layer for of_run in means.values() for layer in of_run)
        rows = tuple(
            (Field(layer, kind="name"), *(_factor(means.get(name, {}), layer) for name in names))
            for layer in layers
            if any(of_run.get(layer, 1) < 1 for of_run in means.values())
        )
        if rows:
            rate = number(telling_rate(summary, workload))
            groups.append(Group(f"{label(workload)} · learning rate {rate}", rows))
    return Table(("layer", *names), tuple(groups))


def _means(run: Run) -> dict[str, float]:
    factors = (sum(map(float, row)) / max(1, len(row)) for row in run["clip_factors"])
    return dict(zip(map(str, run["layers"]), factors, strict=True))


def _factor(means: Mapping[str, float], layer: str) -> Field:
    return Field(number(means.get(layer, math.nan)))


def heat_map(run: Run) -> Figure | None:
    """Returns a run's clip factors, the layer nearest the input on top; None if none is below 1."""
    factors = [[float(factor) for factor in row] for row in run["clip_factors"]]
    if not any(factor < 1 for row in factors for factor in row):
        return None
    layers = [escaped(str(layer)) for layer in run["layers"]]
    short = [escaped(shortened(str(layer))) for layer in run["layers"]]
    trace = {
        "type": "heatmap",
        "x": [int(attempt) for attempt in run["train_attempt"]],
        "y": layers,
        "z": [numbers(row, 3) for row in factors],
        "zmin": 0,
        "zmax": 1,
        "colorscale": [list(stop) for stop in SCALE],
        "showscale": False,
        "hovertemplate": "%{y}<br>attempt %{x}: factor %{z}<extra></extra>",
    }
    names = {"type": "category", "tickvals": layers, "ticktext": short, "autorange": "reversed"}
    end = max([int(run["planned_attempts"]), *trace["x"]])
    return figure(
        [trace],
        height=90 + 22 * len(layers),
        xaxis=axis("attempt", range=[0, end * 1.02], showgrid=False),
        yaxis=axis("", **names, tickfont={"size": 11}, showgrid=False),
    )


def shortened(name: str) -> str:
    """Returns the end of a long name, which tells layers apart better than its start."""
    return name if len(name) <= _NAME else "…" + name[1 - _NAME :]


def _panel(workload: str, safeguard: str, rate: float, run: Run | None) -> Panel:
    keys = {"workload": workload, "safeguard": safeguard}
    title = f"{safeguard}, learning rate {number(rate)}"
    if run is None:
        return Panel(title=title, keys=keys, figure=None, note=f"{workload}: no run was measured.")
    drawn, seed = heat_map(run), f"{workload}: seed {int(run['seed'])}"
    if drawn is None:
        note = f"{seed}: nothing was clipped in any layer."
        return Panel(title=title, keys=keys, figure=None, note=note)
    share = float(run["clipped_share"])
    note = f"{seed}." if math.isnan(share) else f"{seed}: clipped in {share:.0%} of attempts."
    return Panel(title=title, keys=keys, figure=drawn, note=note)
