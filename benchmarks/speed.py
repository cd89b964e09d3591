"""Training speed beside other trainers, on the same model and rows: `python -m benchmarks.speed`.

Each trainer runs in a process of its own and trains its turn when it is asked to, one after
the other, round after round, so that what slows the machine slows all. Printed are examples
a second, median and range over the rounds, and ratios: medians of the rounds' own. PyTorch
and what is built on it lie in an environment of their own:

  python3 -m venv .venv/peers
  .venv/peers/bin/python -m pip install --requirement benchmarks/peers/requirements.txt

NextRec is installed with --no-deps 0.6.14; `make bench` does all of it. Exit code 1 if a goal
is missed, 2 if a trainer fails.
"""

import dataclasses
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Self

from absl import flags
from tqdm import tqdm

from benchmarks import timings
from benchmarks.contest import ratio
from benchmarks.peers import workload
from ranker.cli import program

_PEERS = ".venv/peers/bin/python"
_BATCHES = flags.DEFINE_multi_integer("batch", [1024, 4096, 8192], "Examples in a batch.")
_ROUNDS = flags.DEFINE_integer("rounds", 5, "Rounds that count.", lower_bound=1)
_PYTHON = flags.DEFINE_string("peers", _PEERS, "The Python that has PyTorch.")
_ONLY = flags.DEFINE_multi_string("only", [], "Trainers whose name begins so; all for none.")


@dataclasses.dataclass(frozen=True)
class Trainer:
    """What is timed.

    Attributes:
      name: how it is printed.
      module: in benchmarks/peers; `arguments` go to its `turn`.
      is_torch: whether it runs in the peers' environment.
    """

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    is_torch: bool = False


OURS, OURS_BF16 = "this project", "this project, bfloat16"
PRODUCTS = "its matrix products alone"
EAGER, COMPILED_BF16 = "PyTorch", "PyTorch, compiled, bfloat16"
TRAINERS = (
    Trainer(OURS, "ours"),
    Trainer(OURS_BF16, "ours", ("model.precision=bfloat16",)),
    Trainer(PRODUCTS, "products"),
    Trainer("its matrix products, bfloat16", "products", ("bfloat16",)),
    Trainer("plain TensorFlow loop", "plain"),
    Trainer("Keras 2 fit", "keras_fit", ("2",)),
    Trainer("Keras 3 fit", "keras_fit", ("3",)),
    Trainer("Keras 3 fit on JAX", "keras_fit", ("3", "adagrad", "jax")),
    Trainer("JAX", "jax_loop"),
    Trainer("JAX, Clippy, all or none", "jax_loop", ("clippy",)),
    Trainer("TFRS ClippyAdagrad, fit", "keras_fit", ("2", "clippy")),
    Trainer(EAGER, "pytorch", ("eager",), is_torch=True),
    Trainer("PyTorch, compiled", "pytorch", ("compile",), is_torch=True),
    Trainer("PyTorch, bfloat16", "pytorch", ("eager", "bfloat16"), is_torch=True),
    Trainer(COMPILED_BF16, "pytorch", ("compile", "bfloat16"), is_torch=True),
    Trainer("torch-rechub", "rechub", is_torch=True),
    Trainer("DeepCTR-Torch", "deepctr", is_torch=True),
    Trainer("NextRec", "nextrec_fit", is_torch=True),
)


FASTER = {  # goals: how many times as fast ours must be
    EAGER: 1.15,
    "PyTorch, compiled": 1.15,
    "plain TensorFlow loop": 1.15,
    "Keras 2 fit": 1.15,
    "Keras 3 fit": 1.15,
    "TFRS ClippyAdagrad, fit": 1.15,
    "torch-rechub": 1.15,
    "DeepCTR-Torch": 1.15,
    "NextRec": 1.15,
}
FASTER_BF16, SLOWEST = 1.4, 1.35  # than `COMPILED_BF16`; than the matrix products


class TrainerError(Exception):
    """A trainer's process ended."""


