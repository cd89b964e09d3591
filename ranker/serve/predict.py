"""Scores for a file of rows, by the SavedModel alone, in constant memory."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf

from ranker.schema import read_schema
from ranker.serve.rows import Rows


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
      output: Parquet: the columns of `keep`, by default the user and the item, then
        "<task>_score" for each task. Renamed into place when complete.
      on_rows: called with the rows done so far, and how many there are if known.

    Returns:
      How many rows there were.

    Raises:
      ValueError: naming the file and the column that is missing or cannot be read.
      OSError: if a file cannot be opened or written.
    """
    schema = read_schema(model / "assets.extra" / "schema.toml")
    source = Rows(rows, schema, keep=keep or (schema.user, schema.item))
    serve = tf.saved_model.load(str(model)).signatures["serving_default"]
    scored = [pa.field(f"{task.name}_score", pa.float32()) for task in schema.tasks]
    columns = pa.schema([*source.kept, *scored])
    writing = output.with_name(f".{output.name}.writing")
    done = 0
    try:
        with pq.ParquetWriter(writing, columns) as writer:
            for kept, raw in source.batches():
                scores = serve(**{name: tf.constant(value) for name, value in raw.items()})
                arrays = [pa.array(scores[task.name].numpy()) for task in schema.tasks]
                writer.write_batch(pa.record_batch([*kept.columns, *arrays], columns))
                done += len(kept)
                on_rows(done, source.num_rows)
        writing.rename(output)
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(output)) from error
    finally:
        writing.unlink(missing_ok=True)
    return done
