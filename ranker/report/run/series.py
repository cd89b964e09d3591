"""What metrics.jsonl and events.jsonl say, whatever is in them, as columns over attempts."""

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from ranker import json_text

_LONGEST = 10_000_000  # characters of a line that is still read
_SHORTEST = 1.0  # seconds of which a pace is taken: lines of one call are written together


class Series(NamedTuple):
    """A quantity over attempts: ascending attempts, and a value at each; NaN for none."""

    x: list[float]
    y: list[float]

    @property
    def last(self) -> float:
        """The last value; NaN without one."""
        return self.y[-1] if self.y else math.nan


class Logs(NamedTuple):
    """What a run's logs say.

    Attributes:
      steps: by "loss", "losses/<task>", "learning_rates/<number>", "gradient_norm",
        "scalars/<name>", "clip_factors/<layer>", and "attempts_per_second" since the line before,
        with all that came between.
      evaluations: by "loss" and "<task>/<metric>".
      events: in their order, each with a "kind" and an "attempt".
      attempt: the last that any line names.
      time: of the last line; "" without one.
      damaged: lines that could not be read.
    """

    steps: dict[str, Series]
    evaluations: dict[str, Series]
    events: list[dict[str, Any]]
    attempt: int
    time: str
    damaged: int


def read_logs(workdir: Path) -> Logs:
    """Returns what the logs in `workdir` say; a line that is no JSON object is counted and left.

    Raises:
      OSError: if a log is there and cannot be read.
    """
    steps: dict[str, Series] = {}
    evaluations: dict[str, Series] = {}
    damaged, attempt, time = 0, 0, ""
    pace = _Pace()
    for line in _lines(workdir / "metrics.jsonl"):
        at = number_in(line, "attempt")
        if not 0 <= at < 1e15:
            damaged += 1
            continue
        attempt, time = max(attempt, int(at)), max(time, str(line.get("time", "")))
        if "validation" in line or "validation_loss" in line:
            _append(evaluations, at, _of_evaluation(line))
        else:
            _append(steps, at, _of_step(line) | pace.between(at, line.get("time")))
    events = []
    for line in _lines(workdir / "events.jsonl"):
        at = number_in(line, "attempt")
        if not (isinstance(line.get("kind"), str) and 0 <= at < 1e15):
            damaged += 1
            continue
        events.append(line | {"attempt": int(at)})
        attempt, time = max(attempt, int(at)), max(time, str(line.get("time", "")))
    return Logs(steps, evaluations, events, attempt, time, damaged)


class _Pace:
    """Tells how many attempts a second there were from a line to the next."""

    def __init__(self) -> None:
        self._last: tuple[float, float] | None = None

    def between(self, attempt: float, time: object) -> dict[str, float]:
        """Returns the pace since the last line that was a second ago or more; {} of another."""
        try:
            now = datetime.fromisoformat(str(time)).timestamp()
        except (ValueError, OverflowError, OSError):  # no moment, or one of no clock
            return {}
        before, then = self._last or (attempt, now)
        if attempt <= before or now < then:  # the first, rolled back, or a clock that was set back
            self._last = attempt, now
            return {}
        if now - then < _SHORTEST:
            return {}
        self._last = attempt, now
        return {"attempts_per_second": (attempt - before) / (now - then)}


def number_in(values: Mapping[str, Any], name: str) -> float:
    """Returns a number by its name, also one that is written as text ("nan"); else NaN."""
    return as_number(values.get(name))


def as_number(value: object) -> float:
    """Returns `value` as a float; NaN of what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan


def mapping(value: object) -> dict[str, Any]:
    """Returns `value` if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yields the lines of a file as mappings; {} of one that is none. None if there is no file."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for text in file:
            try:
                value = json_text.parse(text) if len(text) < _LONGEST else None
            except ValueError:
                value = None
            yield mapping(value)


def _append(columns: dict[str, Series], at: float, values: Mapping[str, float]) -> None:
    for name, value in values.items():
        series = columns.setdefault(name, Series([], []))
        if not series.x or at > series.x[-1]:  # a line that is there twice, or goes back
            series.x.append(at)
            series.y.append(value)


def _of_step(line: Mapping[str, Any]) -> dict[str, float]:
    found = {name: number_in(line, name) for name in ("loss", "gradient_norm") if name in line}
    for group in ("losses", "scalars", "clip_factors"):
        values = mapping(line.get(group))
        found |= {f"{group}/{name}": as_number(value) for name, value in values.items()}
    rates = line.get("learning_rates")
    for index, rate in enumerate(rates if isinstance(rates, list) else ()):
        found[f"learning_rates/{index}"] = as_number(rate)
    return found


def _of_evaluation(line: Mapping[str, Any]) -> dict[str, float]:
    found = {"loss": number_in(line, "validation_loss")}
    for task, metrics in mapping(line.get("validation")).items():
        for name, value in mapping(metrics).items():
            if isinstance(value, int | float | str) and name not in ("note", "rows"):
                found[f"{task}/{name}"] = as_number(value)
    return found
