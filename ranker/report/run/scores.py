"""Whether scores come true, and how they are distributed, task by task."""

from collections.abc import Mapping
from typing import Any

from ranker.report.figures import calibration, histogram, style
from ranker.report.panel import Panel
from ranker.report.run.series import as_number, mapping


def panels(scores: Mapping[str, Any]) -> list[Panel]:
    """Returns two panels a task, of the test split or else of validation.

    Args:
      scores: what scores.json holds; what is not as it was written is left out.
    """
    split = "test" if scores.get("test") else "validation"
    found = []
    for task, described in mapping(scores.get(split)).items():
        of = mapping(described)
        found += [*_calibration(task, split, of), *_histogram(task, split, of)]
    return found


def _calibration(task: str, split: str, of: Mapping[str, Any]) -> list[Panel]:
    bins = mapping(of.get("bins"))
    means, labels, rows = (_numbers(bins.get(n)) for n in ("score", "label", "rows"))
    if not means or not len(means) == len(labels) == len(rows):
        return []
    title = f"Calibration of {task}, {split}"
    unit = "probability" if of.get("kind") == "binary" else "the label's unit"
    figure = calibration(means, labels, [int(r) for r in rows], unit=unit, label=title)
    note = "Each point is an equal share of the rows. Below the dashes the model promises too much."
    return [Panel(title=title, figure=figure, note=note)]


def _histogram(task: str, split: str, of: Mapping[str, Any]) -> list[Panel]:
    edges = _numbers(of.get("edges"))
    groups = {n: _numbers(counts) for n, counts in mapping(of.get("counts")).items()}
    groups = {n: counts for n, counts in groups.items() if len(counts) == len(edges) - 1}
    if len(edges) < 2 or not edges[0] < edges[-1] or not groups:
        return []
    title = f"Scores of {task}, {split}"
    legend = [(style(index), n) for index, n in enumerate(groups)]
    figure = histogram(edges, groups, title="score", label=title)
    return [Panel(title=title, figure=figure, legend=legend, note="Each group over its own rows.")]


def _numbers(values: object) -> list[float]:
    """Returns a list of finite numbers; [] of anything else."""
    found = [as_number(value) for value in values] if isinstance(values, list) else []
    return found if all(abs(value) < 1e300 for value in found) else []
