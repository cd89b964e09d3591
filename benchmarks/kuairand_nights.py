"""Fourteen real days, night by night: training on beside training anew, and beside not training.

  ranker prepare --dataset=kuairand-pure --source=FOLDER --boundaries=0.998,0.999 \\
    --output=data/kuairand-nights
  python -m benchmarks.kuairand_nights --data=data/kuairand-nights --seeds=5

After each night the model is judged on the whole next day, before anything trains on that
(progressive validation). The model is that of configs/kuairand_pure.toml with constant rates, and
every pass is one pass in order of time:

  on       trains on, every night, from the night before, on the day's rows
  anew     from initial values on the day's rows: the same budget
  all      from initial values on the rows of all days so far: a budget that grows
  first    trained in the first night, and left alone

Decided before the first run: each arm has the rate of four with the best mean AUC on days 2 to 4,
seed 100; what is reported are days 5 on, of the tasks with 20 positives or more on every day.
The vocabulary has all ids of all days; an id's row is as it was initialised until it is trained.
Means that numbers are standardised by are of all days: no arm gains by that over another.
Days are those of China, where the log is from; its first rows, of an evening, are of the first day.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from absl import flags

from ranker.cli import program

_DATA = flags.DEFINE_string("data", "data/kuairand-nights", "The prepared days.")
_SEEDS = flags.DEFINE_integer("seeds", 5, "0 and on.", lower_bound=1)
_OUTPUT = flags.DEFINE_string("output", None, "A CSV file for the rows; none to print alone.")
_TUNE_SEED = 100
_RATES = (0.05, 0.1, 0.2, 0.4, 0.8)
_CHOSEN_ON = 4  # days, with the first


def main(_: Sequence[str]) -> int:
    """Chooses rates, runs all arms and prints; returns the exit code."""
    program.load_tensorflow()
    from benchmarks import kuairand_arms

    try:
        with kuairand_arms.opened(Path(_DATA.value)) as arms:
            print(f"tasks: {', '.join(arms.frequent)}", flush=True)
            rates = dict(arms.chosen(_RATES, seed=_TUNE_SEED, until=_CHOSEN_ON))
            rows = []
            for seed in range(_SEEDS.value):
                for arm, rate in rates.items():
                    for day, metrics in arms.nights(arm, rate, seed):
                        rows += [{"arm": arm, "seed": seed, "day": day, "rate": rate, **metrics}]
    except (ValueError, OSError) as error:
        return program.refuse(error)
    table = pd.DataFrame(rows).round(6)
    if _OUTPUT.value:
        table.to_csv(_OUTPUT.value, index=False)
    print("\n".join(kuairand_arms.lines(table, first=_CHOSEN_ON + 1)))
    return 0


if __name__ == "__main__":
    program.run(main)
