"""One run from its settings to its SavedModel, resumable at every moment."""

import contextlib
import dataclasses
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from ranker import files, train
from ranker.report import run as report
from ranker.spec import load
from ranker.spec.run import RunConfig
from ranker.wiring.beginning import begin
from ranker.wiring.export import export_run
from ranker.wiring.identity import identify, prolongs, settings_sha256
from ranker.wiring.leading import Leading
from ranker.wiring.run import Run, build_run
from ranker.wiring.saved import check_lost_settings, check_prolongable, read_settings
from ranker.wiring.trainer import build_trainer
from ranker.workers import Cluster


def open_run_directory(
    config: RunConfig, workdir: Path, *, command: list[str], cluster: Cluster | None = None
) -> None:
    """Writes what will run into `workdir`, or checks that it is what ran there before.

    A run that never got to anything worth keeping binds nobody to its settings. One that is
    there, finished or not, may be prolonged: by more of `train.epochs` or `train.max_attempts`,
    and by no other change, it goes on from its newest checkpoint. If it evaluated where it
    ended, as runs of whole epochs do, it is bit for bit the run that was of that length from
    the start: no schedule goes by the length of a run.

    Raises:
      RunDirectoryError: naming what differs from the run that is there.
    """
    path = workdir / "config.toml"
    if path.exists() and train.has_begun(workdir):
        before = read_settings(workdir)
        if prolongs(config, before):
            check_prolongable(workdir)
            files.write_text(path, load.dump(config))
        elif differing := load.difference(before, config):
            raise train.RunDirectoryError(
                f"{path}: a run with other settings is there: {'; '.join(differing)}. "
                "Take another --workdir, or the settings of before to resume."
            )
        return
    check_lost_settings(config, workdir)
    environment = files.environment(seed=config.seed, command=command)
    environment |= {"workers": cluster.size, "rank": cluster.rank} if cluster else {}
    files.write_json(workdir / "environment.json", environment)
    files.write_text(path, load.dump(config))


def run_job(
    config: RunConfig,
    workdir: Path,
    *,
    is_stopping: Callable[[], bool],
    interruptible: Callable[[], AbstractContextManager] = contextlib.nullcontext,
    say: Callable[[str], None],
    check: Callable[[], None] = lambda: None,
    sentence: Callable[[BaseException], str] = lambda error: " ".join(str(error).split()),
    leading: Leading | None = None,
) -> dict:
    """Trains, or goes on training, then evaluates and exports; writes RESULT.json and a page.

    Args:
      is_stopping: whether to save and stop at the next call.
      interruptible: makes a context for work that can be done again; `train.Stopped`
        may be raised in it.
      say: takes a line for the user at each stage.
      check: called before anything is written; raises if `workdir` is no longer this job's.
      sentence: what an error is to a user, as the reason of a failure.
      leading: of the workers that train the run; None for this process alone.

    Returns:
      What RESULT.json holds: `status` is "completed", "diverged" or "preempted"; it is
      "failed" only in the file, with the reason, and the error goes up. Metrics that it has of
      this run stay in it until there are new ones.
    """
    began = time.perf_counter()
    failed: dict = {"status": "failed", "config_sha256": settings_sha256(config)}
    failed |= leading.said if leading else {}
    result = train.take_measured(workdir, failed["config_sha256"]) | failed
    try:
        with interruptible():
            say(f"Building the model and reading {config.data.path}")
            run = leading.build(config) if leading else build_run(config)
            identity = identify(config, run.schema)
            result = (failed if identity.difference(result) else result) | identity.as_json()
            run = dataclasses.replace(run, identity=identity)
            checkpoints = _checkpoints(run, workdir, check)
            beginning = begin(run, workdir, checkpoints, say=say, check=check)
            run = dataclasses.replace(run, start=beginning.progress.start)
            stops = {"is_stopping": is_stopping, "interruptible": interruptible}
            trainer = build_trainer(
                run, workdir, checkpoints, beginning, **stops, say=say, check=check, leading=leading
            )
        outcome = trainer.run()
        result |= _counts(run, outcome)
        if outcome.status == "completed":
            with interruptible():
                _evaluate_and_export(run, workdir, checkpoints, result, say=say, check=check)
        result["status"] = outcome.status
    except train.Stopped:  # everything up to here is in a checkpoint
        result["status"] = "preempted"
    except BaseException as error:
        result["reason"] = sentence(error) or type(error).__name__
        check()  # of a directory that is gone, all else is a consequence
        with contextlib.suppress(OSError):  # the first problem is the one to report
            _write_result(workdir, result, began)
            if (workdir / "metrics.jsonl").exists():
                _write_report(workdir, say)
        raise
    check()
    _write_result(workdir, result, began)
    _write_report(workdir, say)
    return result


