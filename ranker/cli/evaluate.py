"""Evaluates a run's best checkpoint on one split of its data.

  ranker evaluate --workdir=runs/first
  ranker evaluate --workdir=runs/first --split=validation --json
  ranker evaluate --workdir=runs/first --data=data/next-week

The rows must be those that the run was made with, unless --data names others on purpose.
Prints each task's metrics for all rows, and for warm users (known from training) and
cold ones apart: live, where a row's features know of the user's earlier rows; and for all
rows with each user's features frozen at the user's first row of the split.
Of a run that is not over it is the best so far, which is said.
Exit codes: 0 done; 2 no such run, data that cannot be read, or output that was not written.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from absl import flags

from ranker.cli import metrics_text, program

_WORKDIR = flags.DEFINE_string("workdir", None, "The run's directory.", required=True)
_SPLIT = flags.DEFINE_enum("split", "test", ["train", "validation", "test"], "Which rows.")
_DATA = flags.DEFINE_string(
    "data", None, "Folder with other rows, prepared with the run's schema and vocabularies."
)
_JSON = flags.DEFINE_bool("json", False, "Print JSON in place of the table.")

_WAY_OUT = (
    "Put back what was there; other rows, of the same schema and vocabularies, are evaluated on "
    "purpose with --data=FOLDER"
)


def main(_: Sequence[str]) -> int:
    """Evaluates and prints; returns the exit code."""
    program.load_tensorflow()  # here, not for --help
    from ranker import wiring

    try:
        data = None if _DATA.value is None else Path(_DATA.value)
        # Rows that are named on purpose may be others than those of the run.
        splits = (_SPLIT.value,) if data is None else ()
        run = wiring.load_run(Path(_WORKDIR.value), splits=splits, data=data, way_out=_WAY_OUT)
        if data is not None:
            print(
                f"Rows of {run.path(_SPLIT.value)}, whatever the run was made with", file=sys.stderr
            )
        metrics = run.evaluate(_SPLIT.value).metrics
    except (ValueError, OSError) as error:
        return program.refuse(error)
    if run.unfinished:
        print(f"{_WORKDIR.value}: {run.unfinished}: its best so far", file=_beside())
    for account in run.rejected_rows.values():
        if account.num_rejected:
            print(f"Left out: {account}", file=sys.stderr)
    print(
        json.dumps(metrics, indent=2, allow_nan=False)
        if _JSON.value
        else metrics_text.tables(metrics)
    )
    return 0


def _beside() -> TextIO:
    """Returns where to say what is no metric: above the table, not within JSON."""
    return sys.stderr if _JSON.value else sys.stdout


if __name__ == "__main__":
    program.run(main, is_result=lambda: True)
