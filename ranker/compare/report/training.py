"""Training curves of representative runs, with what was injected, refused and halted."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from ranker import json_text
from ranker.compare.report.chosen import Run, representatives, telling_rate
from ranker.compare.report.palette import Style
from ranker.compare.report.panel import Figure, Panel, axis, escaped, figure, numbers
from ranker.compare.report.text import label, number, plural
from ranker.compare.summary import Summary

_INJECTED = "rgba(230,159,0,0.22)"
_REFUSED = "#d55e00"
_RISE = 100.0  # the axis ends at this many times the first loss; above it is "diverged" enough


def panels(summary: Summary, results: pd.DataFrame, styles: Mapping[str, Style]) -> list[Panel]:
    """Returns a panel for each workload and safeguard, with one scale a workload."""
    found = []
    for workload in dict.fromkeys(cell.workload for cell in summary.cells):
        runs = representatives(summary, results, workload)
        limits = loss_limits([run for run in runs.values() if run is not None])
        rate = telling_rate(summary, workload)
        for name, run in runs.items():
            drawn = None if run is None else curve(run, styles[name], limits)
            title = f"{name}, learning rate {number(rate)}"
            said = "no run was measured." if run is None else described(run)
            note = f"{label(workload)}: {said}"
            keys = {"workload": label(workload)}
            found.append(Panel(title=title, keys=keys, figure=drawn, note=note))
    return found


def curve(run: Run, style: Style, limits: tuple[float, float] | None) -> Figure:
    """Returns a run's training loss by attempt with its events.

    Args:
      limits: of the loss axis, as base-10 logarithms; None to fit the data.
    """
    attempts = [int(attempt) for attempt in run["train_attempt"]]
    line = {"color": style.colour, "width": 1.8, "dash": style.dash}
    base = {"type": "scatter", "mode": "lines", "x": attempts}
    peak = {"color": style.colour, "width": 0.8}
    events = json_text.parse(run["events"])
    traces = [
        base
        | {"name": "maximum", "y": numbers(run["train_loss_max"]), "line": peak, "opacity": 0.5},
        base | {"name": "mean", "y": numbers(run["train_loss"]), "line": line},
        *_marks(events),
    ]
    end = max([int(run["planned_attempts"]), *attempts])
    losses = axis("training loss", type="log", tickformat="~g", nticks=6)
    if limits:
        losses |= {"range": list(limits)}
    return figure(
        traces,
        height=240,
        xaxis=axis("attempt", range=[0, end * 1.02]),
        yaxis=losses,
        yaxis2={"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True},
        shapes=[_shade(*each) for each in ranges(_attempts(events, {"injected"}))],
    )


def loss_limits(runs: Sequence[Run]) -> tuple[float, float] | None:
    """Returns the loss axis that fits all runs, as base-10 logarithms; None without any loss.

    It ends at 100 times the largest first loss, so that what explodes leaves the picture
    and the rest can still be read.
    """
    losses = [_positive(run["train_loss"]) for run in runs]
    peaks = [_positive(run["train_loss_max"]) for run in runs]
    every = [loss for each in losses + peaks for loss in each]
    if not every:
        return None
    first = max(each[0] for each in losses + peaks if each)
    low, high = math.log10(min(every)), math.log10(min(max(every), _RISE * first))
    margin = max(0.05, 0.05 * (high - low))
    return low - margin, high + margin


def ranges(attempts: Iterable[int]) -> list[tuple[int, int]]:
    """Returns attempts as the ranges they fill, both ends included."""
    found: list[tuple[int, int]] = []
    for attempt in sorted(set(attempts)):
        if found and attempt == found[-1][1] + 1:
            found[-1] = (found[-1][0], attempt)
        else:
            found.append((attempt, attempt))
    return found


def described(run: Run) -> str:
    """Returns what became of a run, in a line."""
    kinds = {"none": "no divergence", "micro": "micro-divergence", "full": "full divergence"}
    end = kinds.get(run["divergence"], str(run["divergence"]))
    if run["divergence"] == "full" and run["full_attempt"] >= 0:
        end += f" at attempt {int(run['full_attempt']):,}"
    counts = f"{int(run['attempts']):,} of {plural(int(run['planned_attempts']), 'attempt')}"
    return f"seed {int(run['seed'])}: {end}; {counts}, {int(run['refused']):,} refused."


def _positive(losses: Iterable[float]) -> list[float]:
    return [float(loss) for loss in losses if 0 < loss < math.inf]


def _attempts(events: Sequence[Mapping[str, Any]], kinds: set[str]) -> list[int]:
    return [int(e["attempt"]) for e in events if e["kind"] in kinds and "attempt" in e]


def _marks(events: Sequence[Mapping[str, Any]]) -> list[Figure]:
    """Returns refusals as bars at the foot, and each other kind of event as a marker there."""
    refused = ranges(_attempts(events, {"refused"}))
    common = {"type": "scatter", "yaxis": "y2", "hovertemplate": "%{text}"}
    traces = []
    if refused:
        spots = [spot for first, last in refused for spot in (first, last, None)]
        said = [text for first, last in refused for text in (_refused(first, last),) * 2 + ("",)]
        traces.append(
            common
            | {"name": "refused", "mode": "lines+markers", "x": spots, "y": [0.05] * len(spots)}
            | {"text": said, "line": {"color": _REFUSED, "width": 5}}
            | {"marker": {"color": _REFUSED, "size": 9, "symbol": "line-ns-open"}}
        )
    for kind in dict.fromkeys(
        e["kind"] for e in events if e["kind"] not in ("injected", "refused")
    ):
        spots = _attempts(events, {kind})
        marker = {"symbol": "x", "size": 11, "color": _REFUSED}
        said = [f"{escaped(kind)} at attempt {spot:,}" for spot in spots]
        place = {"x": spots, "y": [0.14] * len(spots), "text": said}
        traces.append(common | {"name": escaped(kind), "mode": "markers", "marker": marker} | place)
    return traces


def _refused(first: int, last: int) -> str:
    return f"refused: attempt {first:,}" + (f" to {last:,}" if last > first else "")


def _shade(first: int, last: int) -> dict[str, Any]:
    return {
        "type": "rect", "xref": "x", "yref": "paper", "x0": first - 0.5, "x1": last + 0.5,
        "y0": 0, "y1": 1, "fillcolor": _INJECTED, "layer": "below",
        "line": {"width": 1, "color": _INJECTED},
    }  # fmt: skip
