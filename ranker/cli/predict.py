r"""Scores the rows of a file with an exported model; needs nothing but the export.

  ranker predict --model=runs/first --input=rows.parquet --output=out.parquet
  ranker predict --model=export/1 --input=rows.csv --output=out.csv \
      --keep=user_id,item_id,timestamp
  ranker predict --model=runs/shop --past=data/shop --input=today.parquet --output=out.csv

--model is a SavedModel, or a folder or run whose newest version is taken. Input is
Parquet, or CSV if the name ends in .csv (lists as a|b|c), with a column a feature.
Output is CSV or Parquet, as its name ends in .csv or .parquet: the kept columns, as they
are in the input (of CSV: as text), and <task>_score for each task, in the input's order.
Columns of which the model knows few values are reported.

--past is the folder that the model was trained on, as prepare --dataset=table wrote it (or one
that went on from it by --past_from). Then input is a file, folder or pattern with the columns
of the spec, in any format it may have. Features are computed as in preparation, those of the past
from where they ended there: a row sees the prepared rows, and those of the input that are
strictly before it in time; of these the labels only if the input has their columns. All rows
must be after the prepared ones. They wait in TMPDIR, not in memory.
Exit codes: 0 done; 2 input or a model that cannot be read, and no output.
"""

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

from absl import flags
from tqdm import tqdm

from ranker.cli import program

_MODEL = flags.DEFINE_string("model", None, "Exported model, or run directory.", required=True)
_INPUT = flags.DEFINE_string("input", None, "Parquet or CSV file with the rows.", required=True)
_OUTPUT = flags.DEFINE_string("output", None, "Parquet or CSV file to write.", required=True)
_PAST = flags.DEFINE_string("past", None, "Prepared table; then the input's rows are raw.")
_KEEP = flags.DEFINE_list(
    "keep", [], "Input columns to copy to the output; by default the user's and the item's."
)


def main(_: Sequence[str]) -> int:
    """Scores the file; returns the exit code."""
    program.load_tensorflow()  # here, not for --help
    from ranker import serve

    output = Path(_OUTPUT.value)
    remarks: list[str] = []
    try:
        model = serve.newest_version(Path(_MODEL.value), on_unfinished=_print_line)
        serve.check_origin(model, Path(_MODEL.value))
        with ExitStack() as stack, tqdm(unit=" rows", unit_scale=True, disable=None) as bar:
            made = stack.enter_context(_made(model)) if _PAST.value else None

            def show(done: int, total: int | None) -> None:
                bar.total = total
                bar.update(done - bar.n)

            count = serve.predict(
                model,
                Path(_INPUT.value),
                output,
                keep=_KEEP.value,
                made=made,
                on_rows=show,
                say=remarks.append,
            )
            if made and made.num_left:
                remarks.append(
                    f"{made.num_left:,} rows left out, of which the spec's where is not so"
                )
            if made and made.where_unknown:
                remarks.append(
                    f"where = {made.where_unknown!r} of the spec: no such columns, not asked"
                )
    except (ValueError, OSError) as error:
        return program.refuse(error)
    for line in remarks:
        _print_line(line)
    print(f"{count:,} rows scored by {model}: {output}")
    return 0


def _made(model: Path) -> AbstractContextManager[Any]:
    """Returns the raw rows of the input with the features that are made of them."""
    from ranker import past, serve

    found = past.Past(_PAST.value)
    found.check_model(serve.data_of(model), model)
    return found.rows([_INPUT.value], keep=_KEEP.value or None)


def _print_line(line: str) -> None:
    print(f"predict: {line}", file=sys.stderr)


if __name__ == "__main__":
    program.run(main)