def _checkpoints(run: Run, workdir: Path, check: Callable[[], None]) -> train.Checkpoints:
    return train.Checkpoints(
        workdir / "checkpoints",
        keep=run.config.train.keep_checkpoints,
        identity=run.identity,
        check=check,
    )


def _write_result(workdir: Path, result: dict, began: float) -> None:
    result["seconds"] = time.perf_counter() - began
    result["peak_memory_mb"] = files.peak_memory_mb()
    train.write_result(workdir, result)


def _write_report(workdir: Path, say: Callable[[str], None]) -> None:
    """Writes report.html; a run is worth more than its page, so what fails there is only said."""
    try:
        report.write_report(workdir)
    except Exception as error:  # noqa: BLE001
        said = " ".join(str(error).split()) or type(error).__name__
        say(f"{workdir / report.REPORT}: not written: {said:.200}")


def _evaluate_and_export(
    run: Run,
    workdir: Path,
    checkpoints: train.Checkpoints,
    result: dict,
    *,
    say: Callable[[str], None],
    check: Callable[[], None],
) -> None:
    """Evaluates and exports the best checkpoint; puts what RESULT.json says of it in `result`."""
    checkpoints.restore_best(run.step.variables)
    say("Evaluating the best checkpoint")
    found = {name: run.evaluate(name) for name in ("validation", "test")}
    metrics = {name: evaluation.metrics for name, evaluation in found.items()}
    now = identify(run.config, run.schema)
    if differing := now.difference(run.identity.as_json() if run.identity else None):
        raise train.RunDirectoryError(
            f"{run.config.data.path}: changed while the run went on, and {differing}: put back "
            "what was there and run the same command again"
        )
    result |= {"metrics": metrics, "rows": _rows(run)}
    check()
    scores = {name: files.finite(evaluation.distributions) for name, evaluation in found.items()}
    files.write_json(workdir / report.SCORES, scores)
    if run.config.export.enabled:
        say("Exporting, and checking the export in a fresh process")
        result["export"] = str(export_run(run, workdir / "export", result=result))


def _rows(run: Run) -> dict[str, int]:
    """Returns the number of good rows of each split."""
    return {name: bad.num_read - bad.num_rejected for name, bad in run.rejected_rows.items()}


def _counts(run: Run, outcome: train.Outcome) -> dict:
    working = outcome.seconds - outcome.pause_seconds
    examples = outcome.attempts * run.config.data.batch_size
    return {
        **({"start": dict(run.start)} if run.start else {}),
        "step": int(run.step.optimizer.step.numpy()),
        "attempts": int(run.step.attempts.numpy()),
        "best_attempt": outcome.best_attempt,
        "refused": int(run.step.guard.refused.numpy()),
        "rejected_rows": {name: bad.num_rejected for name, bad in run.rejected_rows.items()},
        **({"reason": outcome.reason} if outcome.reason else {}),
        **({"cause": outcome.cause} if outcome.cause else {}),
        **({} if outcome.good_checkpoint is None else {"good_checkpoint": outcome.good_checkpoint}),
        "examples_per_second": examples / working if outcome.attempts else 0.0,
        "input_bound_share": outcome.waiting_seconds / working if outcome.attempts else 0.0,
    }
