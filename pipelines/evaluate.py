"""Evaluates a finished run's best checkpoint on one split of its data.

  python -m pipelines.evaluate --workdir=runs/first
  python -m pipelines.evaluate --workdir=runs/first --split=validation --json
  python -m pipelines.evaluate --workdir=runs/first --data=data/next-week

The rows must be those that the run was made with, unless --data names others on purpose.
Prints each task's metrics for all rows, and for warm users (known from training) and
cold ones apart. Exit codes: 0 done; 2 no such run, or data that cannot be read.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from absl import flags

from pipelines import program

_WORKDIR = flags.DEFINE_string("workdir", None, "The run's directory.", required=True)
_SPLIT = flags.DEFINE_enum("split", "test", ["train", "validation", "test"], "Which rows.")
_DATA = flags.DEFINE_string(
    "data", None, "Folder with other rows, prepared with the run's schema and vocabularies."
)
_JSON = flags.DEFINE_bool("json", False, "Print JSON in place of the table.")


def main(_: Sequence[str]) -> int:
    """Evaluates and prints; returns the exit code."""
    from ranker import build  # TensorFlow loads here, not for --help

    try:
        data = None if _DATA.value is None else Path(_DATA.value)
        # Rows that are named on purpose may be others than those of the run.
        splits = (_SPLIT.value,) if data is None else ()
        run = build.load_run(Path(_WORKDIR.value), splits=splits, data=data)
        if data is not None:
            print(
                f"Rows of {run.path(_SPLIT.value)}, whatever the run was made with", file=sys.stderr
            )
        metrics = run.scorer.evaluate(run.split(_SPLIT.value)).metrics
    except (ValueError, OSError) as error:
        return program.refuse(error)
    for bad in run.bad_rows.values():
        if bad.num_bad:
            print(f"Left out: {bad}", file=sys.stderr)
    print(json.dumps(metrics, indent=2, allow_nan=False) if _JSON.value else _tables(metrics))
    return 0


def _tables(metrics: Mapping[str, Any]) -> str:
    return "\n\n".join(_table(task, of_task) for task, of_task in metrics.items())


def _table(task: str, metrics: Mapping[str, Any]) -> str:
    groups = {"all": metrics, "warm": metrics["warm"], "cold": metrics["cold"]}
    names = [name for name, value in metrics.items() if isinstance(value, int | float)]
    lines = [[task, *names]]
    lines += [[g, *(_cell(values.get(name)) for name in names)] for g, values in groups.items()]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rows = ["  ".join(c.rjust(w) for c, w in zip(line, widths, strict=True)) for line in lines]
    notes = [f"{g}: {values['note']}" for g, values in groups.items() if "note" in values]
    return "\n".join([*rows, *notes])


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


if __name__ == "__main__":
    program.run(main)
