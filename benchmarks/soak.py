"""Kills the job again and again, and checks that the end result does not change by a bit.

  python -m benchmarks.soak --kills=50 --config=configs/quick.toml
  python -m benchmarks.soak --kills=6 --dataset=movielens-100k --source=~/Downloads/ml-100k

First the job runs undisturbed: `pipelines.prepare`, `pipelines.train` and, if it is drawn, a
small comparison of the same settings. Then it runs again, some nine kills a run: each is a
SIGKILL at a drawn moment of a drawn phase, and the same command again; "worker" is a process of
the comparison's. What is compared: every prepared file, every file of every checkpoint,
metrics.jsonl and events.jsonl but for the time of each line, RESULT.json's numbers, the scores
of every exported version and the comparison's runs; and no process may be left of a
comparison that was killed.
Exit codes: 0 all the same; 1 the first difference; 2 bad settings or input.
"""

import contextlib
import dataclasses
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from absl import flags
from tqdm import tqdm

from benchmarks import soak_compare, soak_ends
from benchmarks.soak_compare import SoakError
from ranker.cli import program

PHASES = (
    *("prepare", "build", "train", "checkpoint", "evaluate", "export", "after"),
    *soak_compare.PHASES,
)
_RANKS = {name: min(i, 2) if name == "checkpoint" else i for i, name in enumerate(PHASES)}
_POLL_SECONDS = 0.0005
_CHECKPOINT_SECONDS = 0.008  # what is written in less is hit too

_CONFIG = flags.DEFINE_string("config", "configs/quick.toml", "What to train.")
_KILLS = flags.DEFINE_integer("kills", 50, "How many.", lower_bound=1)
_SEED = flags.DEFINE_integer("seed", 0, "Of the phases and the moments.")
_EVERY = flags.DEFINE_integer(
    "every", 20, "Attempts between checkpoints; evaluations are half as frequent.", lower_bound=1
)
_DATASET = flags.DEFINE_string("dataset", "movielens-100k", "What to prepare.")
_SOURCE = flags.DEFINE_string("source", None, "Its raw files, as `pipelines.prepare` takes them.")


@dataclasses.dataclass
class Job:
    """A folder that the whole job runs in: `data` and `run` in it."""

    folder: Path
    _stale: set[int] = dataclasses.field(default_factory=set)  # left by earlier kills

    def command(self, phase: str) -> list[str]:
        """Returns the command of the program that `phase` is in."""
        data, run = self.folder / "data", self.folder / "run"
        if phase == "prepare":
            flags = [f"--dataset={_DATASET.value}", f"--output={data}"]
            flags += [f"--source={_SOURCE.value}"] if _SOURCE.value else []
            return [sys.executable, "-m", "pipelines.prepare", *flags]
        every = _EVERY.value
        settings = {"data.path": data, "train.checkpoint_every_attempts": every}
        settings["train.evaluate_every_attempts"] = 2 * every
        flags = [f"--set={name}={value}" for name, value in settings.items()]
        flags += [f"--config={_CONFIG.value}", f"--workdir={run}"]
        return [sys.executable, "-m", "pipelines.train", *flags]

    def start(self, phase: str) -> subprocess.Popen:
        """Starts that program; what it says goes to a file that tells where it is."""
        temporary = self.folder / "tmp"  # what a killed export leaves there goes with the folder
        temporary.mkdir(parents=True, exist_ok=True)
        self._stale = self._hidden()
        with self.said.open("wb") as said:
            return subprocess.Popen(
                self.command(phase),
                env=os.environ | {"TMPDIR": str(temporary)},
                stdout=subprocess.DEVNULL,
                stderr=said,
            )

    def finish(self, phase: str) -> dict[str, float]:
        """Runs that program to its end; returns the seconds in each of its phases.

        Raises:
          SoakError: with its last line, if it fails.
        """
        process, before = self.start(phase), time.perf_counter()
        seconds: dict[str, float] = dict.fromkeys(PHASES, 0.0)
        while process.poll() is None:
            time.sleep(_POLL_SECONDS)
            now = time.perf_counter()
            seconds[self.phase(phase)] += now - before
            before = now
        self.check(process)
        return {name: value for name, value in seconds.items() if value}

    def check(self, process: subprocess.Popen) -> None:
        """Raises SoakError if an ended program was neither killed nor successful."""
        if process.returncode not in (0, -signal.SIGKILL):
            lines = self.said.read_text("utf-8", "replace").splitlines() or ["nothing"]
            raise SoakError(f"{self.folder}: exit code {process.returncode}: {lines[-1]}")

    @property
    def comparison(self) -> soak_compare.Comparison:
        """A comparison in the folder, on the undisturbed job's data: their path is a setting."""
        data = self.folder.with_name("reference") / "data"
        return soak_compare.Comparison(self.folder, data=data, config=Path(_CONFIG.value))

    @property
    def said(self) -> Path:
        """What the program at work has said."""
        return self.folder / "said.txt"

    def phase(self, begun: str) -> str:
        """Returns where the program of phase `begun` is, from what it said and wrote."""
        if begun == "prepare":
            return begun
        run, said = self.folder / "run", self.said.read_text("utf-8", "replace")
        if (run / "RESULT.json").exists():
            return "after"
        if "Exporting" in said:
            return "export"
        if "Evaluating" in said:
            return "evaluate"
        if "train:" not in said:
            return "build"
        return "checkpoint" if self._hidden() - self._stale else "train"

    def _hidden(self) -> set[int]:
        """Returns the inodes of checkpoints that are being written, replaced or removed."""
        found = set()
        for path in (self.folder / "run" / "checkpoints").glob(".*"):
            with contextlib.suppress(FileNotFoundError):
                found.add(path.stat().st_ino)
        return found


