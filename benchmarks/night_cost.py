"""What a night costs beside a plain run on the same rows: preparation and training.

  python -m benchmarks.night_cost --rows=200000 --rounds=3

Both in turns, each in processes of its own: `ranker nightly` on a second day, from what the first
night left; and `ranker prepare` and `ranker train` with an export, on the same rows with the same
settings. A night also looks at what the day is like, scores it with the served model, lets both
models score its last part, and publishes. Processor time is what counts, of the programs and of
the processes that they start; wall time is told beside it. Exit code: 1 if the median of the
ratios is above 1.5.
"""

import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from absl import flags

from benchmarks import nightly_logs, timings
from benchmarks.thirty_days import Size
from ranker.cli import program

_ROWS = flags.DEFINE_integer("rows", 200_000, "Of a day.", lower_bound=1_000)
_ROUNDS = flags.DEFINE_integer("rounds", 3, "Of both, in turns.", lower_bound=1)
_BATCH = flags.DEFINE_integer("batch_size", 512, "Examples a batch.", lower_bound=1)
GOAL = 1.5


class Cost(NamedTuple):
    """What some commands took.

    Attributes:
      processor: seconds, of them and of what they started.
      wall: seconds.
    """

    processor: float
    wall: float


def measured(work: Callable[[], object]) -> Cost:
    """Returns what the processes that `work` starts, and waits for, take."""
    before, began = _children(), time.perf_counter()
    work()
    return Cost(_children() - before, time.perf_counter() - began)


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def plain_run(folder: Path, date: str) -> None:
    """Prepares the rows of a day and trains on them, from initial values.

    Raises:
      subprocess.CalledProcessError: if a program fails.
    """
    prepare = ["prepare", "--dataset=table", "--spec=spec.toml", f"--source=logs/day={date}"]
    train = ["train", "--config=run.toml", "--set=data.path=data", "--workdir=run"]
    for words in ([*prepare, "--output=data"], train):
        subprocess.run(
            [sys.executable, "-m", f"pipelines.{words[0]}", *words[1:]],
            cwd=folder,
            env=nightly_logs.environment(),
            check=True,
            capture_output=True,
        )


def rounds(folder: Path, count: int) -> list[tuple[Cost, Cost]]:
    """Returns what a night and a plain run took, in each round."""
    first, second = nightly_logs.date_of(1), nightly_logs.date_of(2)
    before = folder / "before"
    nightly_logs.write_job(before, batch_size=_BATCH.value)
    nightly_logs.write_days(before, Size(nights=1, rows=_ROWS.value), 0)
    nightly_logs.run_night(before, first)
    found = []
    for number in range(count):
        job = folder / f"round-{number}"
        shutil.copytree(before, job)
        night = measured(lambda job=job: nightly_logs.run_night(job, second))
        found.append((night, measured(lambda job=job: plain_run(job, second))))
        shutil.rmtree(job)
    return found


def main(_: Sequence[str]) -> int:
    """Measures and prints; returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="night-cost-") as folder:
        try:
            found = rounds(Path(folder), _ROUNDS.value)
        except (RuntimeError, subprocess.CalledProcessError) as error:
            return program.refuse(error)
    print("| | processor time | wall time |\n| --- | --: | --: |")
    for place, name in enumerate(("a night", "prepare and train")):
        costs = [pair[place] for pair in found]
        for figure, values in zip(Cost._fields, zip(*costs, strict=True), strict=True):
            timings.keep("night", {name: values}, f"{figure} seconds")
        seconds = [statistics.median(values) for values in zip(*costs, strict=True)]
        print(f"| {name} | {seconds[0]:.1f} s | {seconds[1]:.1f} s |")
    ratios = [[night[k] / plain[k] for night, plain in found] for k in (0, 1)]
    cells = [f"{statistics.median(r):.2f} ({min(r):.2f} to {max(r):.2f})" for r in ratios]
    print(f"| the night, of the other | {' | '.join(cells)} |")
    return int(statistics.median(ratios[0]) > GOAL)


if __name__ == "__main__":
    program.run(main)
