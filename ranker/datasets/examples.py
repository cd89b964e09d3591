"""What a dataset is given, `Inputs`, and what it gives: `Examples`, in blocks."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from ranker.datasets.options import Options
from ranker.datasets.read.archives import Files
from ranker.datasets.read.file_rows import FileRows
from ranker.datasets.read.rejected_rows import RejectedRows
from ranker.datasets.read.text import DelimitedFile, Format
from ranker.datasets.splits import Split
from ranker.schema import Feature, Task


class Inputs:
    """What a loader works from.

    Attributes:
      name: of the dataset.
      options: what was asked for, its split decided.
      scratch: an empty folder, deleted once all is written.
      rejected: of each file, in the order in which they were asked for.
      read: by file, what the manifest says of it, where a loader finds its files itself.
    """

    def __init__(self, name: str, files: Files | None, options: Options, scratch: Path) -> None:
        """Takes the raw files; None for a dataset that is made, not read."""
        self.name, self.options, self.scratch = name, options, scratch
        self.rejected: list[RejectedRows] = []
        self.read: dict[str, dict[str, object]] = {}
        self._files = files

    @property
    def files(self) -> Files:
        """The raw files."""
        assert self._files is not None, self.name
        return self._files

    def rejected_rows_of(self, file: str) -> RejectedRows:
        """Returns a new account of the rejected rows of `file`, which the manifest will have."""
        self.rejected.append(RejectedRows(file, max_share=self.options.max_rejected_rows))
        return self.rejected[-1]

    def rows(
        self,
        file: str,
        form: Format,
        kinds: tuple[str, ...],
        *,
        check: Callable[[FileRows], object] | None = None,
    ) -> Iterator[FileRows]:
        """Yields the rows of `file` by blocks, and checks at its end how many were rejected.

        Args:
          kinds: of the columns, as `DelimitedFile.columns` takes them.
          check: is given each block, to reject rows of it, before it is yielded.

        Raises:
          DatasetError: naming file, line and value, if the file is missing, empty or damaged,
            has another header, or has too many rejected rows.
        """
        rejected = self.rejected_rows_of(file)
        with self.files.open(file) as stream:
            for line, columns in DelimitedFile(stream, form, rejected=rejected).columns(kinds):
                named = dict(zip(form.columns, columns, strict=True))
                block = FileRows(named, line, rejected=rejected)
                if check is not None:
                    check(block)
                yield block
        rejected.check()


class Block(NamedTuple):
    """Consecutive examples, M of them.

    Attributes:
      table: a column for each feature but the histories, for each task (float32, null where
        there is no label) and `timestamp` (int64 Unix seconds, ascending; 0 if left out). Other
        columns are written behind these; one that a feature names as `frozen`, not for training.
      deferred: from indices in the block, ascending, to further columns of these rows: of lists,
        which are dear to copy twice.
      user, item: numbers of both, int32 [M]; only where there are histories.
      part: of the split, [M], where the examples are not those of `Examples.time` one by one.
      file: "train" or "test", the published file that they are of, where that is the split.
    """

    table: pa.Table
    user: np.ndarray | None = None
    item: np.ndarray | None = None
    part: np.ndarray | None = None
    file: str = ""
    deferred: Callable[[np.ndarray], Mapping[str, pa.Array]] | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Examples:
    """Checked examples, ready to be split and written.

    Attributes:
      features, tasks: what the columns are, in their order; statistics not yet.
      labels: by task, what the label is, in words.
      blocks: yields the examples in order of time, ties in file order, no second divided
        between two blocks where there are histories. It may look at `Split.parts`.
      user: numbers of the users, int [N]; for the split by user alone.
      time: Unix seconds, ascending, [N]; an array, or what computes them one by one. None if
        the published files are the split.
      histories: by the name of a list feature, the task and the label of the items it holds:
        the last, latest first, that the user met with that label in an earlier second.
      num_users, item_ids: of the histories: users are numbered from 0; an item's number is the
        index of its id, [I].
      num_read: rows of the files that hold examples, to be held against how many were
        published; 0 if that is not known.
      missing_files: files of the published dataset that were not there, and not needed.
      truth: says, once all blocks are gone through, what the best possible scores come to.
      has_even_groups: whether row groups all have as many rows, rather than whole blocks.
      roles: of the schema, by "user", "item" and "weight", the columns that have them, where
        they are not called as is usual.
      minimum_counts: by vocabulary, how often a value must be in the training rows to be in it.
      write: writes what else belongs beside the rows, into their folder, once they are there.
    """

    features: Sequence[Feature]
    tasks: Sequence[Task]
    labels: Mapping[str, str]
    blocks: Callable[[Split], Iterator[Block]]
    user: np.ndarray | None = None
    time: Sequence[int] | np.ndarray | None = None
    histories: Mapping[str, tuple[str, float]] = dataclasses.field(default_factory=dict)
    num_users: int = 0
    item_ids: np.ndarray | None = None
    num_read: int = 0
    missing_files: Sequence[str] = ()
    truth: Callable[[], Mapping[str, object]] | None = None
    has_even_groups: bool = False
    roles: Mapping[str, str] = dataclasses.field(default_factory=dict)
    minimum_counts: Mapping[str, int] = dataclasses.field(default_factory=dict)
    write: Callable[[Path], None] | None = None
