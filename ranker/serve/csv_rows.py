"""CSV as text: every cell as it stands in the file, for whoever reads it to make more of it."""

import codecs
import csv
import itertools
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

# A row must fit into a block; several blocks are read ahead.
_BLOCK_BYTES = 1 << 22
_READ_BYTES = 1 << 20
_OTHER_SEPARATORS = (";", "\t", "|")


class CsvRows:
    """A CSV file, separated by commas, with its columns' names in the first row.

    Attributes:
      names: of its columns; what is not UTF-8 in them as lone surrogates.
    """

    def __init__(self, path: Path) -> None:
        """Reads the first row of `path`.

        Raises:
          ValueError: naming the file, if it has none.
          OSError: if it cannot be opened.
        """
        self._path = path
        with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
            try:
                self.names: list[str] = next((row for row in csv.reader(file) if row), [])
            except csv.Error as error:
                raise ValueError(f"{path}: not a readable CSV file: {error}") from error
        if not self.names:
            raise ValueError(f"{path}: Empty CSV file")
        if any("\0" in name for name in self.names):
            raise ValueError(f"{path}: not UTF-8 but perhaps UTF-16: write it as UTF-8")
        found = [mark for mark in _OTHER_SEPARATORS if mark in self.names[0]]
        if found and not self.names[1:]:
            raise ValueError(
                f"{path}: its columns are separated by {found[0]!r}, it seems, and must be by ','"
            )

    def problem(self, columns: Collection[str]) -> str:
        """Returns what is wrong with the first row that cannot be read: its number, from 0, and
        the column; "" if all have as many cells as the first row, and those of `columns` UTF-8."""
        indices = {name: self.names.index(name) for name in columns}
        with self._path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
            rows = (row for row in csv.reader(file) if row)
            next(rows)
            for number, row in enumerate(rows):
                if len(row) != len(self.names):
                    return f"row {number}: {len(row)} cells, and {len(self.names)} columns"
                for name, index in indices.items():
                    if not _is_text(row[index]):
                        return f"column {name}, row {number}: not UTF-8"
        return ""

    def kind(self) -> pa.DataType:
        """Returns the type that holds any cell as it is: text, or bytes if not all is UTF-8."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        with self._path.open("rb") as file:
            try:
                while block := file.read(_READ_BYTES):
                    decoder.decode(block)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                return pa.binary()
        return pa.string()

    def batches(
        self, columns: Sequence[str], *, kind: pa.DataType, texts: Collection[str]
    ) -> Iterator[pa.RecordBatch]:
        """Yields all rows of `columns`, in the file's order.

        Args:
          columns: names of columns, each of which the file has once.
          kind: of the columns, but for those of `texts`, which are pa.string().

        Raises:
          pa.ArrowException: for a row with more or fewer cells than the first, and for
            bytes that are not UTF-8 in a column of `texts`.
        """
        indices = {name: str(self.names.index(name)) for name in columns}
        options = pyarrow.csv.ConvertOptions(
            column_types={p: pa.string() if n in texts else kind for n, p in indices.items()},
            include_columns=list(indices.values()),
        )
        source = pyarrow.csv.open_csv(
            self._path,
            # Names of our own: those of the file may be bytes, or twice there.
            read_options=pyarrow.csv.ReadOptions(
                column_names=[str(index) for index in range(len(self.names))],
                block_size=_BLOCK_BYTES,
            ),
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
            convert_options=options,
        )
        first = next(source).slice(1)
        for batch in itertools.chain([first], source):
            yield pa.record_batch(batch.columns, list(columns))


def _is_text(cell: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in cell)
