"""What a step costs beside the optimizers people use: `python -m benchmarks.step_cost`.

Everything runs alternately in one process; figures are medians of rounds, and ratios are
medians of the rounds' own ratios. Exit code 1 if a goal is missed.
"""

import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from absl import flags

import ranker.legacy_keras  # noqa: F401 (before TensorFlow loads)
from benchmarks import timings
from benchmarks.contest import ratio, take_turns
from benchmarks.model_step import BARE, KERAS, model_steps
from benchmarks.model_step import STEPS_PER_TURN as MODEL_STEPS
from benchmarks.peers import ours, workload
from benchmarks.sparse_step import FEW, NUM_IDS, SIZES, WIDTH, sparse_steps
from benchmarks.sparse_step import STEPS_PER_TURN as SPARSE_STEPS
from ranker.cli import program
from ranker.spec import load
from ranker.spec.compare import CompareConfig
from ranker.spec.run import RunConfig
from ranker.train import share_cores

_CONFIG = flags.DEFINE_string(
    "config", "configs/movielens_100k.toml", "The whole model's settings; its data is prepared."
)
_COMPARISONS = flags.DEFINE_multi_string(
    "comparison",
    ["configs/compare_faults.toml", "configs/compare_faults_adam.toml"],
    "Whose safeguards are timed, each by itself, with its optimizer",
)
_ROUNDS = flags.DEFINE_integer("rounds", 20, "Rounds that count.", lower_bound=1)
_NAMES = ["sparse", "workload", "model", "clippers"]
_PARTS = flags.DEFINE_multi_enum("part", _NAMES, _NAMES, "What to time")
_BATCH_SIZES = (1024, 8192)
_EVERY = ("guard.detect={}", "guard.spike_filter={}", "guard.recovery={clip = {kind = 'clippy'}}")


def main(argv: Sequence[str]) -> int:
    """Runs the parts and prints them; returns the exit code."""
    del argv
    share_cores()
    parts = {
        "sparse": _time_tables,
        "workload": _time_workload,
        "model": _time_model,
        "clippers": _time_clippers,
    }
    met = [parts[part]() for part in _PARTS.value]  # each part runs, whatever the others say
    return 0 if all(met) else 1


def _time_tables() -> bool:
    steps = {f"{name}: {n:,}": s for n in SIZES for name, s in sparse_steps(n).items()}
    seconds = take_turns(steps, rounds=_ROUNDS.value)
    print(f"\nOptimizer step on {NUM_IDS:,} ids, tables of n x {WIDTH}, ms")
    _print_medians(seconds, SPARSE_STEPS)
    timings.keep("optimizer step", seconds, f"seconds of {SPARSE_STEPS} steps")
    few, clippy, keras = f"{FEW}: {{:,}}", "ours, Clippy on all: {:,}", "tf-keras Adagrad: {:,}"
    small, *_, large = SIZES
    checks = [
        _is_within(seconds, name.format(large), name.format(small), 2.0) for name in (few, clippy)
    ]
    checks += [_is_within(seconds, clippy.format(n), keras.format(n), 1.0) for n in SIZES]
    return all(checks)


def _time_workload() -> bool:
    """Times the model of `benchmarks.speed`."""
    with tempfile.TemporaryDirectory() as folder:
        ours.write(Path(folder), workload.rows())
        met = [
            _time_steps(
                f"the trainers' workload, batch {size}",
                lambda *own, size=size: ours.config(folder, size, own),
            )
            for size in _BATCH_SIZES
        ]
    return all(met)


def _time_model() -> bool:
    return _time_steps(_CONFIG.value, _settings)


def _time_steps(what: str, settings: Callable[..., RunConfig]) -> bool:
    """Times a step with safeguards; `settings` takes what to set beside its own."""
    configs = {
        "as trained: clip, guard, telemetry": settings(),
        "every safeguard": settings(*_EVERY),
    }
    seconds = take_turns(model_steps(configs, with_keras=True), rounds=_ROUNDS.value)
    print(f"\nTraining step of {what}, ms")
    _print_medians(seconds, MODEL_STEPS)
    timings.keep(what, seconds, f"seconds of {MODEL_STEPS} steps")
    checks = [_is_within(seconds, name, base, 1.05) for name in configs for base in (BARE, KERAS)]
    return all(checks)


def _time_clippers() -> bool:
    for path in _COMPARISONS.value:
        config = load.load(Path(path), [], CompareConfig)
        common = config.optimizers[0].set
        settings = {s.name: s.set or ("clip=[]",) for s in config.safeguards}
        configs = {name: _settings(*common, *own) for name, own in settings.items()}
        seconds = take_turns(model_steps(configs), rounds=_ROUNDS.value)
        timings.keep(path, seconds, f"seconds of {MODEL_STEPS} steps")
        print(f"\n| guard, telemetry and of {path} | ms | to the bare step | to none |")
        print("|---|--:|--:|--:|")
        for name in configs:
            shares = [ratio(seconds, name, base) for base in (BARE, config.reference)]
            milliseconds = 1e3 * statistics.median(seconds[name]) / MODEL_STEPS
            print(f"| {name} | {milliseconds:.2f} | {shares[0]:.3f} | {shares[1]:.3f} |")
    return True


def _settings(*overrides: str) -> RunConfig:
    return load.load(Path(_CONFIG.value), overrides, RunConfig)


def _print_medians(seconds: Mapping[str, list[float]], steps_per_turn: int) -> None:
    for name, values in seconds.items():
        print(f"  {name:48s} {1e3 * statistics.median(values) / steps_per_turn:8.2f}")


def _is_within(seconds: Mapping[str, list[float]], name: str, base: str, goal: float) -> bool:
    """Prints a ratio beside its goal; returns whether it is met."""
    got = ratio(seconds, name, base)
    verdict = "met" if got <= goal else "MISSED"
    print(f"  {name!r} to {base!r}: {got:.2f}, goal {goal:.2f}: {verdict}")
    return got <= goal


if __name__ == "__main__":
    program.run(main)
