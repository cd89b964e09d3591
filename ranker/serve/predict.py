"""Scores for a file of rows, by the SavedModel alone, in constant memory."""

import errno
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa

from ranker.files import atomic_file
from ranker.serve.rows import Rows, is_csv
from ranker.serve.served import Served
from ranker.serve.table_writer import open_table


def predict(
    model: Path,
    rows: Path,
    output: Path,
    *,
    keep: Sequence[str] = (),
    on_rows: Callable[[int, int | None], None] = lambda done, total: None,
) -> int:
    """Writes the scores of every row of `rows` to `output`, in their order.

    Args:
      model: a version's folder, as `export` writes it.
      rows: Parquet, or CSV if the name ends in ".csv"; a list in a CSV cell has its
        values separated by "|".
      output: CSV if the name ends in ".csv", else Parquet: the columns of `keep`, by
        default the user and the item, then "<task>_score" for each task. What is kept
        is as it was in `rows`: typed if that is Parquet, else text. Renamed into place
        when complete.
      on_rows: called with the rows done so far, and how many there are if known.

    Returns:
      How many rows there were.

    Raises:
      ValueError: naming the file and the column that is missing or cannot be read; for a
        damaged model; for an output that is the input, of the model, or no file.
      OSError: if a file cannot be opened or written.
    """
    writing = output.with_name(f".{output.name}.writing")
    _check_output(output, writing, rows, model)
    served = Served(model)
    source = Rows(rows, served.schema, keep=keep or (served.schema.user, served.schema.item))
    columns = _columns(source.kept, served)
    score = served.load()
    done = 0
    with (
        atomic_file(output, writing=writing),
        open_table(writing, columns, as_csv=is_csv(output)) as writer,
    ):
        for kept, raw in source.batches():
            scores = score(raw)
            arrays = [pa.array(scores[task.name]) for task in served.schema.tasks]
            writer.write_batch(pa.record_batch([*kept.columns, *arrays], columns))
            done += len(kept)
            on_rows(done, source.num_rows)
    return done


def _columns(kept: pa.Schema, served: Served) -> pa.Schema:
    scored = [pa.field(f"{task.name}_score", pa.float32()) for task in served.schema.tasks]
    twice = [field.name for field in scored if field.name in kept.names]
    if twice:
        raise ValueError(
            f"--keep has {', '.join(twice)}, which is what the model's own scores are called: "
            "rename the column, or do not keep it"
        )
    return pa.schema([*kept, *scored])


def _check_output(output: Path, writing: Path, rows: Path, model: Path) -> None:
    """Raises for an output at which something is that it must not replace."""
    if not output.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such folder", str(output.parent))
    if output.exists() and not output.is_file():
        raise ValueError(f"{output}: cannot be the output: it is there and no file")
    for path in (output, writing):
        if path.exists() and rows.exists() and path.samefile(rows):
            raise ValueError(
                f"{output}: cannot be the output: that is the input, {rows}, whose columns "
                "would be lost; take another name"
            )
    if output.resolve().is_relative_to(model.resolve()):
        raise ValueError(f"{output}: cannot be the output: it is in the model's folder, {model}")
