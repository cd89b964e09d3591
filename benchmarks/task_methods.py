"""What each method of weighing tasks costs: `python -m benchmarks.task_methods`.

All steps of one model run in turns in one process; a ratio is the median of the rounds' own.
"""

from collections.abc import Sequence
from pathlib import Path

from absl import flags

import ranker.legacy_keras  # noqa: F401 (before TensorFlow loads)
from benchmarks import timings
from benchmarks.contest import ratio, take_turns
from benchmarks.model_step import BARE, STEPS_PER_TURN, model_steps
from ranker.cli import program
from ranker.spec import load
from ranker.spec.aggregate import Aggregation
from ranker.spec.part import kinds
from ranker.spec.run import RunConfig
from ranker.train import share_cores

_CONFIG = flags.DEFINE_string(
    "config", "configs/movielens_100k.toml", "The model's settings; its data is prepared."
)
_KINDS = flags.DEFINE_list("kinds", [], "Of methods; none for all.")
_WIDER = flags.DEFINE_string("wider", "mgda", "Which is also timed on more shared variables.")
_ROUNDS = flags.DEFINE_integer("rounds", 20, "Rounds that count.", lower_bound=1)
_SUM = "sum"


def main(argv: Sequence[str]) -> int:
    """Times the methods and prints a table."""
    del argv
    share_cores()
    wanted = _KINDS.value or [kind for kind in kinds(Aggregation) if kind != _SUM]
    configs = {kind: _config(f"objective.aggregate='{kind}'") for kind in (_SUM, *wanted)}
    for of in ("dense", "all"):
        settings = f"objective.aggregate={{kind='{_WIDER.value}', of='{of}'}}"
        configs[f"{_WIDER.value}, {of}"] = _config(settings)
    every = "objective.telemetry.every_attempts=50"
    configs["sum, telemetry every 50"] = _config("train.log_every_attempts=50", every)
    seconds = take_turns(model_steps(configs), rounds=_ROUNDS.value)
    timings.keep(_CONFIG.value, seconds, f"seconds of {STEPS_PER_TURN} steps")
    print("\n| method | to the sum |\n|---|--:|")
    for name in seconds:
        if name not in (BARE, _SUM):
            print(f"| {name} | {ratio(seconds, name, _SUM):.2f} |")
    return 0


def _config(*overrides: str) -> RunConfig:
    return load.load(Path(_CONFIG.value), overrides, RunConfig)


if __name__ == "__main__":
    program.run(main)
