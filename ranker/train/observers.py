"""Observers: called with what happened, they write it down and cannot change it.

Nothing in metrics.jsonl depends on the clock but each line's `time`, so that a run that was
killed and resumed leaves the same file, that apart, as one that was not.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import tensorflow as tf
from tensorboard.plugins.scalar.summary_v2 import scalar_pb

from ranker.files import JsonLines, finite
from ranker.train.evaluation import Evaluation
from ranker.train.report import StepReport

# Names of scalars before their "/", and the keys that metrics.jsonl has for them.
_KEYS = {"loss": "losses", "learning_rate": "learning_rates", "clip_factor": "clip_factors"}


class Observer(Protocol):
    """What the loop reports: the reports of each call, evaluations, and other events."""

    def reports(self, reports: StepReport, seconds: float) -> None:
        """Takes the stacked reports of one call, as NumPy arrays, and how long it took."""

    def evaluation(self, attempt: int, step: int, evaluation: Evaluation) -> None:
        """Takes an evaluation of the validation split after `step` updates."""

    def event(self, event: dict) -> None:
        """Takes an intervention: JSON-ready, with `kind`, `attempt` and `step`."""

    def close(self) -> None:
        """Ends the observer's work."""


class StillHeld:
    """The first of the observers: what follows it is written only where the run may write."""

    def __init__(self, check: Callable[[], None]) -> None:
        """Takes what raises once the run directory is no longer this job's."""
        self._check = check

    def reports(self, reports: StepReport, seconds: float) -> None:
        """Checks."""
        self._check()

    def evaluation(self, attempt: int, step: int, evaluation: Evaluation) -> None:
        """Checks."""
        self._check()

    def event(self, event: dict) -> None:
        """Checks."""
        self._check()

    def close(self) -> None:
        """Does nothing."""


class MetricsLog:
    """metrics.jsonl: every so many attempts what the attempt did, and every evaluation."""

    def __init__(self, lines: JsonLines, *, every: int) -> None:
        """Takes the file; `every` 0 logs no step."""
        self._lines = lines
        self._every = every

    def reports(self, reports: StepReport, seconds: float) -> None:
        """Writes the attempts whose number, from 1, is a multiple of `every`."""
        for k, attempt in enumerate(reports.attempt):
            if self._every and (attempt + 1) % self._every == 0:
                self._lines.write(self.record(reports, k))

    def record(self, reports: StepReport, k: int) -> dict:
        """Returns the line of the k-th of `reports`: "scalars" has what has no key of its own."""
        scalars = reports.scalars
        known = {key: scalars.under(prefix) for prefix, key in _KEYS.items()}
        others = [name for name in scalars if name.partition("/")[0] not in _KEYS]
        others.remove("gradient_norm")
        return {
            "attempt": int(reports.attempt[k]) + 1,
            "step": int(reports.step[k]),
            "loss": float(reports.total[k]),
            "losses": known["losses"].at(k),
            "learning_rates": list(known["learning_rates"].at(k).values()),
            "gradient_norm": float(scalars["gradient_norm"][k]),
            "accepted": bool(reports.accept[k]),
            "clip_factors": known["clip_factors"].at(k),
            "scalars": {name: float(scalars[name][k]) for name in others},
        }

    def evaluation(self, attempt: int, step: int, evaluation: Evaluation) -> None:
        """Writes the evaluation's loss and metrics."""
        record = {"attempt": attempt, "step": step, "validation_loss": evaluation.loss}
        self._lines.write({**record, "validation": evaluation.metrics})

    def event(self, event: dict) -> None:
        """Writes nothing: events have a file of their own."""

    def close(self) -> None:
        """Closes the file."""
        self._lines.close()


class EventsLog:
    """events.jsonl: one line for every intervention."""

    def __init__(self, lines: JsonLines) -> None:
        self._lines = lines

    def reports(self, reports: StepReport, seconds: float) -> None:
        """Writes nothing: the loop turns refusals into events."""

    def evaluation(self, attempt: int, step: int, evaluation: Evaluation) -> None:
        """Writes nothing."""

    def event(self, event: dict) -> None:
        """Writes the event."""
        self._lines.write(event)

    def close(self) -> None:
        """Closes the file."""
        self._lines.close()


class TensorBoard:
    """The same numbers as TensorBoard scalars, by step, and the events as text."""

    def __init__(self, directory: Path, *, every: int) -> None:
        """Takes the folder; `every` 0 logs no step."""
        self._directory = directory
        self._every = every
        with self._naming():
            self._writer = tf.summary.create_file_writer(str(directory))

    def reports(self, reports: StepReport, seconds: float) -> None:
        """Writes the numbers of the attempts that metrics.jsonl has too."""
        for k, attempt in enumerate(reports.attempt):
            if self._every and (attempt + 1) % self._every == 0:
                numbers = {"loss/total": float(reports.total[k])} | reports.scalars.at(k)
                self._write(numbers, int(reports.step[k]))

    def evaluation(self, attempt: int, step: int, evaluation: Evaluation) -> None:
        """Writes the numbers of each task."""
        numbers = {"validation/loss": evaluation.loss}
        for task, metrics in evaluation.metrics.items():
            named = {name: value for name, value in metrics.items() if isinstance(value, float)}
            numbers |= {f"validation/{task}/{name}": value for name, value in named.items()}
        self._write(numbers, step)

    def event(self, event: dict) -> None:
        """Writes the event as text."""
        with self._naming(), self._writer.as_default():
            tf.summary.text(f"event/{event['kind']}", json.dumps(finite(event)), event["step"])

    def close(self) -> None:
        """Flushes and closes the file."""
        with self._naming():
            self._writer.close()

    def _write(self, numbers: Mapping[str, float], step: int) -> None:
        """Writes all of them as one record: `tf.summary.scalar` takes an operation for each."""
        records = [scalar_pb(tag, number).SerializeToString() for tag, number in numbers.items()]
        with self._naming(), self._writer.as_default():
            # Protocol buffers one after the other are one, with the values of them all.
            tf.summary.experimental.write_raw_pb(b"".join(records), step)

    @contextmanager
    def _naming(self) -> Iterator[None]:
        """Makes of TensorFlow's error an OSError, which is what a full disk is."""
        try:
            yield
        except tf.errors.OpError as error:
            said = str(error.message).splitlines()[0].rpartition("}} ")[2]
            raise OSError(f"{self._directory}: cannot be written: {said}") from error
