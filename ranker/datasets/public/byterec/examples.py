"""ByteDance's short videos (ICME 2019 challenge, track 2): watched to the end, liked.

The training file alone has labels; it is split here. Its time is that of the video's
making, made unrecognisable by the publishers: it orders videos, and says nothing of when
they were watched, so that no feature is made of what a user did before.

Source: the columns as the challenge's page lists them,
https://www.biendata.xyz/competition/icmechallenge2019/.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from ranker.datasets.columns import binary, categorical, numeric
from ranker.datasets.examples import Block, Examples, Inputs
from ranker.datasets.read.file_rows import FileRows
from ranker.datasets.read.text import Format
from ranker.schema import Feature

_FILE = "final_track2_train.txt"
_LABELS = {"finish": "1 if the video was watched to its end", "like": "1 if it was liked"}
_MAX_SECONDS = 86_400  # no short video is longer than a day
_MAX_CODE = 2**31 - 1
_MAX_TIME = 2**53
_BLOCK_ROWS = 65_536
# By column of the file, in its order: the column it becomes.
_COLUMNS = {
    "uid": "user_id",
    "user_city": "user_city",
    "item_id": "item_id",
    "author_id": "author_id",
    "item_city": "item_city",
    "channel": "channel",
    "finish": "finish",
    "like": "like",
    "music_id": "music_id",
    "did": "device_id",
    "creat_time": "timestamp",
    "video_duration": "duration_seconds",
}
_CODES = ("user_city", "author_id", "item_city", "channel", "music_id", "did")


def load(inputs: Inputs) -> Examples:
    """Returns the rows of the training file; they are held at once.

    Raises:
      DatasetError: naming file, line and value, if the file is missing, empty or damaged,
        or has too many rejected rows.
    """
    blocks = inputs.rows(
        _FILE, Format(tuple(_COLUMNS), "\t"), ("int64",) * len(_COLUMNS), check=_check
    )
    rows = FileRows.joined(map(_compact, blocks)).columns
    order = np.argsort(rows["creat_time"], kind="stable")
    rows = {column: values[order] for column, values in rows.items()}
    return Examples(
        features=_features(),
        tasks=[binary(task) for task in _LABELS],
        labels=_LABELS,
        blocks=lambda split: _blocks(rows),
        user=rows["uid"],
        time=rows["creat_time"],
        has_even_groups=True,
    )


def _blocks(rows: dict[str, np.ndarray]) -> Iterator[Block]:
    for start in range(0, len(rows["uid"]), _BLOCK_ROWS):
        yield Block(_table({c: v[start : start + _BLOCK_ROWS] for c, v in rows.items()}))


def _check(block: FileRows) -> None:
    """Rejects the rows with a value that cannot be; -1 is a city, author or such not known."""
    for column in ("uid", "item_id"):
        block.keep_between(column, 0, _MAX_CODE, reason="id")
    for column in _CODES:
        block.keep_between(column, -1, _MAX_CODE)
    for column in _LABELS:
        block.keep_between(column, 0, 1, reason="label")
    block.keep_between("creat_time", 0, _MAX_TIME, reason="timestamp")
    block.keep_between("video_duration", 0, _MAX_SECONDS)


def _compact(block: FileRows) -> FileRows:
    """Returns the columns in the fewest bytes: 50 a row."""
    kinds = {**dict.fromkeys(_COLUMNS, "i4"), **dict.fromkeys(_LABELS, "i1"), "creat_time": "i8"}
    block.columns = {column: block[column].astype(kind) for column, kind in kinds.items()}
    return block


def _table(rows: dict[str, np.ndarray]) -> pa.Table:
    columns = {}
    for column, name in _COLUMNS.items():
        is_number = name in _LABELS or name == "duration_seconds"
        columns[name] = pa.array(rows[column].astype(np.float32 if is_number else np.int64))
    return pa.table(columns)


def _features() -> tuple[Feature, ...]:
    """Returns what the columns are, in their order; statistics not yet."""
    numbers = ("timestamp", "duration_seconds", *_LABELS)
    codes = (name for name in _COLUMNS.values() if name not in numbers)
    return (
        *(categorical(name) for name in codes),
        numeric("duration_seconds", 0.0, float(_MAX_SECONDS), log1p=True),
    )
