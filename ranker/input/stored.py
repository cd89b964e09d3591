"""A prepared split on disk, read a few row groups at a time."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ranker.input.batch import Batch
from ranker.input.encode import Encoder
from ranker.input.shards import Shards
from ranker.input.split import encode_rows, join_rows
from ranker.schema import Schema


class StoredSplit:
    """A split that stays on disk: where its good rows are is known, and none is held.

    Attributes:
      bad_rows: what is left out of the files.
      groups: its row groups.
    """

    def __init__(
        self,
        path: Path,
        schema: Schema,
        encoder: Encoder,
        *,
        max_bad_rows: float = 0.0,
        tell: Callable[[int], None] = lambda num_rows: None,
    ) -> None:
        """Reads every row once, to count the good ones of each row group.

        Args:
          max_bad_rows: the largest share of the rows that may be bad, and is left out.
          tell: called with the number of rows that were read, again and again.

        Raises:
          FileNotFoundError, ValueError: as `read_split` does.
        """
        self._shards = Shards(path, schema)
        self._schema = schema
        self._encoder = encoder
        for _ in self._shards.tables(tell):
            pass
        self.bad_rows = self._shards.account(max_bad_rows=max_bad_rows)
        self.groups = tuple(self._shards.groups)

    def __len__(self) -> int:
        return sum(group.num_rows for group in self.groups)

    def read(self, groups: Sequence[int]) -> Batch:
        """Returns the good rows of some of `groups`, by their places in it, encoded and joined.

        Raises:
          OSError, ValueError: naming the file, for what could be read before and cannot now.
        """
        parts = [
            encode_rows(table, self._schema, self._encoder)[0]
            for group in groups
            for table in self._shards.group(self.groups[group])
            if len(table)
        ]
        return join_rows(parts)