def main(_: Sequence[str]) -> int:
    """Soaks and prints; returns the exit code."""
    began = time.perf_counter()
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    reference = Job(folder / "reference")
    try:
        print("soak: the job undisturbed", file=sys.stderr)
        seconds = reference.finish("prepare") | reference.finish("train")
    except SoakError as error:
        return program.refuse(error)
    try:
        counts = soak(reference, seconds)
    except SoakError as error:
        print(f"soak: {error} (kept in {folder})", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    print("| phase | seconds undisturbed | kills |\n| --- | --: | --: |")
    for phase in PHASES:
        print(f"| {phase} | {seconds.get(phase, 0.0):.2f} | {counts[phase]} |")
    print(f"{counts.total()} kills, seed {_SEED.value}: not a bit differs")
    print(f"{time.perf_counter() - began:.0f} seconds")
    return 0


def soak(reference: Job, seconds: dict[str, float]) -> Counter:
    """Runs and kills until all kills are done; returns how many fell into each phase.

    Args:
      seconds: in each phase when nothing is killed.

    Raises:
      SoakError: at the first run that ends with something else than `reference`.
    """
    draw = random.Random(_SEED.value)
    counts: Counter = Counter()
    with tqdm(total=_KILLS.value, unit="kill", desc="soak") as bar:
        for number, targets in enumerate(rounds(_KILLS.value, draw), start=1):
            job = Job(reference.folder.with_name(f"run-{number}"))
            if "compare" not in seconds and not set(targets).isdisjoint(soak_compare.PHASES):
                seconds |= dict.fromkeys(soak_compare.PHASES, reference.comparison.finish())
            for target in targets:
                counts[kill(job, target, seconds, draw)] += 1
                bar.set_postfix({phase: counts[phase] for phase in PHASES}, refresh=False)
                bar.update()
            prepare(job)
            job.finish("train")
            soak_ends.compare(reference.folder, job.folder)
            if not set(targets).isdisjoint(soak_compare.PHASES):
                job.comparison.finish()
                job.comparison.require_same(reference.comparison)
            shutil.rmtree(job.folder)
    return counts


def rounds(kills: int, draw: random.Random) -> Iterator[list[str]]:
    """Yields the phases to kill in each run, in the order in which a run comes to them."""
    while kills > 0:
        targets = draw.sample(PHASES, k=min(kills, len(PHASES)))
        kills -= len(targets)
        yield sorted(targets, key=lambda name: _RANKS[name])


def kill(job: Job, target: str, seconds: dict[str, float], draw: random.Random) -> str:
    """Kills the job at a moment of `target`; returns the phase that it was in.

    A phase that is over when its moment comes is not the one returned.
    """
    if target in soak_compare.PHASES:
        return job.comparison.kill(target, seconds[target], draw)
    begun = "prepare" if target == "prepare" else "train"
    if begun == "train":
        prepare(job)
    while True:
        process = job.start(begun)
        while process.poll() is None and _RANKS[job.phase(begun)] < _RANKS[target]:
            time.sleep(_POLL_SECONDS)
        while process.poll() is None and target == "checkpoint" and job.phase(begun) == "train":
            time.sleep(_POLL_SECONDS)
        time.sleep(draw.random() * _longest(target, seconds))
        process.kill()
        process.wait()
        job.check(process)
        if process.returncode == -signal.SIGKILL:
            return job.phase(begun)


def prepare(job: Job) -> None:
    """Prepares the data unless they are there."""
    if not (job.folder / "data" / "manifest.json").exists():
        job.finish("prepare")


def _longest(target: str, seconds: dict[str, float]) -> float:
    """Returns the seconds from the beginning of a phase in which its moment is drawn."""
    if target == "checkpoint":
        return _CHECKPOINT_SECONDS
    # Not all of it: there is more than one kill in a training, and the clock is not exact.
    return seconds.get(target, 0.0) * (0.5 if target == "train" else 0.8)


if __name__ == "__main__":
    program.run(main)
