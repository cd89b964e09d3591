"""Thirty nights with six faults, four ways to spend them: what is served on the day after.

  python -m benchmarks.thirty_nights --seeds=5 --workdir=runs/thirty-nights
  python -m benchmarks.thirty_nights --tune --seeds=1 --nights=12

Each arm trains one pass over a day's first 80 % every night, in order of time, and goes on from
the night before; all have the same rows, model, rule and batch size:

  plain   Adagrad that puts into service whatever comes, without a guard
  norm    the same with a global norm of the gradients
  clippy  the same with Clippy
  all     Clippy, guard, detector, recovery; intake and gate of `ranker nightly` by their defaults

Every arm also has the same nights without a fault: what its safeguards cost, and what to
measure by. Rates and the norm are chosen by --tune, on other seeds without faults. The days are
those of `benchmarks.thirty_days`. In place of a person on call, an arm that serves scores
that are not finite starts from initial values in the next night.

Decided before the first run:
- The regret of a night is the best AUC that is possible on the next day less that of the model
  served then, both expected over the labels that could be drawn; the mean of like, finish and
  share. Without a model in service its AUC is 0.5.
- Its usual regret is that of plain on the nights of the same seed without faults.
- A bad model is put into service by a night that publishes and whose regret is more than 0.02
  above the usual.
- A night is lost if it publishes nothing.
- Quality is back in the first night, from that of a fault, whose regret is no more than 0.005
  above the usual. Nights before that count, up to the next fault; what is not back by then is
  counted by itself.

Several processes share a --workdir: each takes what none has begun. The same command again
goes on. The tables are made by `python -m benchmarks.thirty_summary`.
"""

from collections.abc import Sequence
from pathlib import Path

from absl import flags

from ranker.cli import program

_SEEDS = flags.DEFINE_integer("seeds", 5, "0 and on; with --tune 100 and on.", lower_bound=1)
_WORKDIR = flags.DEFINE_string("workdir", "runs/thirty-nights", "Where rows and results go.")
_NIGHTS = flags.DEFINE_integer("nights", 30, "How many.", lower_bound=1)
_ROWS = flags.DEFINE_integer("rows", 40_000, "Of a day.", lower_bound=100)
_TUNE = flags.DEFINE_bool("tune", False, "Try rates, without faults, and print mean regrets.")

_TUNE_SEED = 100


def main(_: Sequence[str]) -> int:
    """Runs the study; returns the exit code."""
    program.load_tensorflow()
    from benchmarks import thirty_days, thirty_study

    size = thirty_days.Size(nights=_NIGHTS.value, rows=_ROWS.value)
    workdir = Path(_WORKDIR.value)
    try:
        if _TUNE.value:
            thirty_study.tune(size, range(_TUNE_SEED, _TUNE_SEED + _SEEDS.value))
        else:
            workdir.mkdir(parents=True, exist_ok=True)
            thirty_study.study(workdir, size, range(_SEEDS.value))
    except (ValueError, OSError) as error:
        return program.refuse(error)
    return 0


if __name__ == "__main__":
    program.run(main)
