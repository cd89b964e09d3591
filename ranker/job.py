"""One run from its settings to its SavedModel, resumable at every moment."""

import contextlib
import dataclasses
import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from ranker import build, train
from ranker.input import StoredSplit
from ranker.spec import load
from ranker.spec.run import RunConfig

_TELL_SECONDS = 10


def open_run_directory(config: RunConfig, workdir: Path, *, command: list[str]) -> None:
    """Writes what will run into `workdir`, or checks that it is what ran there before.

    A run that never got to anything worth keeping binds nobody to its settings.

    Raises:
      RunDirectoryError: naming what differs from the run that is there.
    """
    path = workdir / "config.toml"
    if path.exists() and train.has_begun(workdir):
        before = load.load(path, [], RunConfig)
        differing = load.difference(before, config)
        if differing:
            raise train.RunDirectoryError(
                f"{path}: a run with other settings is there: {'; '.join(differing)}. "
                "Take another --workdir, or the settings of before to resume."
            )
        return
    build.check_lost_settings(config, workdir)
    train.write_json(
        workdir / "environment.json", train.environment(seed=config.seed, command=command)
    )
    train.write_text(path, load.dump(config))


def run_job(
    config: RunConfig,
    workdir: Path,
    *,
    is_stopping: Callable[[], bool],
    interruptible: Callable[[], AbstractContextManager] = contextlib.nullcontext,
    say: Callable[[str], None],
    check: Callable[[], None] = lambda: None,
) -> dict:
    """Trains, or goes on training, then evaluates and exports; writes RESULT.json last.

    Args:
      is_stopping: whether to save and stop at the next call.
      interruptible: makes a context for work that can be done again; `train.Stopped`
        may be raised in it.
      say: takes a line for the user at each stage.
      check: called before anything is written; raises if `workdir` is no longer this job's.

    Returns:
      What RESULT.json holds: `status` is "completed", "diverged" or "preempted"; it is
      "failed" only in the file, with the reason, and the error goes up.
    """
    began = time.perf_counter()
    result: dict = {"status": "failed", "config_sha256": build.settings_sha256(config)}
    (workdir / train.RESULT).unlink(missing_ok=True)
    try:
        with interruptible():
            say(f"Building the model and reading {config.data.path}")
            run = build.build_run(config)
            identity = build.identify(config, run.schema)
            run = dataclasses.replace(run, identity=identity)
            result |= identity.as_json()
            checkpoints = _checkpoints(run, workdir, check)
            loop = _loop(
                run,
                workdir,
                checkpoints,
                is_stopping=is_stopping,
                interruptible=interruptible,
                say=say,
                check=check,
            )
        outcome = loop.run()
        result |= _counts(run, outcome)
        if outcome.status == "completed":
            with interruptible():
                _conclude(run, workdir, checkpoints, result, say=say, check=check)
        result["status"] = outcome.status
    except train.Stopped:  # everything up to here is in a checkpoint
        result["status"] = "preempted"
    except BaseException as error:
        result["reason"] = " ".join(str(error).split()) or type(error).__name__
        check()  # of a directory that is gone, all else is a consequence
        with contextlib.suppress(OSError):  # the first problem is the one to tell
            _write_result(workdir, result, began)
        raise
    check()
    _write_result(workdir, result, began)
    return result


def _checkpoints(run: build.Run, workdir: Path, check: Callable[[], None]) -> train.Checkpoints:
    return train.Checkpoints(
        workdir / "checkpoints",
        keep=run.config.train.keep_checkpoints,
        identity=run.identity,
        check=check,
    )


def _write_result(workdir: Path, result: dict, began: float) -> None:
    result["seconds"] = time.perf_counter() - began
    result["peak_memory_mb"] = train.peak_memory_mb()
    train.write_result(workdir, result)


def _conclude(
    run: build.Run,
    workdir: Path,
    checkpoints: train.Checkpoints,
    result: dict,
    *,
    say: Callable[[str], None],
    check: Callable[[], None],
) -> None:
    """Evaluates and exports the best checkpoint; puts what RESULT.json tells of it in `result`."""
    checkpoints.restore_best(run.step.variables)
    say("Evaluating the best checkpoint")
    metrics = {name: run.evaluate(name).metrics for name in ("validation", "test")}
    now = build.identify(run.config, run.schema)
    if differing := now.difference(run.identity.as_json() if run.identity else None):
        raise train.RunDirectoryError(
            f"{run.config.data.path}: changed while the run went on, and {differing}: put back "
            "what was there and run the same command again"
        )
    result |= {"metrics": metrics, "rows": _rows(run)}
    if run.config.export.enabled:
        check()
        say("Exporting, and checking the export in a fresh process")
        result["export"] = str(build.export_run(run, workdir / "export", result=result))


def _rows(run: build.Run) -> dict[str, int]:
    """Returns the number of good rows of each split."""
    return {name: bad.num_read - bad.num_bad for name, bad in run.bad_rows.items()}