class Worker:
    """A trainer's process; use it as a context."""

    def __init__(self, trainer: Trainer, batch_size: int) -> None:
        """Starts it, and waits until it has trained one turn; TrainerError if it fails."""
        self._name = trainer.name
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the process
        python = _PYTHON.value if trainer.is_torch else sys.executable
        version = trainer.arguments[:1] if trainer.module == "keras_fit" else ("2",)
        command = [python, "-m", "benchmarks.peers.worker", trainer.module, str(batch_size)]
        self._process = subprocess.Popen(
            [*command, *trainer.arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=os.environ
            | {"TF_USE_LEGACY_KERAS": str(int(version == ("2",)))}
            | {"KERAS_BACKEND": "jax" if "jax" in trainer.arguments else "tensorflow"},
        )
        self._answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._errors.close()

    def train(self) -> float:
        """Returns the seconds of a turn."""
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._answer())

    def _answer(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            code = self._process.wait()
            self._errors.seek(0)
            said = self._errors.read().splitlines() or ["nothing"]
            raise TrainerError(f"{self._name} ended with exit code {code}: {said[-1]}")
        return line.strip()


def main(argv: Sequence[str]) -> int:
    """Times all and prints the tables; returns the exit code."""
    del argv
    trainers = [t for t in TRAINERS if not _ONLY.value or t.name.startswith(tuple(_ONLY.value))]
    if not trainers:
        names = "; ".join(trainer.name for trainer in TRAINERS)
        return program.refuse(f"--only: no trainer begins so; there are: {names}")
    if any(t.is_torch for t in trainers) and shutil.which(_PYTHON.value) is None:
        return program.refuse(f"no Python at {_PYTHON.value}: `make .venv/peers/ready` makes it")
    met = True
    for batch_size in _BATCHES.value:
        try:
            seconds = _time(trainers, batch_size)
        except (TrainerError, OSError) as error:
            return program.refuse(error)
        timings.keep(f"batch {batch_size}", seconds)
        _print(seconds, batch_size)
        for line, is_met in verdicts(seconds):
            met &= is_met
            print(f"{line}: {'met' if is_met else 'MISSED'}")
    return 0 if met else 1


def verdicts(seconds: Mapping[str, list[float]]) -> list[tuple[str, bool]]:
    """Returns a line for each goal whose trainers were timed, and whether it is met."""
    found = []
    pairs = [(OURS, name, times) for name, times in FASTER.items()]
    for ours, other, times in [*pairs, (OURS_BF16, COMPILED_BF16, FASTER_BF16)]:
        if ours in seconds and other in seconds:
            got = ratio(seconds, other, ours)
            found.append(
                (f"{ours} is {got:.2f} times as fast as {other}, goal {times}", got >= times)
            )
    if OURS in seconds and PRODUCTS in seconds:
        got = ratio(seconds, OURS, PRODUCTS)
        found.append((f"{OURS} takes {got:.2f} times {PRODUCTS}, goal {SLOWEST}", got <= SLOWEST))
    return found


def _time(trainers: Sequence[Trainer], batch_size: int) -> Mapping[str, list[float]]:
    """Returns the seconds of each trainer in each round."""
    seconds: dict[str, list[float]] = {trainer.name: [] for trainer in trainers}
    with ExitStack() as stack:
        bar = tqdm(trainers, desc=f"batch {batch_size}: starting", unit="trainer")
        workers = {t.name: stack.enter_context(Worker(t, batch_size)) for t in bar}
        names = list(workers)
        for number in tqdm(range(_ROUNDS.value), desc=f"batch {batch_size}", unit="round"):
            start = number % len(names)
            for name in names[start:] + names[:start]:
                seconds[name].append(workers[name].train())
    return seconds


def _print(seconds: Mapping[str, list[float]], batch_size: int) -> None:
    base = OURS if OURS in seconds else next(iter(seconds))
    print(f"\n| batch {batch_size} | examples a second | range | time to ours | range |")
    print("|---|--:|--:|--:|--:|")
    for name, values in seconds.items():
        rates = sorted(workload.NUM_EXAMPLES / value for value in values)
        ratios = sorted(a / b for a, b in zip(values, seconds[base], strict=True))
        print(
            f"| {name} | {statistics.median(rates):,.0f} | {rates[0]:,.0f} to {rates[-1]:,.0f} "
            f"| {statistics.median(ratios):.2f} | {ratios[0]:.2f} to {ratios[-1]:.2f} |"
        )


if __name__ == "__main__":
    program.run(main)
