"""Tables to Parquet files, table by table: no file is ever held whole."""

import collections
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

GROUP_ROWS = 65_536  # rows that are gathered before they are written
_MAX_PENDING = 3  # tables that wait for their thread
_OPTIONS: dict[str, Any] = {"compression": "zstd", "write_page_checksum": True}
_OF_DICTIONARIES: dict[str, Any] = {"store_schema": False, "dictionary_pagesize_limit": 1 << 26}
_SPLIT_BYTES = "BYTE_STREAM_SPLIT"  # the first bytes of all numbers, then the second, ...


class Writer:
    """A Parquet file that is written table by table; it is there once it is closed."""

    def __init__(self, path: Path) -> None:
        """Names the file; its columns are those of the first table."""
        self._path = path
        self._file: pq.ParquetWriter | None = None
        self._gathered: list[pa.Table] = []
        self._num_gathered = 0

    def write(self, table: pa.Table) -> None:
        """Takes the next rows, [M], and writes them when there are enough for a row group."""
        self._gathered.append(table)
        self._num_gathered += len(table)
        if self._num_gathered >= GROUP_ROWS:
            self._flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *raised: object) -> None:
        if kind is None and self._gathered:
            self._flush()
        if self._file is not None:
            self._file.close()

    def _flush(self) -> None:
        table = pa.concat_tables(self._gathered).combine_chunks()
        self._gathered, self._num_gathered = [], 0
        file = self._file or _new_file(self._path, table.schema)
        file.write_table(table)
        self._file = file


def _new_file(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """Returns a file with lists of numbers and fractions split by bytes, the rest by dictionary.

    Of 65,536 made ratings, lists of items took two thirds of the time so and half of the
    room, and means a third and two thirds; plain whole numbers gained nothing. Lists of a
    dictionary took four tenths of the time of the same lists of text, if nobody asks for their
    least and largest word; and two thirds of that with LZ4, which leaves a twentieth more than
    Zstandard. They are read as text, since the file does not tell Arrow's types.
    """
    split, by_dictionary, coded = [], [], []
    for field in schema:
        is_list = pa.types.is_list(field.type)
        kind = field.type.value_type if is_list else field.type
        is_split = pa.types.is_floating(kind) or (is_list and pa.types.is_integer(kind))
        columns = split if is_split else by_dictionary
        columns.append(f"{field.name}.list.element" if is_list else field.name)
        coded += columns[-1:] if pa.types.is_dictionary(kind) else []
    options = dict(_OPTIONS)
    if coded:
        others = [name for name in (*split, *by_dictionary) if name not in coded]
        codecs = dict.fromkeys((*split, *by_dictionary), "zstd") | dict.fromkeys(coded, "lz4")
        options |= {"write_statistics": others, "compression": codecs, **_OF_DICTIONARIES}
    return pq.ParquetWriter(
        path,
        schema,
        use_dictionary=by_dictionary,
        column_encoding=dict.fromkeys(split, _SPLIT_BYTES),
        **options,
    )


class ThreadedWriter:
    """A Parquet file that is written by a thread of its own."""

    def __init__(self, path: Path, *, has_even_groups: bool) -> None:
        """Names the file; its columns are those of the first table.

        Args:
          has_even_groups: whether every row group but the last has GROUP_ROWS rows; else
            each has at least so many, and no table is divided between two.
        """
        self._writer = Writer(path)
        self._has_even_groups = has_even_groups
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._pending: collections.deque[Future[None]] = collections.deque()
        self._num_rows = 0

    def write(self, table: pa.Table) -> None:
        """Takes the next rows, [M], and waits while too many are not yet written."""
        while len(table):
            room = len(table)
            if self._has_even_groups:
                room = GROUP_ROWS - self._num_rows % GROUP_ROWS
            rows, table = table[:room], table[room:]
            while len(self._pending) >= _MAX_PENDING:
                self._pending.popleft().result()
            self._pending.append(self._thread.submit(self._writer.write, rows))
            self._num_rows += len(rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *raised: object) -> None:
        try:
            while kind is None and self._pending:
                self._pending.popleft().result()
        except BaseException as problem:
            kind = type(problem)
            raise
        finally:
            self._thread.shutdown(cancel_futures=True)
            self._writer.__exit__(kind, *raised)