def _loop(
    run: build.Run,
    workdir: Path,
    checkpoints: train.Checkpoints,
    *,
    is_stopping: Callable[[], bool],
    interruptible: Callable[[], AbstractContextManager],
    say: Callable[[str], None],
    check: Callable[[], None],
) -> train.Loop:
    """Returns the loop, with the variables and logs as the newest checkpoint has them."""
    config, step = run.config, run.step
    run.check_split("test")  # what is wrong with it is better known now than after the training
    validation = run.validation()
    examples = build.open_training(run, tell=_telling(say))
    if isinstance(examples, StoredSplit):
        num_groups = len(examples.groups)
        say(f"train stays on disk: {len(examples):,} good rows in {num_groups:,} row groups")
    state = checkpoints.resume(step.variables)
    progress = train.Progress(**(state or {}))
    start = int(step.attempts.numpy())
    if state:
        say(f"Resuming after attempt {start:,}")
    plan = build.build_plan(config, len(examples))
    logs = {
        name: train.JsonLines(workdir / name, progress.logs.get(name))
        for name in ("metrics.jsonl", "events.jsonl")
    }
    observers = [train.StillHeld(check), *_observers(run, workdir, logs, plan, start)]
    events = [] if state else _bad_rows(run, say)  # a resumed run has told of them
    for event in [*_damage(checkpoints, logs, step), *events]:
        for observer in observers:
            observer.event(event)

    def evaluate() -> train.Evaluation:
        with interruptible():
            return run.scorer.evaluate(validation)

    return train.Loop(
        step,
        build.build_stream(config, examples),
        plan,
        progress=progress,
        evaluate=evaluate,
        checkpoints=checkpoints,
        incidents=_incidents(run, workdir),
        observers=observers,
        logs=logs,
        is_stopping=is_stopping,
        rescue=build.build_rescue(config, step, checkpoints, progress.ladder),
    )


def _telling(say: Callable[[str], None]) -> Callable[[int, int], None]:
    """Returns what says, every ten seconds, how many of the training rows have been counted."""
    said = time.monotonic()

    def tell(num_read: int, num_rows: int) -> None:
        nonlocal said
        if time.monotonic() - said > _TELL_SECONDS:
            said = time.monotonic()
            say(f"Counting the good rows of train: {num_read:,} of {num_rows:,}")

    return tell


def _incidents(run: build.Run, workdir: Path) -> train.Incidents:
    return train.Incidents(
        workdir / "incidents",
        step=run.step,
        schema=run.schema,
        most=run.config.guard.max_incidents,
        metadata={
            "seed": str(run.config.seed),
            "run": json.dumps(run.identity.as_json() if run.identity else None),
        },
    )


def _damage(
    checkpoints: train.Checkpoints, logs: dict[str, train.JsonLines], step: train.Step
) -> list[dict]:
    """Returns an event for each damaged checkpoint passed over or mended, and each lost log."""
    where = {"attempt": int(step.attempts.numpy()), "step": int(step.optimizer.step.numpy())}
    return [
        {"kind": "damaged", **where, "checkpoint": name, "reason": reason}
        for name, reason in checkpoints.damaged.items()
    ] + [{"kind": "log_lost", **where, "file": name} for name, log in logs.items() if log.is_lost]


def _bad_rows(run: build.Run, say: Callable[[str], None]) -> list[dict]:
    """Says which splits have bad rows that are left out; returns an event for each."""
    found = {name: bad for name, bad in run.bad_rows.items() if bad.num_bad}
    for bad in found.values():
        say(f"Left out: {bad}")
    return [
        {"kind": "bad_rows", "attempt": 0, "step": 0, "split": name, **bad.as_json()}
        for name, bad in found.items()
    ]


def _observers(
    run: build.Run, workdir: Path, logs: dict[str, train.JsonLines], plan: train.Plan, start: int
) -> list[train.Observer]:
    names = {
        "every": run.config.train.log_every_attempts,
        "tasks": run.step.objective.tasks,
        "variables": run.step.optimizer.names,
    }
    return [
        train.MetricsLog(logs["metrics.jsonl"], **names),
        train.EventsLog(logs["events.jsonl"]),
        train.TensorBoard(
            workdir / "tensorboard",
            groups=[group.name for group in run.step.optimizer.groups],
            watched=run.step.guard.watched,
            **names,
        ),
        train.show_progress(
            train.Length(plan.total, start, run.config.data.batch_size, plan.monitor)
        ),
    ]


def _counts(run: build.Run, outcome: train.Outcome) -> dict:
    working = outcome.seconds - outcome.pause_seconds
    examples = outcome.attempts * run.config.data.batch_size
    return {
        "step": int(run.step.optimizer.step.numpy()),
        "attempts": int(run.step.attempts.numpy()),
        "best_attempt": outcome.best_attempt,
        "refused": int(run.step.guard.refused.numpy()),
        "bad_rows": {name: bad.num_bad for name, bad in run.bad_rows.items()},
        **({"reason": outcome.reason} if outcome.reason else {}),
        **({"cause": outcome.cause} if outcome.cause else {}),
        **({} if outcome.good_checkpoint is None else {"good_checkpoint": outcome.good_checkpoint}),
        "examples_per_second": examples / working if outcome.attempts else 0.0,
        "input_bound_share": outcome.waiting_seconds / working if outcome.attempts else 0.0,
    }
