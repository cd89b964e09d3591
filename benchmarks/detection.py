"""How well divergence is told while a run goes on: `python -m benchmarks.detection`.

Trains what the two configs describe, healthy runs and broken ones, with the detector on, and
holds what it said against what `ranker.measure.divergence` says with hindsight. Finished runs
in the folder are used again. Exit code 1 if a goal is missed.
"""

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from absl import flags
from scipy import stats
from tqdm import tqdm

from pipelines import program
from ranker.compare import grid
from ranker.compare.pool import run_trials
from ranker.compare.results import Results
from ranker.config import load
from ranker.config.compare import CompareConfig

MAX_DELAY = 50  # attempts from hindsight's first to the detector's word
_GOAL_FOUND = 0.95
_GOAL_ALARMS = 1.0  # in 100,000 healthy attempts
_CONFIGS = {kind: f"configs/compare_detection_{kind}.toml" for kind in ("healthy", "broken")}
_WORKDIR = flags.DEFINE_string("workdir", "runs/detection", "Where finished runs are kept.")
_SET = flags.DEFINE_multi_string("set", [], "A setting of both configs, as name=value.")
_ONLY = flags.DEFINE_enum("only", None, list(_CONFIGS), "One of the two.")


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
    except (ValueError, OSError) as error:
        return program.refuse(error)
    met = []
    if "broken" in tables:
        met.append(_report_broken([read(row) for row in tables["broken"].to_dict("records")]))
    if "healthy" in tables:
        met.append(_report_healthy([read(row) for row in tables["healthy"].to_dict("records")]))
    return 0 if all(met) else 1


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
    trials = grid.distinct(grid.finals(config, path.parent, {}))
    results = Results(Path(_WORKDIR.value))
    missing = results.missing(trials)
    workers = min(config.workers, len(missing))
    with tqdm(total=len(missing), desc=path.stem, unit=" runs") as bar:
        for done in run_trials(missing, primary=config.primary, num_workers=workers):
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
