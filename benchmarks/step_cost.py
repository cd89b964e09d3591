"""What a step costs beside the optimizers people use: `python -m benchmarks.step_cost`.

Everything runs alternately in one process; figures are medians of rounds, and ratios are
medians of the rounds' own ratios. Exit code 1 if a goal is missed.
"""

import statistics
from collections.abc import Mapping
from pathlib import Path

from absl import app, flags

import ranker  # noqa: F401  settles on Keras 2 before TensorFlow loads
from benchmarks.contest import ratio, take_turns
from benchmarks.model_step import STEPS_PER_TURN as MODEL_STEPS
from benchmarks.model_step import model_steps
from benchmarks.sparse_step import NUM_IDS, SIZES, WIDTH, sparse_steps
from benchmarks.sparse_step import STEPS_PER_TURN as SPARSE_STEPS
from ranker.config import load
from ranker.config.settings import RunConfig

_CONFIG = flags.DEFINE_string(
    "config", "configs/movielens_100k.toml", "The whole model's settings; its data is prepared."
)
_ROUNDS = flags.DEFINE_integer("rounds", 20, "Rounds that count.", lower_bound=1)
_PARTS = flags.DEFINE_multi_enum("part", ["sparse", "model"], ["sparse", "model"], "What to time")


def main(argv: list[str]) -> int:
    """Runs both parts and prints them; returns the exit code."""
    del argv
    parts = {"sparse": _time_sparse_steps, "model": _time_model_steps}
    met = [parts[part]() for part in _PARTS.value]  # each part runs, whatever the others say
    return 0 if all(met) else 1


def _time_sparse_steps() -> bool:
    small, large = SIZES
    steps = {f"{name}: {n:,}": s for n in SIZES for name, s in sparse_steps(n).items()}
    seconds = take_turns(steps, rounds=_ROUNDS.value)
    print(f"\nOptimizer step on {NUM_IDS:,} ids, tables of n x {WIDTH}, ms")
    _print_medians(seconds, SPARSE_STEPS)
    ours = "ours, Clippy on all: {:,}"
    checks = [
        _is_within("large / small table", seconds, ours.format(large), ours.format(small), 1.6)
    ]
    for size in SIZES:
        base = f"tf-keras Adagrad: {size:,}"
        checks.append(_is_within(f"to {base}", seconds, ours.format(size), base, 1.0))
    return all(checks)


def _time_model_steps() -> bool:
    config = load.load(Path(_CONFIG.value), [], RunConfig)
    seconds = take_turns(model_steps(config), rounds=_ROUNDS.value)
    print(f"\nTraining step of {_CONFIG.value}, ms")
    _print_medians(seconds, MODEL_STEPS)
    trained, *plain = seconds
    checks = [_is_within(f"to {base}", seconds, trained, base, 1.10) for base in plain]
    return all(checks)


def _print_medians(seconds: Mapping[str, list[float]], steps_per_turn: int) -> None:
    for name, values in seconds.items():
        print(f"  {name:48s} {1e3 * statistics.median(values) / steps_per_turn:8.2f}")


def _is_within(
    what: str, seconds: Mapping[str, list[float]], name: str, base: str, goal: float
) -> bool:
    """Prints a ratio beside its goal; returns whether it is met."""
    got = ratio(seconds, name, base)
    verdict = "met" if got <= goal else "MISSED"
    print(f"  {name!r} {what}: {got:.2f}, goal {goal:.2f}: {verdict}")
    return got <= goal


if __name__ == "__main__":
    app.run(main)
