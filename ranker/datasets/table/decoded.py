"""Delimited text of any encoding to UTF-8 that Arrow can always read, with a mark for bad bytes."""

import codecs
import io
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ranker.datasets.errors import DatasetError

MARK = "\U0010ffff"  # no character, so that no text has it
_ESCAPED = re.compile("[\ud800-\udfff]")
_FIRST_BYTE = MARK.encode()[0]
_MIB = 1 << 20


class Decoded(io.RawIOBase):
    """The bytes of a file, decompressed, in UTF-8, with a MARK for those that are no text."""

    def __init__(self, path: Path, encoding: str) -> None:
        """Opens the file.

        Raises:
          DatasetError: for an encoding that there is none of.
        """
        try:
            decoder = codecs.getincrementaldecoder(encoding)
            self._decoder = decoder(errors="surrogateescape")
        except LookupError as error:
            raise DatasetError(f"source.encoding is {encoding!r:.80}: {error}") from error
        self._stream = pa.input_stream(str(path), compression="detect", buffer_size=_MIB)
        self._rest = b""
        self._is_over = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[override]
        """Fills `buffer` and returns how many bytes it got; 0 at the end."""
        while not self._rest and not self._is_over:
            block = self._stream.read(_MIB)
            self._is_over = not block
            self._rest = self._encoded(self._decoder.decode(block, final=not block))
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size

    def close(self) -> None:
        self._stream.close()
        super().close()

    def _encoded(self, text: str) -> bytes:
        try:
            return text.encode()
        except UnicodeEncodeError:
            return _ESCAPED.sub(MARK, text).encode()


def without_marks(column: pa.Array) -> tuple[pa.Array, np.ndarray | None]:
    """Returns text with null where a MARK is, and where that is, bool; None for nowhere. [N]"""
    data = column.buffers()[2]
    if data is None or not np.any(np.frombuffer(data, np.uint8) == _FIRST_BYTE):  # in most text
        return column, None
    is_marked = pc.match_substring(column, MARK).fill_null(False)
    if not pc.any(is_marked).as_py():
        return column, None
    found = is_marked.to_numpy(zero_copy_only=False)
    return pc.if_else(is_marked, pa.scalar(None, column.type), column), found
