"""The page of a nightly job: quality before training, rows, gates, versions; one row a night.

It has the newest nights alone, so that what a night reads does not grow with their number.
"""

import datetime
import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ranker.files import write_text
from ranker.report import page, text
from ranker.report.figures import Axis, Line, Mark, chart, fit, style
from ranker.report.panel import Figures, Panel
from ranker.report.table import Field, Table, name, table, words

NIGHTS = "nights.html"
SHOWN = 90  # nights
_MAIN = {"auc": 0, "rmse": 1}  # the metric that is drawn, the first that a task has
_TICKS = 6
_MARKS = {"refused": "refused", "diverged": "divergence", "stopped": "halted"}
_SAID = {"refused": "refused by the gate", "diverged": "diverged", "stopped": "day not trained on"}


Versions = Sequence[tuple[int, str]]  # each with the night that trained it; the last is served


def write_nights(workdir: Path, nights: Sequence[Mapping[str, Any]], versions: Versions) -> Path:
    """Writes the page of a job, as a whole; returns where it is.

    Args:
      nights: what each of the last `SHOWN` came to, as NIGHT.json has it, in the order of their
        dates.
    """
    write_text(workdir / NIGHTS, render(workdir.name, nights, versions))
    return workdir / NIGHTS


def rolled_back(versions: Versions) -> set[str]:
    """Returns the nights whose model was served until that of an earlier one took its place."""
    found: set[str] = set()
    seen: set[str] = set()
    earliest = ""
    for _, date in reversed(versions):
        if date not in seen and earliest and earliest < date:
            found.add(date)
        seen.add(date)
        earliest = min(date, earliest or date)
    return found


def render(job: str, nights: Sequence[Mapping[str, Any]], versions: Versions) -> str:
    """Returns the page of a job."""
    last = nights[-1] if nights else {"date": "", "status": "", "reason": ""}
    bad = [night for night in nights if night["status"] != "accepted"]
    return page.render(
        "nights.html.j2",
        job=job,
        date=datetime.datetime.now().astimezone().strftime("%-d %B %Y, %H:%M"),
        last=last,
        outcome=_outcome(last, rolled_back(versions)),
        served=versions[-1] if versions else None,
        counts=f"{text.plural(len(nights), 'night')}, {len(bad)} without a new model",
        kind={"accepted": "good", "": "wait"}.get(last.get("status", ""), "bad"),
        quality=Figures(tuple(_quality(nights))),
        volumes=Figures(tuple(_volumes(nights) if nights else ())),
        symbols=[(_MARKS[s], _SAID[s]) for s in _MARKS if any(n["status"] == s for n in nights)],
        nights=_table(nights, versions),
    )


def _quality(nights: Sequence[Mapping[str, Any]]) -> list[Panel]:
    """Returns the served model's metric on each day before training on it, a panel a metric."""
    found: dict[str, dict[str, list[float]]] = {}
    for index, night in enumerate(nights):
        for task, metrics in night.get("served_before", {}).get("tasks", {}).items():
            metric = next((m for m in _MAIN if m in metrics), None)
            if metric:
                values = found.setdefault(metric, {}).setdefault(task, [math.nan] * len(nights))
                values[index] = metrics[metric]
    return [
        _panel(f"{metric} of the served model on the day, before training", nights, lines, metric)
        for metric, lines in found.items()
    ]


def _volumes(nights: Sequence[Mapping[str, Any]]) -> list[Panel]:
    """Returns the rows of each day, and the mean label of each task."""
    rows = {"rows": [float(night["facts"]["rows"]) for night in nights]}
    means: dict[str, list[float]] = {}
    for index, night in enumerate(nights):
        for task, facts in night["facts"]["tasks"].items():
            values = means.setdefault(task, [math.nan] * len(nights))
            values[index] = math.nan if facts["mean"] is None else facts["mean"]
    panels = [_panel("Rows of the day", nights, rows, "rows")]
    return [*panels, _panel("Mean label by task", nights, means, "mean label")] if means else panels


def _panel(
    title: str,
    nights: Sequence[Mapping[str, Any]],
    series: Mapping[str, Sequence[float]],
    unit: str,
) -> Panel:
    x = list(range(1, len(nights) + 1))
    every = max(1, math.ceil(len(nights) / _TICKS))
    ticks = tuple((at, nights[at - 1]["date"][5:]) for at in x[::every])
    marks = [
        Mark(at, _MARKS[night["status"]], f"{night['date']}: {night['reason']}")
        for at, night in zip(x, nights, strict=True)
        if night["status"] in _MARKS
    ]
    lines = [
        Line(name=task, x=x, y=values, look=style(index))
        for index, (task, values) in enumerate(series.items())
    ]
    figure = chart(
        lines,
        x=Axis(title="night", low=0.5, high=len(nights) + 0.5, ticks=ticks),
        y=fit(unit, [value for values in series.values() for value in values]),
        label=title,
        marks=marks,
    )
    legend = [(line.look, line.name) for line in lines] if len(lines) > 1 else ()
    return Panel(title=title, figure=figure, legend=legend)


def _table(nights: Sequence[Mapping[str, Any]], versions: Versions) -> Table:
    heads = ("night", "outcome", "version", "rows", "reason, and report")
    gone = rolled_back(versions)
    return table(heads, [_row(night, versions, gone) for night in reversed(nights)])


def _outcome(night: Mapping[str, Any], gone: Collection[str]) -> str:
    return night["status"] + (", then rolled back" if night["date"] in gone else "")


def _row(night: Mapping[str, Any], versions: Versions, gone: Collection[str]) -> tuple[Field, ...]:
    numbers = [str(number) for number, date in versions if date == night["date"]]
    link = ""
    if "run" in night:
        link = Markup('<a href="nights/{0}/run/report.html">report</a>').format(night["date"])
    return (
        name(night["date"]),
        words(_outcome(night, gone)),
        Field(", ".join(numbers)),
        Field(f"{night['facts']['rows']:,}"),
        words(Markup("{} {}").format(night["reason"], link) if link else night["reason"]),
    )
