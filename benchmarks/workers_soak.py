"""Kills one of several workers again and again, and checks that the end does not change by a bit.

  python -m benchmarks.workers_soak --kills=20
  python -m benchmarks.workers_soak --kills=10 --freeze

First they train undisturbed. Then they train again, some five kills a run: each is a SIGKILL of
a drawn worker at a drawn moment of all of the run's time; with --freeze a SIGSTOP, and a SIGCONT
after up to twice the silence that counts as lost. A worker that ends with a code of 128 or above
is started again by itself, as by a Kubernetes Job. What is compared: every file of every
checkpoint, metrics.jsonl and events.jsonl but for the time of each line, and RESULT.json's
numbers. Exit codes: 0 all the same; 1 the first difference; 2 bad settings or input.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from absl import flags

from benchmarks import soak_ends
from benchmarks.soak_compare import SoakError
from ranker.cli import local, program

_CONFIG = flags.DEFINE_string("config", "configs/quick.toml", "What to train.")
_SET = flags.DEFINE_multi_string("set", [], "One of its settings; may be given again.")
_KILLS = flags.DEFINE_integer("kills", 20, "How many.", lower_bound=1)
_FREEZE = flags.DEFINE_bool("freeze", False, "Freeze them for a while in place of a kill.")
_SIZE = flags.DEFINE_integer("size", 2, "How many workers.", lower_bound=2)
_EVERY = flags.DEFINE_integer("every", 20, "Attempts between checkpoints.", lower_bound=1)
_SEED = flags.DEFINE_integer("seed", 0, "Of the workers and the moments.")

_KILLS_A_RUN = 5
_SILENCE = 30  # seconds, of --worker_timeout
_POLL_SECONDS = 0.02


class Workers:
    """The workers of one run in `folder`, each of which is started again when it is lost."""

    def __init__(self, folder: Path) -> None:
        """Starts them."""
        self._folder = folder
        self._addresses = local.addresses(_SIZE.value)
        folder.mkdir()
        self.running = {rank: self._start(rank) for rank in range(_SIZE.value)}
        self.codes: dict[int, int] = {}

    def poll(self) -> None:
        """Starts again who was lost.

        Raises:
          SoakError: with the last line of one that ended by an error of its own.
        """
        for rank, process in list(self.running.items()):
            code = process.poll()
            if code is not None and 0 <= code < program.LOST:
                self.codes[rank] = code
                del self.running[rank]
            elif code is not None and self.codes:
                raise SoakError(f"{self._folder}: worker {rank} ended with {code} after the others")
            elif code is not None:
                self.running[rank] = self._start(rank)
        if len(set(self.codes.values())) > 1 or 2 in self.codes.values():
            said = [self._said(rank).read_text("utf-8", "replace") for rank in self.codes]
            last = [(text.splitlines() or ["nothing"])[-1] for text in said]
            raise SoakError(f"{self._folder}: exit codes {self.codes}: {last}")

    def end(self) -> None:
        """Kills all that are left."""
        for process in self.running.values():
            process.kill()
            process.wait()

    def _start(self, rank: int) -> subprocess.Popen:
        settings = [f"train.checkpoint_every_attempts={_EVERY.value}", "export.enabled=false"]
        command = [sys.executable, "-m", "ranker", "train", f"--config={_CONFIG.value}"]
        command += [f"--set={setting}" for setting in [*settings, *_SET.value]]
        command += [f"--workdir={self._folder / 'run'}", f"--worker_timeout={_SILENCE}"]
        with self._said(rank).open("ab") as said:
            return subprocess.Popen(
                command,
                env=os.environ | local.environment(self._addresses, rank),
                stdout=said,
                stderr=said,
            )

    def _said(self, rank: int) -> Path:
        return self._folder / f"worker-{rank}.txt"


def main(_: Sequence[str]) -> int:
    """Soaks and prints; returns the exit code."""
    began = time.perf_counter()
    folder = Path(tempfile.mkdtemp(prefix="workers-soak-"))
    draw = random.Random(_SEED.value)
    try:
        code = train(folder / "reference")
    except SoakError as error:
        return program.refuse(error)
    seconds = time.perf_counter() - began
    print(f"undisturbed: {seconds:.0f} seconds, exit code {code}", file=sys.stderr)
    counts: Counter = Counter()
    try:
        while counts.total() < _KILLS.value:
            run = folder / f"run-{counts.total()}"
            most, at = min(_KILLS_A_RUN, _KILLS.value - counts.total()), time.perf_counter()
            if (found := train(run, counts, most, seconds, draw)) != code:
                raise SoakError(f"{run}: exit code {found}, not {code}")
            seconds = min(seconds, time.perf_counter() - at)  # the machine may be less busy now
            soak_ends.compare(folder / "reference", run)
            shutil.rmtree(run)
            print(f"{counts.total()} of {_KILLS.value}: the same", file=sys.stderr, flush=True)
    except SoakError as error:
        print(f"workers_soak: {error} (kept in {folder})", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    what = "freezes" if _FREEZE.value else "kills"
    of = ", ".join(f"{counts[rank]} of worker {rank}" for rank in sorted(counts))
    print(f"{counts.total()} {what} ({of}), seed {_SEED.value}: not a bit differs")
    print(f"{time.perf_counter() - began:.0f} seconds")
    return 0


def train(
    folder: Path,
    counts: Counter | None = None,
    most: int = 0,
    seconds: float = 0.0,
    draw: random.Random | None = None,
) -> int:
    """Trains a run to its end; returns its exit code.

    Args:
      counts: takes how often each worker was killed.
      most: how many kills there may be; a run that ends sooner has fewer.
      seconds: of an undisturbed run, in which the moment of each kill is drawn.

    Raises:
      SoakError: if a worker ends with an error of its own, or the workers differ in how they end.
    """
    workers = Workers(folder)
    try:
        while workers.running:
            due = time.perf_counter() + (draw.random() * seconds if draw and most else float("inf"))
            while workers.running and time.perf_counter() < due:
                time.sleep(_POLL_SECONDS)
                workers.poll()
            whole = len(workers.running) == _SIZE.value and not _is_over(folder / "run")
            if draw and counts is not None and whole:
                rank = draw.choice(sorted(workers.running))
                disturb(workers.running[rank], draw)
                counts[rank] += 1
                most -= 1
    finally:
        workers.end()
    return workers.codes[0]


def _is_over(run: Path) -> bool:
    """Whether the chief has all it came for: who is started again behind that waits in vain."""
    result = run / "RESULT.json"
    return result.exists() and json.loads(result.read_text("utf-8"))["status"] == "completed"


def disturb(process: subprocess.Popen, draw: random.Random) -> None:
    """Kills a worker, or freezes it for a while."""
    if not _FREEZE.value:
        return process.kill()
    process.send_signal(signal.SIGSTOP)
    time.sleep(draw.random() * 2 * _SILENCE)
    return process.send_signal(signal.SIGCONT)


if __name__ == "__main__":
    program.run(main)
