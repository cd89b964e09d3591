"""Each check of the gate: what it looks at, and when it blocks."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ranker.gate.resample import METRICS, resampled
from ranker.gate.scored import Export, Scored
from ranker.measure import is_higher_better
from ranker.spec.gate import Bound, Calibration, Fall, Latency, Scores, Size


class Finding(NamedTuple):
    """What one check found.

    Attributes:
      check: its kind.
      task: "" for one of the whole export.
      metric: what was looked at.
      candidate: its value; None where the rows do not define it.
      served: that of the served model; None without one.
      low, high: interval of the value or, of a fall, of candidate minus served; None for none.
      passed: whether it does not block.
      says: one sentence.
    """

    check: str
    task: str
    metric: str
    candidate: float | None
    served: float | None
    low: float | None
    high: float | None
    passed: bool
    says: str


class Evidence:
    """The rows of one task with the draws of their users; metrics and their resamples."""

    def __init__(self, rows: Scored, counts: np.ndarray, confidence: float) -> None:
        """Takes rows [N] and `counts` as `draws` returns them. [R, U]"""
        self.rows = rows
        self._counts = counts
        self._tails = (1 - confidence) / 2
        self._known: dict[tuple[str, str], tuple[float, np.ndarray]] = {}

    def measured(self, metric: str, model: str) -> tuple[float, np.ndarray]:
        """Returns a metric of "candidate" or "served", and that of each resample. [R]"""
        if (metric, model) not in self._known:
            scores = getattr(self.rows, model)
            once = np.ones((1, self._counts.shape[1]), np.int64)
            value = float(resampled(metric, self.rows, scores, once)[0])
            self._known[metric, model] = value, resampled(metric, self.rows, scores, self._counts)
        return self._known[metric, model]

    def interval(self, values: np.ndarray) -> tuple[float, float]:
        """Returns the percentiles of resampled values [R]; NaN, NaN if none is defined."""
        values = values[np.isfinite(values)]
        if not len(values):
            return np.nan, np.nan
        low, high = np.quantile(values, [self._tails, 1 - self._tails])
        return float(low), float(high)


class FallCheck(Fall):
    """`ranker.spec.gate.Fall`."""

    def of_task(self, evidence: Evidence) -> Iterator[Finding]:
        """Yields the finding on one task; none without a served model."""
        rows = evidence.rows
        if rows.served is None:
            return
        metric = _metric(self.metric, rows)
        now, draws_now = evidence.measured(metric, "candidate")
        before, draws_before = evidence.measured(metric, "served")
        low, high = evidence.interval(draws_now - draws_before)
        sign = 1 if is_higher_better(metric) else -1
        fall = sign * (before - now)
        worst = high if sign > 0 else -low  # the least that the rows say of the fall, negated
        blocks = fall > self.largest * abs(before) and worst < 0
        words = "got worse" if fall > 0 else "did not get worse"
        says = (
            f"{rows.name}.{metric} {words}: {before:.6g} to {now:.6g}, difference {low:+.3g} to "
            f"{high:+.3g}, at most {self.largest:.3g} of {before:.6g} allowed"
        )
        yield _finding(self, rows, metric, now, before, low, high, not blocks, says)


class BoundCheck(Bound):
    """`ranker.spec.gate.Bound`."""

    def of_task(self, evidence: Evidence) -> Iterator[Finding]:
        """Yields the finding on one task."""
        metric = _metric(self.metric, evidence.rows)
        low = -np.inf if self.at_least is None else self.at_least
        high = np.inf if self.at_most is None else self.at_most
        yield _within(self, evidence, metric, low, high)


class CalibrationCheck(Calibration):
    """`ranker.spec.gate.Calibration`."""

    def of_task(self, evidence: Evidence) -> Iterator[Finding]:
        """Yields the finding on a binary task; none on a regression."""
        if evidence.rows.kind != "binary":
            return
        ratio = _within(self, evidence, "calibration", self.smallest, self.largest)
        if ratio.passed or self.absolute:
            yield ratio
        elif evidence.rows.served is None:
            yield ratio._replace(passed=True, says=f"{ratio.says}, or be of the first model")
        else:
            yield self._beside_served(ratio, evidence)

    def _beside_served(self, ratio: Finding, evidence: Evidence) -> Finding:
        """Returns a ratio that is out of the range, passed if the served model's is as far off."""
        now, served = (evidence.measured("calibration", of)[0] for of in ("candidate", "served"))
        with np.errstate(divide="ignore"):
            off, off_before = np.abs(np.log([now, served]))
        says = f"{ratio.says}, or as near to 1 as the served model's {served:.6g}"
        return ratio._replace(served=served, passed=bool(off <= off_before), says=says)


