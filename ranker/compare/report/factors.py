"""Maps of the mean clip factor, by layer and attempt."""

import math
from collections.abc import Mapping

import pandas as pd
from markupsafe import Markup

from ranker.compare.report.chosen import Run, drawn, representatives, telling_rate
from ranker.compare.report.text import label
from ranker.compare.summary import Summary
from ranker.report import figures
from ranker.report.panel import Panel
from ranker.report.table import Field, Group, Table
from ranker.report.text import number

_COLUMNS = 60  # of a map: there may be many maps on a page


def panels(summary: Summary, results: pd.DataFrame) -> list[Panel]:
    """Returns a panel for each drawn workload and safeguard, of the runs of the curves."""
    return [
        _panel(label(workload), name, telling_rate(summary, workload), run)
        for workload in drawn(summary)
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


def heat_map(run: Run, title: str) -> Markup:
    """Returns a run's clip factors, the layer nearest the input on top; "" if none is below 1."""
    factors = [[float(factor) for factor in row] for row in run["clip_factors"]]
    if not any(factor < 1 for row in factors for factor in row):
        return Markup("")
    x = [float(attempt) for attempt in run["train_attempt"]]
    end = max([float(run["planned_attempts"]), *x])
    axis = figures.Axis(title="attempt", low=0.0, high=end)
    layers = [str(layer) for layer in run["layers"]]
    return figures.heat_map(layers, x, factors, axis=axis, label=title, columns=_COLUMNS)


def _panel(workload: str, safeguard: str, rate: float, run: Run | None) -> Panel:
    keys = {"workload": workload, "safeguard": safeguard}
    title = f"{workload}: {safeguard}, learning rate {number(rate)}"
    if run is None:
        return Panel(title=title, keys=keys, figure=Markup(""), note="No run was measured.")
    drawn, note = heat_map(run, title), f"Seed {int(run['seed'])}"
    share = float(run["clipped_share"])
    if not drawn:
        note += ": nothing was clipped in any layer."
    else:
        note += "." if math.isnan(share) else f": clipped in {share:.0%} of attempts."
    return Panel(title=title, keys=keys, figure=drawn, note=note)
