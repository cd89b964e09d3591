"""How well divergence is told while a run goes on: `python -m benchmarks.detection`.

Trains what the configs describe, healthy runs and broken ones, with the detector on, and holds
what it said against what `ranker.measure.divergence` says with hindsight. The runs of the first
seed under faults that chose none of its thresholds are trained once more with recovery of
configs/safeguarded.toml: one that heals by itself must not be halted. Finished runs in the
folder are used again. The folder also gets a CSV file of the runs of each config. Exit code 1 if
a goal is missed.
"""

import contextlib
import dataclasses
import functools
import json
import math
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from absl import flags
from scipy import stats
from tqdm import tqdm

from ranker import job
from ranker.cli import program
from ranker.compare import grid
from ranker.compare.identity import Data
from ranker.compare.pool import run_trials
from ranker.compare.processes import Processes
from ranker.compare.results import Results
from ranker.compare.worker import work
from ranker.spec import load
from ranker.spec.compare import CompareConfig
from ranker.spec.run import RunConfig

MAX_DELAY = 50  # attempts from hindsight's first to the detector's word
_GOAL_FOUND = 0.95
_GOAL_ALARMS = 1.0  # in 100,000 healthy attempts
_KINDS = ("unseen", "healthy", "broken")
_CONFIGS = {kind: f"configs/compare_detection_{kind}.toml" for kind in _KINDS}
_SAFEGUARDED = Path("configs/safeguarded.toml")
_WORKDIR = flags.DEFINE_string("workdir", "runs/detection", "Where finished runs are kept.")
_SET = flags.DEFINE_multi_string("set", [], "A setting of each config, as name=value.")
_ONLY = flags.DEFINE_enum("only", None, list(_CONFIGS), "One of the configs.")


class Run(NamedTuple):
    """A run, as hindsight and as the detector saw it.

    Attributes:
      name: the fault; of a healthy run its model and the order of its examples.
      attempts: tried.
      truth: "none", "micro" or "full", and `full_attempt` since when, from 1.
      fulls: at which attempts the detector began to say "full", of any task; the guard's
        halt is one, too.
      num_micro: how often the detector said "micro", and `true_micro` hindsight.
    """

    name: str
    attempts: int
    truth: str
    full_attempt: int
    fulls: tuple[int, ...]
    num_micro: int
    true_micro: int

    @property
    def delay(self) -> int | None:
        """Attempts from the first of full divergence to the first word of it; None without.

        Below 0 where hindsight, which looks at AUCs at evaluations only, dates it later.
        """
        return self.fulls[0] - self.full_attempt if self.fulls else None


def main(argv: Sequence[str]) -> int:
    """Trains, judges and prints; returns the exit code."""
    del argv
    kinds = [_ONLY.value] if _ONLY.value else list(_CONFIGS)
    try:
        tables = {kind: _train(Path(_CONFIGS[kind])) for kind in kinds}
        for kind, table in tables.items():
            rows(table).to_csv(Path(_WORKDIR.value) / f"{kind}.csv", index=False)
    except (ValueError, OSError) as error:
        return program.refuse(error)
    met = []
    for kind, table in tables.items():
        report = _report_healthy if kind == "healthy" else _report_broken
        print(f"\n{_CONFIGS[kind]}")
        met.append(report([read(row) for row in table.to_dict("records")]))
    if "unseen" in tables:
        met.append(_report_safeguarded(tables["unseen"]))
    return 0 if all(met) else 1


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Returns what the reports rest on, a row a run: raw data to keep beside them."""
    found = []
    for row in table.to_dict("records"):
        run = read(row)
        found.append(
            {
                "run": run.name,
                "seed": row["seed"],
                "attempts": run.attempts,
                "hindsight": run.truth,
                "hindsight_full_attempt": run.full_attempt if run.truth == "full" else None,
                "detector_full_attempts": " ".join(map(str, run.fulls)),
                "hindsight_micro": run.true_micro,
                "detector_micro": run.num_micro,
                "like_auc_test": json.loads(row["test"]).get("like.auc"),
            }
        )
    return pd.DataFrame(found).astype({"hindsight_full_attempt": "Int64"}).round(6)


def read(row: dict) -> Run:
    """Returns the run in a row of a comparison's table."""
    events = [e for e in json.loads(row["events"]) if e["kind"] == "divergence"]
    fulls = [event["attempt"] for event in events if event["symptom"] == "full"]
    if row["status"] == "diverged":
        fulls.append(row["attempts"])
    return Run(
        name=f"{row['model']}, {row['injector']}" if row["model"] != "base" else row["injector"],
        attempts=row["attempts"],
        truth=row["divergence"],
        full_attempt=row["full_attempt"],
        fulls=tuple(fulls),
        num_micro=sum(event["symptom"] == "micro" for event in events),
        true_micro=row["micro_divergences"],
    )


def poisson_interval(count: int) -> tuple[float, float]:
    """Returns the exact 95% interval of a mean of which `count` were seen (Garwood 1936)."""
    low = stats.chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    return float(low), float(stats.chi2.ppf(0.975, 2 * count + 2) / 2)


def _train(path: Path) -> pd.DataFrame:
    """Returns a row for each run of the comparison at `path`; runs what is missing."""
    config = load.load(path, _SET.value, CompareConfig)
    trials = Data().name(grid.distinct(grid.finals(config, path.parent, {})))
    results = Results(Path(_WORKDIR.value))
    missing = results.missing(trials)
    workers = Processes(functools.partial(work, primary=config.primary))
    with tqdm(total=len(missing), desc=path.stem, unit=" runs") as bar:
        for done in run_trials(missing, workers=workers, num_workers=config.workers):
            if done.columns["error"]:
                raise RuntimeError(f"{path}: run {done.trial.key}: {done.columns['error']}")
            results.add(done.trial, done.columns)
            bar.update()
    return results.table(trials)


