"""Training curves of representative runs, with what was injected, refused and halted."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup

from ranker import json_text
from ranker.compare.report.chosen import Run, drawn, representatives, telling_rate
from ranker.compare.report.text import label
from ranker.compare.summary import Summary, Workload
from ranker.report.figures import Axis, Line, Mark, Span, Style, chart, thin
from ranker.report.panel import Panel
from ranker.report.run.interventions import marks, spans
from ranker.report.text import number, plural

_RISE = 100.0  # the axis ends at this many times the first loss; above it is "diverged" enough
_COLUMNS = 150  # of a curve: there may be many on a page


def panels(summary: Summary, results: pd.DataFrame, styles: Mapping[str, Style]) -> list[Panel]:
    """Returns a panel for each workload that is drawn and safeguard, with one scale a workload."""
    found = []
    for workload in drawn(summary):
        runs = representatives(summary, results, workload)
        losses = loss_axis([run for run in runs.values() if run is not None])
        rate = telling_rate(summary, workload)
        found += [_panel(workload, n, rate, run, styles[n], losses) for n, run in runs.items()]
    return found


def curve(run: Run, look: Style, losses: Axis, title: str) -> Markup:
    """Returns a run's training loss by attempt with its events."""
    attempts = [float(attempt) for attempt in run["train_attempt"]]
    end = max([float(run["planned_attempts"]), *attempts])
    lines = [
        _line(name, attempts, run[column], look, width)
        for name, column, width in (
            ("maximum", "train_loss_max", 0.8),
            ("mean", "train_loss", 2.0),
        )
    ]
    happened = [e for e in events(run) if "attempt" in e]
    return chart(
        lines,
        x=Axis(title="attempt", low=0.0, high=end),
        y=losses,
        label=title,
        marks=marks(happened),
        spans=spans(happened, end),
    )


def events(run: Run) -> list[dict[str, Any]]:
    """Returns what happened beside training, each with its kind."""
    return json_text.parse(run["events"])


def happened(runs: Iterable[Run | None]) -> tuple[list[Mark], list[Span]]:
    """Returns what is marked in the figures of `runs`."""
    every = [e for run in runs if run is not None for e in events(run) if "attempt" in e]
    return marks(every), spans(every, math.inf)


def loss_axis(runs: Sequence[Run]) -> Axis:
    """Returns the loss axis that fits all runs, by logarithm.

    It ends at 100 times the largest first loss, so that what explodes leaves the picture
    and the rest can still be read.
    """
    losses = [_positive(run[name]) for run in runs for name in ("train_loss", "train_loss_max")]
    every = [loss for each in losses for loss in each]
    title = "training loss, by logarithm"
    if not every:
        return Axis(title=title, low=0.1, high=10.0, is_log=True)
    first = max(each[0] for each in losses if each)
    low, high = math.log10(min(every)), math.log10(min(max(every), _RISE * first))
    margin = max(0.05, 0.05 * (high - low))
    return Axis(title=title, low=10 ** (low - margin), high=10 ** (high + margin), is_log=True)


def described(run: Run) -> str:
    """Returns what became of a run, in a line."""
    kinds = {"none": "no divergence", "micro": "micro-divergence", "full": "full divergence"}
    end = kinds.get(run["divergence"], str(run["divergence"]))
    if run["divergence"] == "full" and run["full_attempt"] >= 0:
        end += f" at attempt {int(run['full_attempt']):,}"
    counts = f"{int(run['attempts']):,} of {plural(int(run['planned_attempts']), 'attempt')}"
    return f"Seed {int(run['seed'])}: {end}; {counts}, {int(run['refused']):,} refused."


def _panel(
    workload: Workload, name: str, rate: float, run: Run | None, look: Style, losses: Axis
) -> Panel:
    title = f"{label(workload)}: {name}, learning rate {number(rate)}"
    keys = {"workload": label(workload)}
    if run is None:
        return Panel(title=title, keys=keys, figure=Markup(""), note="No run was measured.")
    return Panel(
        title=title, keys=keys, figure=curve(run, look, losses, title), note=described(run)
    )


def _line(name: str, x: list[float], losses: Iterable[float], look: Style, width: float) -> Line:
    at, values = thin(x, [float(loss) for loss in losses], columns=_COLUMNS)
    return Line(name=name, x=at, y=values, look=look, width=width, symbols=[""] * len(at))


def _positive(losses: Iterable[float]) -> list[float]:
    return [float(loss) for loss in losses if 0 < loss < math.inf]
