"""What each method of weighing tasks costs: `python -m benchmarks.task_methods`.

Times the step of every safeguard of a comparison that sets more than fixed weights, at its first
rate: all of one dataset in turns in one process. A ratio is the median of the rounds' own, to the
comparison's reference. Beside them `mgda` on more shared variables, and the
reference with telemetry. --only names one of them, again and again.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from absl import flags

import ranker.legacy_keras  # noqa: F401 (before TensorFlow loads)
from benchmarks import timings
from benchmarks.contest import ratio, take_turns
from benchmarks.model_step import BARE, STEPS_PER_TURN, model_steps
from ranker.cli import program
from ranker.compare import grid
from ranker.spec import load
from ranker.spec.compare import CompareConfig
from ranker.spec.run import RunConfig
from ranker.train import share_cores

_COMPARISON = flags.DEFINE_string(
    "comparison", "configs/compare_tasks.toml", "Whose safeguards are timed; its data is prepared."
)
_ONLY = flags.DEFINE_multi_string("only", [], "Safeguards; none for all.")
_ROUNDS = flags.DEFINE_integer("rounds", 20, "Rounds that count.", lower_bound=1)
_WIDER, _EVERY = "mgda", 50
_WEIGHTS = "objective.task_weights="


def main(argv: Sequence[str]) -> int:
    """Times the steps and prints a table; returns the exit code."""
    del argv
    share_cores()
    path = Path(_COMPARISON.value)
    try:
        config = load.load(path, [], CompareConfig)
        seconds = take_turns(model_steps(timed(config, path.parent)), rounds=_ROUNDS.value)
    except (ValueError, OSError) as error:
        return program.refuse(error)
    timings.keep(_COMPARISON.value, seconds, f"seconds of {STEPS_PER_TURN} steps")
    print(f"\n| {_COMPARISON.value} | to {config.reference} |\n|---|--:|")
    for name in seconds:
        if name not in (BARE, config.reference):
            print(f"| {name} | {ratio(seconds, name, config.reference):.2f} |")
    return 0


def timed(config: CompareConfig, folder: Path) -> dict[str, RunConfig]:
    """Returns the settings of the reference, and of what does more than to fix weights."""
    of = {trial.safeguard: trial.config for trial in reversed(grid.finals(config, folder, {}))}
    fixed = {s.name for s in config.safeguards if len(s.set) == 1 and _WEIGHTS in s.set[0]}
    plain = of[config.reference]
    telemetry = dataclasses.replace(plain.objective.telemetry, every_attempts=_EVERY)
    found = {name: run for name, run in of.items() if name not in fixed}
    for more in ("dense", "all") if _WIDER in of else ():
        method: Any = of[_WIDER].objective.aggregate
        aggregate = dataclasses.replace(method, of=more)
        found[f"{_WIDER}, {more}"] = _with(of[_WIDER], aggregate=aggregate)
    found["telemetry"] = _with(plain, telemetry=telemetry)
    return {config.reference: plain} | {
        name: run for name, run in found.items() if not _ONLY.value or name in _ONLY.value
    }


def _with(run: RunConfig, **objective: Any) -> RunConfig:
    """Returns the settings with others of the objective, and telemetry's period of logging."""
    return dataclasses.replace(
        run,
        objective=dataclasses.replace(run.objective, **objective),
        train=dataclasses.replace(run.train, log_every_attempts=_EVERY),
    )


if __name__ == "__main__":
    program.run(main)
