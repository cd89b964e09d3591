"""Goes back to before a refused attempt, forward to it, and tries its batch from the file."""

import contextlib
import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from ranker import json_text
from ranker.guard.verdict import REASONS
from ranker.input.batch import Batch
from ranker.input.batch_file import from_parquet
from ranker.replay.diagnosis import Diagnosis, diagnose
from ranker.replay.forward import go_forward, restore_before
from ranker.train.checkpoint import Checkpoints
from ranker.train.events import refusal
from ranker.train.incidents import kept
from ranker.train.report import StepReport
from ranker.train.step import Step
from ranker.wiring.identity import identify
from ranker.wiring.run import Run, build_run
from ranker.wiring.saved import read_settings


@dataclasses.dataclass(frozen=True, kw_only=True)
class Replay:
    """An attempt tried again.

    Attributes:
      run: its objects.
      batch: as it was tried.
      before: the event of the run.
      after: the event of now, as far as the run's had the same; `reason` is "accepted" if it
        was not refused.
      restored: the attempts of the checkpoint that it began from, 0 for the start.
      diagnosis: of every tensor.
    """

    run: Run
    batch: Batch
    before: dict
    after: dict
    restored: int
    diagnosis: Diagnosis

    @property
    def differing(self) -> list[str]:
        """What differs between the two events, to the last bit."""
        names = [name for name in self.after if name in self.before]
        return [n for n in names if repr(self.before[n]) != repr(self.after[n])]


def replay(workdir: Path, attempt: int | None, *, say: Callable[[str], None]) -> Replay:
    """Returns what comes of a refused attempt of the run in `workdir`; writes nothing.

    Args:
      attempt: which, from 1; the first whose batch is kept for None.
      say: takes a line for the user at each stage.

    Raises:
      ValueError: if no batch of it is kept, or the run has other settings now.
      OSError: for files that cannot be read.
    """
    config = read_settings(workdir)
    attempt = _known(workdir, attempt)
    batch, said = from_parquet(workdir / "incidents" / f"{attempt}.parquet")
    say("Building the model")
    run = build_run(config)
    identity = identify(config, run.schema, splits=("train",))
    if differing := identity.difference(json_text.parse(said.get("run", "null"))):
        raise ValueError(
            f"{workdir}/incidents/{attempt}.parquet: not of the run that is here: {differing}. "
            "Put back what was there"
        )
    checkpoints = Checkpoints(
        workdir / "checkpoints", keep=config.train.keep_checkpoints, identity=identity
    )
    state = restore_before(run.step, checkpoints, attempt - 1)
    if not state and config.train.start_from:
        raise ValueError(
            f"{workdir}: no checkpoint of before attempt {attempt} is kept, and the run began from "
            f"another's, {config.train.start_from}: more train.keep_checkpoints would keep one"
        )
    restored = int(run.step.attempts.numpy())
    say(f"Going forward from attempt {restored:,} to {attempt - 1:,}")
    go_forward(run, checkpoints, state, end=attempt - 1)
    step = _beside_batch(run)
    report = _try(step, batch)
    after = refusal(report, 0, step)
    step.attempts.assign(attempt - 1)
    found = diagnose(step, batch, run.schema, reason=REASONS.index(after["reason"]))
    before = json_text.parse(said["event"])
    return Replay(
        run=run, batch=batch, before=before, after=after, restored=restored, diagnosis=found
    )


def _known(workdir: Path, attempt: int | None) -> int:
    folder = workdir / "incidents"
    there = kept(folder)
    if there and attempt in (None, *there):
        return there[0] if attempt is None else attempt
    of = "" if attempt is None else f" of attempt {attempt}"
    others = f"there are those of {', '.join(map(str, there))}" if there else "there is none"
    written = [a for a in _written(workdir) if a not in there and attempt in (None, a)]
    if written:
        raise ValueError(f"{folder}/{written[0]}.parquet: gone: the run kept it there; {others}")
    raise ValueError(f"{folder}: no batch{of} is kept; {others}")


def _written(workdir: Path) -> list[int]:
    """Returns the attempts whose batches the run kept, as events.jsonl says, if it can be read."""
    found = []
    with contextlib.suppress(OSError, ValueError):
        for line in (workdir / "events.jsonl").read_text("utf-8").splitlines():
            event = json_text.parse(line)
            if event.get("kind") == "refused" and event.get("incident"):
                found.append(event["attempt"])
    return found


def _beside_batch(run: Run) -> Step:
    """Returns the run's step without the faults that are in the batch already."""
    step = run.step
    beside = Step(
        step.model,
        step.objective,
        step.optimizer,
        step.guard,
        faults=step.faults.beside_batch(),
        seed=run.config.seed,
        aggregation=step.aggregation,
        detector=step.detector,
        controls=step.controls,
    )
    beside.attempts.assign(step.attempts)
    return beside


def _try(step: Step, batch: Batch) -> StepReport:
    return step.run(tf.nest.map_structure(lambda a: a[np.newaxis], batch)).numpy()