def _report_broken(runs: Sequence[Run]) -> bool:
    """Prints how soon each fault was told; returns whether the goal is met."""
    print("| fault | runs | full | found | delay: median | max | healed | full said of those |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for name in dict.fromkeys(run.name for run in runs):
        of_name = [run for run in runs if run.name == name]
        print(f"| {name} | {len(of_name)} {_broken_cells(of_name)}")
    print(f"| all | {len(runs)} {_broken_cells(runs)}")
    full = [run for run in runs if run.truth == "full"]
    print(f"micro: {sum(r.num_micro for r in runs)} said, {sum(r.true_micro for r in runs)} true")
    if not full:
        print("no run diverged fully, so nothing could be found")
        return False
    share = sum(map(is_found, full)) / len(full)
    print(f"found within {MAX_DELAY} attempts: {share:.3f}, goal {_GOAL_FOUND}")
    return share >= _GOAL_FOUND


def _report_safeguarded(table: pd.DataFrame) -> bool:
    """Trains the runs of the first seed with every safeguard on; returns whether all that heal
    without one live."""
    first = table[table["seed"] == table["seed"].min()].to_dict("records")
    print("\n| fault | by hindsight | like AUC | every safeguard on | like AUC |")
    print("|---|---|--:|---|--:|")
    num_halted = 0
    for row in tqdm(first, desc="safeguarded", unit=" runs"):
        result = _safeguarded(row)
        metrics = result.get("metrics", {})
        auc = metrics["test"]["like"]["auc"] if metrics else math.nan
        before = json.loads(row["test"])["like.auc"]
        status = result["status"]
        num_halted += row["divergence"] != "full" and status != "completed"
        print(f"| {row['injector']} | {row['divergence']} | {before:.4f} | {status} | {auc:.4f} |")
    print(f"{num_halted} runs that heal by themselves were halted, goal 0")
    return num_halted == 0


def _safeguarded(row: dict) -> dict:
    """Returns RESULT.json of the run in `row` with detector and recovery as in safeguarded.toml."""
    workdir = Path(_WORKDIR.value) / "safeguarded" / row["run"]
    if not (workdir / "RESULT.json").exists():
        workdir.mkdir(parents=True, exist_ok=True)
        config = load.load(_SAFEGUARDED, [], RunConfig)
        names = ("attempts_per_call", "checkpoint_every_attempts")
        train = {name: getattr(config.train, name) for name in names}
        (workdir / "fault.toml").write_text(row["config"], "utf-8")
        run = load.load(workdir / "fault.toml", ["export.enabled=false"], RunConfig)
        run = dataclasses.replace(
            run, guard=config.guard, train=dataclasses.replace(run.train, **train)
        )
        job.open_run_directory(run, workdir, command=sys.argv)
        with contextlib.redirect_stdout(sys.stderr):
            job.run_job(run, workdir, is_stopping=lambda: False, say=lambda line: None)
    return json.loads((workdir / "RESULT.json").read_text("utf-8"))


def is_found(run: Run) -> bool:
    """Whether full divergence was told in time."""
    return run.delay is not None and run.delay <= MAX_DELAY


def _broken_cells(runs: Sequence[Run]) -> str:
    full = [run for run in runs if run.truth == "full"]
    healed = [run for run in runs if run.truth != "full"]
    delays = [run.delay for run in full if run.delay is not None]
    middle, largest = (statistics.median(delays), max(delays)) if delays else ("-", "-")
    return (
        f"| {len(full)} | {sum(map(is_found, full))} | {middle} | {largest} "
        f"| {len(healed)} | {sum(bool(run.fulls) for run in healed)} |"
    )


def _report_healthy(runs: Sequence[Run]) -> bool:
    """Prints the false alarms; returns whether the goal is met."""
    healthy = [run for run in runs if run.truth != "full"]
    print("| model, order | runs | attempts | full said | micro said | micro true |")
    print("|---|--:|--:|--:|--:|--:|")
    for name in dict.fromkeys(run.name for run in healthy):
        print(f"| {name} {_healthy_cells([run for run in healthy if run.name == name])}")
    print(f"| all {_healthy_cells(healthy)}")
    attempts = sum(run.attempts for run in healthy)
    if not attempts:
        print(f"none of {len(runs)} runs was healthy, so no alarm could be false")
        return False
    count = sum(len(run.fulls) for run in healthy)
    low, high = (1e5 / attempts * bound for bound in poisson_interval(count))
    rate = 1e5 / attempts * count
    print(f"{len(runs) - len(healthy)} of {len(runs)} runs were not healthy, and do not count")
    print(f"full said in 100,000 healthy attempts: {rate:.2f}, 95% [{low:.2f}, {high:.2f}]")
    return rate < _GOAL_ALARMS


def _healthy_cells(runs: Sequence[Run]) -> str:
    sums = (
        sum(run.attempts for run in runs),
        sum(len(run.fulls) for run in runs),
        sum(run.num_micro for run in runs),
        sum(run.true_micro for run in runs),
    )
    return f"| {len(runs)} | {sums[0]:,} | {sums[1]} | {sums[2]} | {sums[3]} |"


if __name__ == "__main__":
    program.run(main)
