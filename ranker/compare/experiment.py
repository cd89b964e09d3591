"""A comparison from its config to its report, resumable at every run."""

import functools
import itertools
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from ranker.compare import grid
from ranker.compare.identity import Data
from ranker.compare.pool import Workers, run_trials
from ranker.compare.processes import Processes
from ranker.compare.report import write_report
from ranker.compare.results import Results
from ranker.compare.summarise import choose_tuned, summarise
from ranker.compare.summary import Summary, Workload
from ranker.compare.worker import work
from ranker.files import environment
from ranker.spec import load
from ranker.spec.compare import CompareConfig
from ranker.train.evaluation import check_monitor
from ranker.wiring.labels import check_labels
from ranker.wiring.run import read_used_schema


class Progress(NamedTuple):
    """How far a comparison is.

    Attributes:
      done, planned: runs, of both stages.
      name: of the run that was last to end, "" at the start.
      error: why that run failed, or "".
    """

    done: int
    planned: int
    name: str
    error: str


def compare(
    config: CompareConfig,
    folder: Path,
    workdir: Path,
    *,
    command: list[str],
    is_stopping: Callable[[], bool],
    on_run: Callable[[Progress], None],
    say: Callable[[str], None],
    workers: Workers | None = None,
) -> Summary | None:
    """Runs what is missing or failed, then writes results.parquet, comparison.json and the report.

    Args:
      folder: what `config.base` is relative to.
      workdir: finished runs in it are used, whichever grid they were made for: a run is a
        function of its settings and its data.
      command: for the record.
      on_run: called at the start of a stage and after each run.
      say: takes a line for what is in `workdir` and not used.
      workers: where runs run; by default processes of this machine.

    Returns:
      What was found; None if it was asked to stop before the end: what is done is kept.

    Raises:
      ConfigError: for settings that do not fit the base; nothing has been run.
      FileNotFoundError, ValueError: for data that are not there, have no such task, or change
        while they are used.
    """
    results, data = Results(workdir), Data()
    _require_defined(config.primary, grid.finals(config, folder, {}))
    for line in results.notices(data.name(grid.possible(config, folder))):
        say(line)
    tuning = data.name(grid.tuning(config, folder))
    workers = workers or Processes(functools.partial(work, primary=config.primary))
    planned = grid.count(config)
    done = 0

    def run(trials: list[grid.Trial]) -> bool:
        nonlocal done
        missing = grid.distinct(results.missing(trials))
        waiting = {trial.key for trial in missing}
        done += sum(trial.key not in waiting for trial in trials)
        on_run(Progress(done, planned, "", ""))
        same = {key: sum(trial.key == key for trial in trials) for key in waiting}
        running = run_trials(
            missing, workers=workers, num_workers=config.workers, is_stopping=is_stopping
        )
        with closing(running):  # whatever happens here, no worker is left
            for ended in running:
                data.require_same(ended.trial.config)
                results.add(ended.trial, ended.columns)
                done += same[ended.trial.key]
                on_run(Progress(done, planned, _name(ended.trial), ended.columns["error"]))
        return not is_stopping()

    if not run(tuning):
        return None
    chosen = _choose(config, results.table(tuning))
    finals = data.name(grid.finals(config, folder, chosen))
    if not run(finals):
        return None
    table = results.table([*tuning, *finals])
    metadata = _metadata(config, folder, command) | {"data": data.digests}
    results.write(table, metadata)
    summary = summarise(table, metadata)
    write_report(summary, table, metadata, workdir)
    return summary


def _require_defined(primary: str, trials: list[grid.Trial]) -> None:
    """Raises ValueError for what every run would find: no such metric, or no labels for it."""
    for trial in {trial.graph_signature: trial for trial in trials}.values():
        tasks = read_used_schema(trial.config).tasks
        check_monitor(primary, tasks, extra=trial.config.metrics, setting="primary")
    seen = {}
    for trial in trials:
        data, weights = trial.config.data, trial.config.objective.task_weights
        phases = repr(trial.config.phases)
        seen[data.path, data.features, data.tasks, tuple(weights.items()), phases] = trial.config
    for config in seen.values():
        check_labels(config, primary=primary)


def _choose(config: CompareConfig, table: pd.DataFrame) -> dict[tuple[Workload, str], float]:
    """Returns each tuned safeguard's tuned setting value on each workload."""
    if table.empty:
        return {}
    groups = table.groupby(["model", "optimizer", "injector", "safeguard"], sort=False)
    return {
        (Workload(*names[:3]), names[3]): choose_tuned(rows, config.primary)
        for names, rows in groups
    }


def _name(trial: grid.Trial) -> str:
    parts = [*trial.workload, trial.safeguard, f"rate {trial.rate:g}", f"seed {trial.seed}"]
    if trial.tune:
        parts.insert(4, f"{trial.tune}={trial.tuned_value:g}")
    return " · ".join(parts)


def _metadata(config: CompareConfig, folder: Path, command: list[str]) -> dict[str, Any]:
    """Returns what the table does not say of itself, JSON-ready."""
    workloads = itertools.product(config.models, config.optimizers, config.injectors)
    return {
        "primary": config.primary,
        "reference": config.reference,
        "rates": list(config.rates),
        "seeds": list(config.seeds),
        "tuning_seed": config.tuning_seed,
        "safeguards": {
            s.name: {
                "title": s.title or s.name,
                "tune": s.tune,
                "values": list(s.values),
                "settings": "\n".join(s.set),
            }
            for s in config.safeguards
        },
        "workloads": [[part.name for part in each] for each in workloads],
        "environment": environment(seed=config.seeds[0], command=command),
        "config": load.dump(config),
        "base": (folder / config.base).read_text("utf-8"),
        "planned": grid.count(config),
    }
