"""A run's trainer: what it does between calls, who observes it, and where it goes on from."""

import dataclasses
import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from ranker import files
from ranker.input.split import Split
from ranker.input.stored import StoredSplit
from ranker.input.stream import Batches
from ranker.train.actions import Progress
from ranker.train.beginning import Beginning
from ranker.train.calls import call_alone
from ranker.train.checkpoint import Checkpoints
from ranker.train.evaluation import Evaluation
from ranker.train.incidents import Incidents
from ranker.train.observers import EventsLog, MetricsLog, Observer, StillHeld, TensorBoard
from ranker.train.plan import Plan
from ranker.train.progress import Length, show_progress
from ranker.train.saving import Evaluating, Saving
from ranker.train.step import Step
from ranker.train.trainer import Trainer
from ranker.wiring.leading import Leading
from ranker.wiring.recovery import build_recovery
from ranker.wiring.run import Run, build_plan
from ranker.wiring.training import build_stream, open_training

_PROGRESS_SECONDS = 10
_LOGS = ("metrics.jsonl", "events.jsonl")


def build_trainer(
    run: Run,
    workdir: Path,
    checkpoints: Checkpoints,
    beginning: Beginning,
    *,
    is_stopping: Callable[[], bool],
    interruptible: Callable[[], AbstractContextManager],
    say: Callable[[str], None],
    check: Callable[[], None],
    leading: Leading | None = None,
) -> Trainer:
    """Returns the trainer, with the logs as the newest checkpoint has them.

    Args:
      beginning: where the variables are.
      is_stopping, interruptible, say, check, leading: as of `ranker.job.run_job`.
    """
    config, step = run.config, run.step
    run.check_split("test")  # what is wrong with it is better known now than after the training
    validation = run.validation()
    examples = _open(run, say)
    plan, state = build_plan(config, len(examples)), beginning.state
    progress = dataclasses.replace(beginning.progress, total=plan.total)
    start = int(step.attempts.numpy())
    if state:
        say(f"Resuming after attempt {start:,}")
    logs = {name: files.JsonLines(workdir / name, progress.logs.get(name)) for name in _LOGS}
    observers = [StillHeld(check), *_observers(run, workdir, logs, plan, start)]
    observers += [leading] if leading else []
    events = _prolonged(state, progress, step) if state else _rejected_rows(run, say)
    for event in [*_damage(checkpoints, logs, step), *beginning.events, *events]:
        for observer in observers:
            observer.event(event)

    def evaluate() -> Evaluation:
        with interruptible():
            return run.scorer.evaluate(validation)

    controller = build_recovery(config, step, checkpoints, progress.recovery)
    saving = Saving(step, checkpoints, plan, progress, logs=logs, controller=controller)
    evaluating = Evaluating(
        step, plan, progress, measure=evaluate, observers=observers, saving=saving
    )
    saving.save_start()
    return Trainer(
        step,
        build_stream(config, examples, part=leading.part(config) if leading else slice(None)),
        plan,
        progress=progress,
        actions=[evaluating.action(), saving.action()],
        observers=observers,
        incidents=_incidents(run, workdir, build_stream(config, examples) if leading else None),
        controller=controller,
        is_stopping=is_stopping,
        failure=lambda: _failure(step, progress),
        call=leading.attach(run, len(examples)) if leading else call_alone,
    )


def _open(run: Run, say: Callable[[str], None]) -> Split | StoredSplit:
    examples = open_training(run, on_progress=_counting_progress(say))
    if isinstance(examples, StoredSplit):
        num_groups = len(examples.groups)
        say(f"train stays on disk: {len(examples):,} good rows in {num_groups:,} row groups")
    if (batch_size := run.config.data.batch_size) > len(examples):
        say(f"A batch of {batch_size:,} examples repeats the {len(examples):,} rows of train")
    return examples


def _failure(step: Step, progress: Progress) -> str:
    """Returns why a run that came to its end has no model to show; "" if it has one."""
    if progress.best is None:
        return "no evaluation was finite"
    is_trained = int(step.optimizer.step.numpy()) > progress.first_step
    return "" if is_trained else "every attempt was refused, so nothing was trained"


def _counting_progress(say: Callable[[str], None]) -> Callable[[int, int], None]:
    """Returns what says, every ten seconds, how many of the training rows have been counted."""
    said = time.monotonic()

    def on_progress(num_read: int, num_rows: int) -> None:
        nonlocal said
        if time.monotonic() - said > _PROGRESS_SECONDS:
            said = time.monotonic()
            say(f"Counting the good rows of train: {num_read:,} of {num_rows:,}")

    return on_progress


def _incidents(run: Run, workdir: Path, batches: Batches | None) -> Incidents:
    return Incidents(
        workdir / "incidents",
        step=run.step,
        schema=run.schema,
        most=run.config.guard.max_incidents,
        metadata={
            "seed": str(run.config.seed),
            "run": json.dumps(run.identity.as_json() if run.identity else None),
        },
        batches=batches,
    )


def _where(step: Step) -> dict[str, int]:
    return {"attempt": int(step.attempts.numpy()), "step": int(step.optimizer.step.numpy())}


def _prolonged(state: dict, progress: Progress, step: Step) -> list[dict]:
    """Returns the event that the run got longer since its newest checkpoint, if it did."""
    before = state.get("total", 0)
    if before in (0, progress.total):
        return []
    return [{"kind": "prolonged", **_where(step), "from": before, "to": progress.total}]


def _damage(checkpoints: Checkpoints, logs: dict[str, files.JsonLines], step: Step) -> list[dict]:
    """Returns an event for each damaged checkpoint passed over or replaced, and each lost log."""
    where = _where(step)
    return [
        {"kind": "damaged", **where, "checkpoint": name, "reason": reason}
        for name, reason in checkpoints.damaged.items()
    ] + [{"kind": "log_lost", **where, "file": name} for name, log in logs.items() if log.is_lost]


def _rejected_rows(run: Run, say: Callable[[str], None]) -> list[dict]:
    """Says which splits have rejected rows that are left out; returns an event for each."""
    found = {name: bad for name, bad in run.rejected_rows.items() if bad.num_rejected}
    for bad in found.values():
        say(f"Left out: {bad}")
    return [
        {"kind": "rejected_rows", "attempt": 0, "step": 0, "split": name, **bad.as_json()}
        for name, bad in found.items()
    ]


def _observers(
    run: Run, workdir: Path, logs: dict[str, files.JsonLines], plan: Plan, start: int
) -> list[Observer]:
    every = run.config.train.log_every_attempts
    return [
        MetricsLog(logs["metrics.jsonl"], every=every),
        EventsLog(logs["events.jsonl"]),
        TensorBoard(workdir / "tensorboard", every=every),
        show_progress(Length(plan.total, start, run.config.data.batch_size, plan.monitor)),
    ]
