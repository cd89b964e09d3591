"""How far training is: a bar on a terminal, and in a file a line with the time now and then."""

import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from ranker.train.evaluation import Evaluation
from ranker.train.observers import Observer
from ranker.train.report import StepReport

SECONDS = 30.0  # between two lines
_APART = ("kind", "attempt", "step", "time", "reason", "try")  # of an event, said apart or not


class Length(NamedTuple):
    """How long a run is.

    Attributes:
      total, done: attempts, of the whole run and before this start.
      batch_size: examples an attempt.
      monitor: what chooses the best checkpoint, as `check_monitor` accepts it.
    """

    total: int
    done: int
    batch_size: int
    monitor: str


def show_progress(length: Length) -> Observer:
    """Returns a bar if standard error is a terminal, else what writes lines to it."""
    return ProgressBar(length) if sys.stderr.isatty() else ProgressLines(length)


def event_line(event: Mapping[str, Any]) -> str:
    """Returns an event on one line, as a person reads it; events.jsonl has all of it."""
    said = [str(event["reason"])] if event.get("reason") else []
    said += [
        f"{name.replace('_', ' ')} {f'{value:.4g}' if isinstance(value, float) else value}"
        for name, value in event.items()
        if name not in _APART and not (value is None or isinstance(value, dict | list))
    ]
    line = f"attempt {event.get('attempt', 0):,}: {str(event['kind']).replace('_', ' ')}"
    line += f": {', '.join(said)}" if said else ""
    return f"{line}. {event['try']}" if event.get("try") else line


class ProgressBar:
    """A bar on the terminal: attempts, loss, the monitored metric, examples a second, time left."""

    def __init__(self, length: Length) -> None:
        self._bar = tqdm(
            total=length.total * length.batch_size,
            initial=length.done * length.batch_size,
            unit="ex",
            unit_scale=True,
            desc="train",
            mininterval=0.5,
            dynamic_ncols=True,
        )
        self._length = length
        self._shown: dict[str, str] = {}

    def reports(self, reports: StepReport, seconds: float) -> None:
        """Moves the bar on and shows the mean loss of the call's accepted attempts."""
        self._shown |= _accepted_loss(reports)
        self._bar.set_postfix(self._shown, refresh=False)
        self._bar.update(len(reports.attempt) * self._length.batch_size)

    def evaluation(self, attempt: int, step: int, evaluation: Evaluation) -> None:
        """Shows the monitored number."""
        self._shown |= _monitored(evaluation, self._length.monitor)

    def event(self, event: dict) -> None:
        """Writes the event above the bar."""
        self._bar.write(event_line(event), file=sys.stderr)

    def close(self) -> None:
        """Leaves the bar as it stands."""
        self._bar.close()


class ProgressLines:
    """Lines for a file: at the start, every half minute, at the end."""

    def __init__(self, length: Length, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Writes the first line.

        Args:
          clock: in seconds; a test has its own.
        """
        self._length = length
        self._clock = clock
        self._attempt = length.done
        self._shown: dict[str, str] = {}
        self._began = self._said = clock()
        self._say()

    def reports(self, reports: StepReport, seconds: float) -> None:
        """Notes the mean loss of the call's accepted attempts; writes a line if it is time."""
        self._attempt += len(reports.attempt)
        self._shown |= _accepted_loss(reports)
        if self._clock() - self._said >= SECONDS:
            self._say()

    def evaluation(self, attempt: int, step: int, evaluation: Evaluation) -> None:
        """Notes the monitored number; writes a line if it is time."""
        self._shown |= _monitored(evaluation, self._length.monitor)
        if self._clock() - self._said >= SECONDS:
            self._say()

    def event(self, event: dict) -> None:
        """Writes the event on a line of its own."""
        self._write(event_line(event))

    def close(self) -> None:
        """Writes the last line."""
        self._say()

    def _say(self) -> None:
        self._said = self._clock()
        total, seconds = self._length.total, self._said - self._began
        parts = [f"{self._attempt:,} of {total:,} attempts ({self._attempt / total:.0%})"]
        parts += [f"{name} {value}" for name, value in self._shown.items()]
        tried = self._attempt - self._length.done
        if tried and seconds > 0:
            left = (total - self._attempt) * seconds / tried
            parts.append(f"{tried * self._length.batch_size / seconds:,.0f} examples a second")
            parts.append(f"{tqdm.format_interval(left)} left")
        self._write(", ".join(parts))

    def _write(self, text: str) -> None:
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        sys.stderr.write(f"{now} train: {text}\n")


def _accepted_loss(reports: StepReport) -> dict[str, str]:
    """Returns the mean loss of what was accepted; nothing if nothing was, so the last one stays."""
    accepted = reports.total[reports.accept.astype(bool)]
    return {"loss": f"{np.mean(accepted):.4f}"} if len(accepted) else {}


def _monitored(evaluation: Evaluation, monitor: str) -> dict[str, str]:
    """Returns the monitored number by its name, as it is shown."""
    task, _, metric = monitor.partition(".")
    value = evaluation.metrics[task].get(metric) if metric else evaluation.loss
    return {f"validation {monitor}": "none" if value is None else f"{value:.4f}"}