class ScoresCheck(Scores):
    """`ranker.spec.gate.Scores`."""

    def of_task(self, evidence: Evidence) -> Iterator[Finding]:
        """Yields the distance between the distributions, and the share of changed scores."""
        rows = evidence.rows
        if rows.served is None:
            return
        distance = ks_distance(rows.candidate, rows.served)
        says = f"{rows.name}: distance of the scores {distance:.3g} of {self.largest_distance:.3g}"
        passed = distance <= self.largest_distance
        yield _finding(self, rows, "distance", distance, None, None, None, passed, says)
        moved = np.abs(np.subtract(rows.candidate, rows.served, dtype=np.float64))
        changed = float(np.mean(moved > self.changed_by * np.std(rows.served, dtype=np.float64)))
        says = f"{rows.name}: {changed:.3g} of the scores changed, {self.largest_changed:.3g} may"
        passed = changed <= self.largest_changed
        yield _finding(self, rows, "changed", changed, None, None, None, passed, says)


class SizeCheck(Size):
    """`ranker.spec.gate.Size`."""

    def of_export(self, export: Export) -> Iterator[Finding]:
        """Yields the finding on the files; none if they were not measured."""
        yield from _at_most(self, "megabytes", export.megabytes, self.largest_mb)


class LatencyCheck(Latency):
    """`ranker.spec.gate.Latency`."""

    def of_export(self, export: Export) -> Iterator[Finding]:
        """Yields the finding on the time of a request; none if it was not measured."""
        yield from _at_most(self, "milliseconds", export.milliseconds, self.largest_ms)


def ks_distance(scores: np.ndarray, others: np.ndarray) -> float:
    """Returns the largest difference of the cumulative shares of scores [N] and others [M].

    Source: Kolmogorov 1933 and Smirnov 1948, the two-sample statistic.
    """
    scores, others = np.sort(scores), np.sort(others)
    both = np.concatenate([scores, others])
    shares = [np.searchsorted(each, both, side="right") / len(each) for each in (scores, others)]
    return float(np.abs(shares[0] - shares[1]).max())


def _metric(name: str, rows: Scored) -> str:
    name = name or ("auc" if rows.kind == "binary" else "rmse")
    if name not in METRICS:
        raise ValueError(f"gate: metric {name!r} is none of {', '.join(METRICS)}")
    return name


def _within(check: Any, evidence: Evidence, metric: str, low: float, high: float) -> Finding:
    """Returns whether a metric of the candidate keeps between two values."""
    value, resamples = evidence.measured(metric, "candidate")
    bottom, top = evidence.interval(resamples)
    name = f"{evidence.rows.name}.{metric}"
    if not np.isfinite(value):
        says = f"{name}: these rows do not define it"
        return _finding(check, evidence.rows, metric, None, None, None, None, True, says)
    outside = (value < low and top < low) or (value > high and bottom > high)
    says = f"{name} is {value:.6g}, {bottom:.3g} to {top:.3g}; must be in {low:.4g} to {high:.4g}"
    return _finding(check, evidence.rows, metric, value, None, bottom, top, not outside, says)


def _at_most(check: Any, what: str, value: float | None, largest: float) -> Iterator[Finding]:
    if value is not None:
        says = f"the export: {value:.4g} {what}, at most {largest:.4g} allowed"
        yield Finding(check.kind, "", what, value, None, None, None, value <= largest, says)


def _finding(
    check: Any,
    rows: Scored,
    metric: str,
    candidate: float | None,
    served: float | None,
    low: float | None,
    high: float | None,
    passed: bool,
    says: str,
) -> Finding:
    return Finding(check.kind, rows.name, metric, candidate, served, low, high, passed, says)
