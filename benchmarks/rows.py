"""The runs of comparisons as CSV, a line a run: the raw data beside a page of results.

  python -m benchmarks.rows --results=runs/compare-quick/results.parquet --output=rows.csv

--results may be given again. The like AUC is that of the last evaluation on validation, and on
test that of the best checkpoint. Model, optimizer, fault, rate and the tuned setting's value are
left out where all runs have the same. Runs that chose a tuned setting have the stage "tune".
"""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from absl import flags

from ranker.cli import program

_RESULTS = flags.DEFINE_multi_string("results", None, "results.parquet.", required=True)
_OUTPUT = flags.DEFINE_string("output", None, "The CSV file to write.", required=True)
_MAY_BE_LEFT_OUT = ("stage", "model", "optimizer", "fault", "tuned_value", "rate")
_METRIC = "like.auc"
DIGITS = 6  # after the point


def main(_: Sequence[str]) -> int:
    """Writes the rows; returns the exit code."""
    try:
        tables = [pd.read_parquet(path) for path in _RESULTS.value]
        rows(pd.concat(tables)).to_csv(Path(_OUTPUT.value), index=False)
    except (ValueError, OSError) as error:
        return program.refuse(error)
    return 0


def rows(results: pd.DataFrame) -> pd.DataFrame:
    """Returns a row for each run of a results.parquet, in a fixed order."""
    found = pd.DataFrame(
        {
            "stage": results["stage"],
            "model": results["model"],
            "optimizer": results["optimizer"],
            "fault": results["injector"],
            "safeguard": results["safeguard"],
            "tuned_value": results["tuned_value"],
            "rate": results["rate"],
            "seed": results["seed"],
            "status": results["status"],
            "divergence": results["divergence"],
            "attempts": results["attempts"],
            "refused": results["refused"],
            "like_auc_validation": [_last(values) for values in results["validation"]],
            "like_auc_test": [json.loads(values).get(_METRIC) for values in results["test"]],
        }
    )
    same = [name for name in _MAY_BE_LEFT_OUT if found[name].nunique() <= 1]
    found = found.drop(columns=same)
    order = [name for name in (*_MAY_BE_LEFT_OUT, "safeguard", "seed") if name in found]
    return found.sort_values(order, ignore_index=True).round(DIGITS)


def _last(evaluations: str) -> float | None:
    found = json.loads(evaluations)
    return found[-1].get(_METRIC) if found else None


if __name__ == "__main__":
    program.run(main)
