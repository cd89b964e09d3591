"""Refused attempts: what is said of them beside the verdict, and their batches kept."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

from ranker.files import write_bytes
from ranker.guard.verdict import REASONS
from ranker.input.batch import Batch
from ranker.input.batch_file import to_parquet
from ranker.input.stream import Batches
from ranker.schema import Schema
from ranker.train.cause import find_cause, lowest_factors
from ranker.train.step import Step


@dataclasses.dataclass(frozen=True)
class Incidents:
    """The folder of a run's incidents: `<attempt>.parquet`, the batch as it was tried.

    Attempts count from 1, as in events. A file's schema metadata has what a replay needs:
    attempt, seed, reason, the run's settings and data by digest, and the whole event.

    Attributes:
      folder: made with the first file.
      schema: of the run's rows.
      most: files that a run writes, those of its first refusals, >= 0.
      metadata: of the run, such as its seed; kept in every file.
      batches: whole ones by their numbers, where a stack has but one worker's part of them.
    """

    folder: Path
    _: dataclasses.KW_ONLY
    step: Step
    schema: Schema
    most: int
    metadata: Mapping[str, str]
    batches: Batches | None = None

    def enter(self, event: dict, stack: Batch, *, index: int, factors: np.ndarray) -> dict:
        """Returns the refused attempt's event with its cause, and keeps its batch.

        Args:
          event: of kind "refused".
          stack: the batches of the call; the attempt's is at `index`.
          factors: clip factors of the last attempts, this one's last, [N, V].

        Raises:
          OSError: naming the file, if it cannot be written.
        """
        attempt = event["attempt"]
        if self.batches is not None:
            stack, index = self.batches.stack(attempt - 1, 1), 0
        batch = self._tried(stack, index, attempt - 1)
        cause = find_cause(batch, self.schema, reason=REASONS.index(event["reason"]))
        names = self.step.optimizer.names
        event = event | cause.event() | {"clip_factors": lowest_factors(factors, names)}
        if self._is_kept(attempt):
            event["incident"] = f"{self.folder.name}/{attempt}.parquet"
            self._keep(event, batch)
        return event

    def _tried(self, stack: Batch, index: int, attempt: int) -> Batch:
        """Returns the batch at `index` with what faults made of it, as NumPy arrays."""
        batch = self.step.faults.batch(stack.at(index), tf.constant(attempt, tf.int64))
        return Batch(*({n: np.asarray(a) for n, a in arrays.items()} for arrays in batch))

    def _is_kept(self, attempt: int) -> bool:
        """Whether a file may be written: later ones are of a run that was killed, and go on."""
        return sum(number < attempt for number in kept(self.folder)) < self.most

    def _keep(self, event: dict, batch: Batch) -> None:
        said = {"attempt": str(event["attempt"]), "reason": event["reason"]}
        said |= {"event": json.dumps(event)} | dict(self.metadata)
        self.folder.mkdir(parents=True, exist_ok=True)
        write_bytes(self.folder / f"{event['attempt']}.parquet", to_parquet(batch, said))


def kept(folder: Path) -> list[int]:
    """Returns the attempts whose batches are in `folder`, in order."""
    return sorted(int(path.stem) for path in folder.glob("*.parquet") if path.stem.isdigit())
