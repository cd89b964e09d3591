"""How long a job takes to its first step: `python -m benchmarks.start_up`.

Processes are timed one after the other, in turns: one that imports TensorFlow and builds the
model of the settings, and `pipelines.train` until metrics.jsonl has the first attempt, which
reads the data, compiles the step and runs it; and `--help`. Exit code 1 if a goal is missed.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from absl import flags

from benchmarks import timings
from ranker.cli import program

_CONFIG = flags.DEFINE_string("config", "configs/movielens_100k.toml", "What is trained.")
_ROUNDS = flags.DEFINE_integer("rounds", 5, "Rounds.", lower_bound=1)
_GOAL, _HELP_SECONDS = 1.5, 0.3
_MODEL = """
import sys
import tensorflow
from pathlib import Path
from ranker import wiring
from ranker.spec import load
from ranker.spec.run import RunConfig
wiring.build_run(load.load(Path(sys.argv[1]), [], RunConfig))
"""


def main(argv: Sequence[str]) -> int:
    """Times and prints; returns the exit code."""
    del argv
    turns: dict[str, Callable[[], float]] = {
        "TensorFlow and the model": lambda: _whole(["-c", _MODEL, _CONFIG.value]),
        "to the first step": _first_step,
        "--help": lambda: _whole(["-m", "pipelines.train", "--help"]),
    }
    seconds = {name: [] for name in turns}
    for _ in range(_ROUNDS.value):
        for name, turn in turns.items():
            seconds[name].append(turn())
    timings.keep("start-up", seconds)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    for name, values in seconds.items():
        print(f"{name}: {medians[name]:.2f} s ({min(values):.2f} to {max(values):.2f})")
    model, first, shown = seconds.values()
    ratio = statistics.median(a / b for a, b in zip(first, model, strict=True))
    print(f"to the first step / TensorFlow and the model: {ratio:.2f}, goal {_GOAL}")
    print(f"--help: {statistics.median(shown):.2f} s, goal {_HELP_SECONDS}")
    return 0 if ratio <= _GOAL and statistics.median(shown) <= _HELP_SECONDS else 1


def _whole(arguments: Sequence[str]) -> float:
    """Returns the seconds of a process of Python; its exit code may be any, as --help's is."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], capture_output=True, check=False)
    return time.perf_counter() - began


def _first_step() -> float:
    """Returns the seconds until a job has told of its first attempt; ends it then."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "run" / "metrics.jsonl"
        command = [sys.executable, "-m", "pipelines.train", f"--config={_CONFIG.value}"]
        command += [f"--workdir={log.parent}", "--set=train.attempts_per_call=1"]
        command += ["--set=train.log_every_attempts=1"]
        began = time.perf_counter()
        with open(Path(folder) / "said.txt", "w") as said:
            process = subprocess.Popen(command, stdout=said, stderr=said)
            try:
                while process.poll() is None and not _has_attempt(log):
                    time.sleep(0.005)
                seconds = time.perf_counter() - began
                if process.poll() is not None:
                    raise RuntimeError(Path(said.name).read_text("utf-8"))
            finally:
                process.kill()
                process.wait()
    return seconds


def _has_attempt(log: Path) -> bool:
    try:
        return log.stat().st_size > 0
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    program.run(main)
