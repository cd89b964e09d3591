"""Scores for a file of rows, by the SavedModel alone, in constant memory."""

import errno
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from ranker.files import atomic_file
from ranker.serve.made_rows import Made, MadeRows
from ranker.serve.rows import Rows, is_csv
from ranker.serve.served import Served
from ranker.serve.table_writer import open_table

_SUFFIXES = (".csv", ".parquet")
# What each of our folders has, and nobody's own would: nothing else is to be written there.
_FOLDERS = {
    "an exported model": ("saved_model.pb",),
    "a run": ("config.toml", "environment.json"),
    "a comparison": ("comparison.json", "results.parquet"),
    "prepared data": ("schema.toml", "vocabularies"),
}


def predict(
    model: Path,
    rows: Path,
    output: Path,
    *,
    keep: Sequence[str] = (),
    made: Made | None = None,
    on_rows: Callable[[int, int | None], None] = lambda done, total: None,
    say: Callable[[str], None] = lambda line: None,
) -> int:
    """Writes the scores of every row of `rows` to `output`, in their order.

    Args:
      model: a version's folder, as `export` writes it.
      rows: Parquet, or CSV if the name ends in ".csv"; a list in a CSV cell has its
        values separated by "|".
      output: CSV or Parquet, as its name ends in ".csv" or ".parquet": the columns of `keep`,
        by default the user and the item, then "<task>_score" for each task. What is kept
        is as it was in `rows`: typed if that is Parquet, else text. Renamed into place
        when complete.
      made: the features of the rows, where `rows` does not have them, and what is kept of them;
        `keep` is then not looked at.
      on_rows: called with the rows done so far, and how many there are if known.
      say: takes a line, at the end, for each column of whose values more than half are unknown
        to the model.

    Returns:
      How many rows there were.

    Raises:
      ValueError: naming the file and the column that is missing or cannot be read; for a
        damaged model; for an output of another name, that is the input or no file, or in a
        folder that a program of this project wrote.
      OSError: if a file cannot be opened or written.
    """
    _check_output(output, rows)
    writing = output.with_name(f".{uuid.uuid4().hex}.writing")  # no file of anybody's
    served = Served(model)
    if made is not None:
        source: Rows | MadeRows = MadeRows(rows, served.schema, made)
    else:
        source = Rows(rows, served.schema, keep=keep or (served.schema.user, served.schema.item))
    columns = _columns(source.kept, served)
    score = served.load()
    done = 0
    unknown: dict[str, np.ndarray] = {}
    with (
        atomic_file(output, writing=writing),
        open_table(writing, columns, as_csv=is_csv(output)) as writer,
    ):
        for kept, raw in source.batches():
            scores = score(raw)
            for name, counts in served.count_unknown(raw).items():
                unknown[name] = counts + unknown.get(name, 0)
            arrays = [pa.array(scores[task.name]) for task in served.schema.tasks]
            writer.write_batch(pa.record_batch([*kept.columns, *arrays], columns))
            done += len(kept)
            on_rows(done, source.num_rows)
    for name, (values, lacking) in unknown.items():
        if values and lacking == values:
            say(f"{name}: all {values:,} values unknown to the model")
        elif 2 * lacking > values:
            say(f"{name}: {lacking / values:.0%} of {values:,} values unknown to the model")
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


def _check_output(output: Path, rows: Path) -> None:
    """Raises for an output of another name, or at which is what it must not replace."""
    if output.suffix.lower() not in _SUFFIXES:
        raise ValueError(
            f"{output}: cannot be the output: CSV or Parquet is written, so its name must end in "
            f"{' or '.join(_SUFFIXES)}"
        )
    if not output.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such folder", str(output.parent))
    if output.exists() and not output.is_file():
        raise ValueError(f"{output}: cannot be the output: it is there and no file")
    if output.exists() and rows.exists() and output.samefile(rows):
        raise ValueError(
            f"{output}: cannot be the output: that is the input, {rows}, whose columns "
            "would be lost; take another name"
        )
    for folder in output.resolve().parents:
        for what, files in _FOLDERS.items():
            if all((folder / file).exists() for file in files):
                raise ValueError(
                    f"{output}: cannot be the output: {folder} holds {what}; take another folder"
                )
