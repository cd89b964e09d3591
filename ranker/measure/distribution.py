"""How scores are distributed, and how often they come true: small enough to be written down."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ranker.measure.weights import scaled
from ranker.schema import Task

_NUM_BINS = 20  # of equal mass, for calibration
_NUM_BARS = 40  # of equal width, for the histogram


def distributions(
    tasks: Sequence[Task],
    *,
    labels: Mapping[str, np.ndarray],
    scores: Mapping[str, np.ndarray],
    weights: Mapping[str, np.ndarray],
) -> dict[str, dict[str, Any]]:
    """Returns of each task how its scores lie, as plain numbers; no entry where no row counts.

    `bins`, by ascending score and about equally many rows each, equal scores in one: the `rows`,
    the weighted mean `score` and `label`. `edges` of 40 equally wide bars from the least to the
    largest score, and `counts` of rows in each, by the label of a binary task, else of all.

    Args:
      labels, scores, weights: by task, [N]; a weight of 0 masks the row.
    """
    found = {}
    for task in tasks:
        is_used = np.asarray(weights[task.name]) > 0
        of = [
            np.asarray(v[task.name])[is_used].astype(np.float64) for v in (labels, scores, weights)
        ]
        if len(of[0]) and np.isfinite(of[1]).all():
            found[task.name] = {"kind": task.kind, "bins": _bins(*of), **_histogram(task, *of[:2])}
    return found


def _bins(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> dict[str, list]:
    edges = np.quantile(scores, np.arange(1, _NUM_BINS) / _NUM_BINS, method="inverted_cdf")
    bins = np.searchsorted(edges, scores, side="left")
    weights, _ = scaled(weights)
    sums = [np.bincount(bins, of, minlength=_NUM_BINS) for of in
            (weights, weights * scores, weights * labels)]  # fmt: skip
    rows = np.bincount(bins, minlength=_NUM_BINS)
    kept = (rows > 0) & (sums[0] > 0)
    return {
        "rows": rows[kept].tolist(),
        "score": (sums[1][kept] / sums[0][kept]).tolist(),
        "label": (sums[2][kept] / sums[0][kept]).tolist(),
    }


def _histogram(task: Task, labels: np.ndarray, scores: np.ndarray) -> dict[str, Any]:
    low, high = float(scores.min()), float(scores.max())
    if not high > low:  # all are one score
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, _NUM_BARS + 1)
    groups = {"all rows": np.ones(len(labels), bool)}
    if task.kind == "binary":
        groups = {"label 0": labels == 0, "label 1": labels == 1}
    counts = {n: np.histogram(scores[of], edges)[0].tolist() for n, of in groups.items()}
    return {"edges": edges.tolist(), "counts": counts}
