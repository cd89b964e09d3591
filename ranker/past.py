"""Features of the past of rows that come after prepared ones, as preparation computes them.

    past = Past("data/shop")                  # what `ranker prepare --dataset=table` wrote
    features = past.features(rows)            # of a table of raw rows, as a table
    with past.rows(["today/*.parquet"], keep=["request"]) as rows:
        for kept, features in rows.tables():
            ...

A row knows of the prepared rows, and of those among the new ones whose time is strictly before
its own, as in preparation; of their labels where the columns are there. With split.past = "train"
it knows of the prepared training rows alone. What is left after the new rows is written by
`ranker prepare --past_from`, not here. What is held of data/shop/past/ is that of the keys that
the new rows have: some 30 bytes a key and number, and 4 a value of a list; and for a window the
rows of these keys that are in it, 20 bytes each.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ranker.datasets.table import earlier
from ranker.datasets.table.new_rows import NewRows

__all__ = ["NewRows", "Past"]


class Past:
    """The past that is left after the rows of a prepared folder."""

    def __init__(self, folder: str | Path) -> None:
        """Reads what is known beside the tables of keys.

        Raises:
          DatasetError: if `folder` is no prepared table, or not as it was prepared.
        """
        self._earlier = earlier.read(Path(folder))

    def check_model(self, data: Mapping[str, str], model: Path) -> None:
        """Raises DatasetError unless `model` was trained on these data, or what they went on from.

        Args:
          data: SHA-256 of the files that it was trained on, as `ranker.serve.data_of` says.
        """
        self._earlier.check_model(data, model)

    def features(self, rows: pa.Table) -> pa.Table:
        """Returns the model's features of raw rows, [N], in their order.

        Raises:
          DatasetError: in one sentence, for rows that are not what the spec says, or not after
            the prepared ones.
        """
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "rows.parquet"
            pq.write_table(rows, path)
            with self.rows([path], keep=[]) as found:
                tables = [features for _, features in found.tables()]
        return pa.concat_tables(tables) if tables else pa.table({})

    @contextmanager
    def rows(
        self, paths: Sequence[str | Path], *, keep: Sequence[str] | None = None
    ) -> Iterator[NewRows]:
        """Yields the rows of files, which are kept on disk meanwhile, not in memory.

        Args:
          paths: of files, folders or patterns, in any format that the spec's source may have.
          keep: columns of the files to pass on; the user's and the item's if None.

        Raises:
          DatasetError: as `features` does.
        """
        with tempfile.TemporaryDirectory() as scratch:
            yield NewRows(self._earlier, [str(path) for path in paths], Path(scratch), keep=keep)
