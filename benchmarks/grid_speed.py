"""A grid in warm workers beside separate training runs: `python -m benchmarks.grid_speed`.

Separate runs are started as a user starts them, two side by side as the grid's workers are;
a sample of them is timed and stands for all: as they are, and without export, which the grid
does not do either. The grid is timed whole, from cold. Exit code 1 if it takes more than a
fifth of separate runs as they are.
"""

import functools
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from absl import flags
from tqdm import tqdm

from ranker.cli import program
from ranker.compare import grid
from ranker.compare.pool import run_trials
from ranker.compare.processes import Processes
from ranker.compare.worker import work
from ranker.spec import load
from ranker.spec.compare import CompareConfig

_CONFIG = flags.DEFINE_string("config", "configs/compare_quick.toml", "The comparison.")
_SAMPLE = flags.DEFINE_integer("sample", 12, "Separate runs to time.", lower_bound=2)
_GOAL = 0.2


def main(argv: Sequence[str]) -> int:
    """Times both and prints the ratio; returns the exit code."""
    del argv
    path = Path(_CONFIG.value)
    config = load.load(path, [], CompareConfig)
    trials = grid.distinct(grid.finals(config, path.parent, {}))
    sample = random.Random(0).sample(trials, _SAMPLE.value)
    whole, bare = (_time_separate(sample, export) / len(sample) for export in (True, False))
    began = time.perf_counter()
    workers = Processes(functools.partial(work, primary=config.primary))
    bar = tqdm(total=len(trials), desc="grid", unit=" runs")
    for _ in run_trials(trials, workers=workers, num_workers=2):
        bar.update()
    bar.close()
    together = time.perf_counter() - began
    print(f"{len(trials)} runs as a grid: {together:.0f} s")
    for what, seconds in (("as they are", whole), ("without export", bare)):
        separate = seconds * len(trials)
        print(f"as separate runs, {what}: {separate:.0f} s, ratio {together / separate:.3f}")
    print(f"separate runs two side by side, from {len(sample)} of them; goal {_GOAL}, as they are")
    return 0 if together <= _GOAL * whole * len(trials) else 1


def _time_separate(trials: Sequence[grid.Trial], export: bool) -> float:
    """Returns the seconds that the runs take, two at a time."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        running: list[subprocess.Popen] = []
        for trial in tqdm(trials, desc="with export" if export else "without export", unit=" runs"):
            if len(running) == 2:
                _await(running)
            running.append(_start(trial, Path(folder) / trial.key, export))
        while running:
            _await(running)
        return time.perf_counter() - began


def _start(trial: grid.Trial, folder: Path, export: bool) -> subprocess.Popen:
    folder.mkdir()
    (folder / "run.toml").write_text(load.dump(trial.config), encoding="utf-8")
    command = [sys.executable, "-m", "pipelines.train", f"--config={folder / 'run.toml'}"]
    command += [f"--workdir={folder / 'run'}"]
    command += [] if export else ["--set=export.enabled=false"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _await(running: list[subprocess.Popen]) -> None:
    """Waits for one of `running` to end and takes it out; code 3, diverged, is an end too."""
    while all(process.poll() is None for process in running):
        time.sleep(0.02)
    (ended, *_) = [process for process in running if process.poll() is not None]
    if ended.returncode not in (0, 3):
        raise RuntimeError(f"a training run ended with exit code {ended.returncode}")
    running.remove(ended)


if __name__ == "__main__":
    program.run(main)
